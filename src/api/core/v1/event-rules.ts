/** The rules of events: the lenient ones that always held, and the strict ones of who speaks events.k8s.io/v1. */

import type { Event } from './event.ts'
import { IMMUTABLE, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { qualifiedName } from '#schema/names.ts'

const WORD_BYTES_MAX = 128
const NOTE_BYTES_MAX = 1024

/** An event lies beside what it is about; those about what has no namespace lie in the default one. */
export function eventErrors(event: Event): FieldError[] {
  const namespace = event.metadata?.namespace ?? ''
  const about = event.involvedObject?.namespace ?? ''
  const elsewhere = [invalid('involvedObject.namespace', about, 'does not match event.namespace')]
  if (event.eventTime === undefined) {
    const good = about === '' ? namespace === 'default' || namespace === '' : about === namespace
    return good ? [] : elsewhere
  }
  const controller = event.reportingComponent ?? ''
  return [
    ...(about === '' && namespace !== 'default' && namespace !== 'kube-system' ? elsewhere : []),
    ...(controller === '' ? [required('reportingController')] : []),
    ...invalidEach('reportingController', controller, qualifiedName(controller)),
    ...(['reportingInstance', 'action', 'reason'] as const).flatMap((name) => wordErrors(event[name] ?? '', name)),
    ...lengthErrors(event.message ?? '', 'message', NOTE_BYTES_MAX),
  ]
}

function wordErrors(text: string, path: string): FieldError[] {
  return text === '' ? [required(path)] : lengthErrors(text, path, WORD_BYTES_MAX)
}

function lengthErrors(text: string, path: string, bytesMax: number): FieldError[] {
  return Buffer.byteLength(text) > bytesMax ? [invalid(path, '', `can have at most ${bytesMax} characters`)] : []
}

/** What the old form says has no place in a new event. */
export function strictEventErrors(event: Event): FieldError[] {
  const { source, type = '' } = event
  const unset = (path: string) => invalid(path, '', 'needs to be unset')
  return [
    ...seriesErrors(event),
    ...(event.eventTime === undefined ? [required('eventTime')] : []),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...(event.firstTimestamp === undefined ? [] : [unset('firstTimestamp')]),
    ...(event.lastTimestamp === undefined ? [] : [unset('lastTimestamp')]),
    ...(event.count ? [unset('count')] : []),
    ...(source?.component || source?.host ? [unset('source')] : []),
  ]
}

function seriesErrors({ series }: Event): FieldError[] {
  if (series === undefined) return []
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime === undefined ? [required('series.lastObservedTime')] : []),
  ]
}

const FIXED = [
  ...(['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'reason'] as const),
  ...(['type', 'eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'] as const),
]

/** Of an event only its series goes on. */
export function strictEventUpdateErrors(event: Event, old: Event): FieldError[] {
  const errors = sameJson(event.series ?? null, old.series ?? null) ? [] : seriesErrors(event)
  for (const member of FIXED)
    if (!sameJson(event[member] ?? null, old[member] ?? null))
      errors.push(invalid(member === 'reportingComponent' ? 'reportingController' : member, event[member] ?? '', IMMUTABLE))
  return errors
}
