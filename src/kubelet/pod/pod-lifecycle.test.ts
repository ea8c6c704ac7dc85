import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { newLife, step, type LifeEvent } from './pod-lifecycle.ts'

const live = (...events: LifeEvent[]) => events.reduce(step, newLife)

test('a pod that is deleted passes through all phases and is remembered as deleted', () => {
  deepEqual(live({ type: 'deleted', graceSeconds: 30 }, { type: 'stopped' }, { type: 'released' }), {
    phase: 'finished',
    graceSeconds: 30,
    ending: undefined,
    deleted: true,
    removed: false,
  })
})

test('a grace period is shortened while the pod ends, never lengthened', () => {
  deepEqual(
    live({ type: 'deleted', graceSeconds: 30 }, { type: 'deleted', graceSeconds: 5 }, { type: 'deleted', graceSeconds: 60 }).graceSeconds,
    5,
  )
})

test('what ends a pod first names the reason', () => {
  const first = { reason: 'DeadlineExceeded', message: 'late' }
  const second = { reason: 'Evicted', message: 'full' }
  deepEqual(live({ type: 'evicted', graceSeconds: 30, status: first }, { type: 'evicted', graceSeconds: 0, status: second }).ending, first)
})

test('phases never go back', () => {
  const finished = live({ type: 'completed' }, { type: 'stopped' }, { type: 'released' })
  for (const type of ['wake', 'completed', 'stopped', 'released'] as const) deepEqual(step(finished, { type }), finished)
})
