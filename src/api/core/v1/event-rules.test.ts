/** What events are refused for in the old words and in the new. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventErrors, strictEventErrors, strictEventUpdateErrors } from './event-rules.ts'
import type { Event } from './event.ts'

function event(parts: object = {}): Event {
  const about = { kind: 'Pod', namespace: 'shop', name: 'web' }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'shop' },
    involvedObject: about,
    source: {},
    ...parts,
  } as never
}

const timed = (parts: object = {}) =>
  event({
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingComponent: 'example.com/controller',
    reportingInstance: 'controller-1',
    action: 'Binding',
    reason: 'Bound',
    type: 'Normal',
    ...parts,
  })

const said = (errors: ReturnType<typeof eventErrors>) => errors.map((e) => `${e.field}: ${e.detail}`)

test('an event lies beside what it is about', () => {
  assert.deepEqual(said(eventErrors(event())), [])
  assert.deepEqual(said(eventErrors(event({ involvedObject: { kind: 'Node', name: 'n' } }))), [
    'involvedObject.namespace: does not match event.namespace',
  ])
  assert.deepEqual(said(eventErrors(event({ metadata: { name: 'e', namespace: 'default' }, involvedObject: { kind: 'Node' } }))), [])
})

test('an event that says its time says who reports what as well', () => {
  assert.deepEqual(said(eventErrors(timed())), [])
  assert.deepEqual(
    eventErrors(event({ eventTime: '2026-01-01T00:00:00.000000Z' })).map((e) => e.field),
    ['reportingController', 'reportingController', 'reportingController', 'reportingInstance', 'action', 'reason'],
  )
  assert.deepEqual(said(eventErrors(timed({ action: 'a'.repeat(129), message: 'm'.repeat(1025) }))), [
    'action: can have at most 128 characters',
    'message: can have at most 1024 characters',
  ])
})

test('a new event has nothing of the old form, and a series that is one', () => {
  assert.deepEqual(said(strictEventErrors(timed({ series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }))), [])
  const old = { firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 3, source: { component: 'x' } }
  assert.deepEqual(said(strictEventErrors(timed({ ...old, type: 'Odd', series: { count: 1 } }))), [
    'series.count: should be at least 2',
    'series.lastObservedTime: ',
    'type: has invalid value: Odd',
    'firstTimestamp: needs to be unset',
    'lastTimestamp: needs to be unset',
    'count: needs to be unset',
    'source: needs to be unset',
  ])
})

test('of an event only its series goes on', () => {
  const series = { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' }
  assert.deepEqual(said(strictEventUpdateErrors(timed({ series }), timed())), [])
  assert.deepEqual(said(strictEventUpdateErrors(timed({ type: 'Warning', reportingComponent: 'other' }), timed())), [
    'type: field is immutable',
    'reportingController: field is immutable',
  ])
})
