/** What of a Job's status may be written. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Job } from './job.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf } from '#schema/field-error.ts'
import { validateUpdate } from '#schema/validate.ts'

const uid = 'u-1'
const names = { 'controller-uid': uid, 'job-name': 'work' }
const labels = { ...names, 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': 'work' }
const base = {
  selector: { matchLabels: { 'controller-uid': uid } },
  template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }] } },
}
const START = '2026-01-01T00:00:00Z'
const END = '2026-01-01T00:10:00Z'

function job(status: object, spec: object): Job {
  const metadata = { name: 'work', namespace: 'default', uid, creationTimestamp: START }
  return withDefaults(Job.schema, decode(Job.schema, { metadata, spec: { ...base, ...spec }, status }).value as unknown as Job)
}

const holds = (...types: string[]) => ({ conditions: types.map((type) => ({ type, status: 'True' })) })
const change = (now: object, old: object = {}, spec: object = {}) =>
  validateUpdate(Job.schema, job(now, spec), job(old, spec), 'status').map(({ message }) => message)
const indexed = { completionMode: 'Indexed', completions: 5, backoffLimitPerIndex: 1 }

test('a job starts, succeeds or fails, with the times and conditions that go with it', () => {
  assert.deepEqual(change({ startTime: START, active: 2, ready: 1 }), [])
  const met = { startTime: START, ...holds('SuccessCriteriaMet') }
  assert.deepEqual(change({ ...met, ...holds('SuccessCriteriaMet', 'Complete'), completionTime: END, succeeded: 1 }, met), [])
  const failing = { startTime: START, ...holds('FailureTarget') }
  assert.deepEqual(change({ ...failing, ...holds('FailureTarget', 'Failed'), failed: 7 }, failing), [])
})

test('an omitted value is not shown', () => {
  const [error] = validateUpdate(Job.schema, job({ startTime: START, ...holds('Failed') }, {}), job({ startTime: START }, {}), 'status')
  assert.deepEqual(causeOf(error!), {
    reason: 'FieldValueInvalid',
    message: 'Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
    field: 'status.conditions',
  })
})

test('counts are not negative, nor do they fall', () => {
  assert.deepEqual(change({ active: -1, succeeded: 1, failed: 2 }, { succeeded: 2, failed: 3 }), [
    'status.active: Invalid value: -1: must be greater than or equal to 0',
    'status.failed: Invalid value: 2: cannot decrease the failed counter',
    'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
  ])
  assert.deepEqual(change({ succeeded: 1 }, { succeeded: 2 }, { ...indexed, completions: 2, parallelism: 2 }), [])
  assert.deepEqual(change({ active: 1, ready: 2 }), ['status.ready: Invalid value: 2: cannot set more ready pods than active'])
})

test('a job that has ended has no pods left', () => {
  const ended = { startTime: START, completionTime: END, ...holds('SuccessCriteriaMet', 'Complete') }
  assert.deepEqual(change({ ...ended, active: 1, terminating: 1, uncountedTerminatedPods: { succeeded: ['a', '', 'a'] } }), [
    'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
    'status.uncountedTerminatedPods.succeeded[2]: Duplicate value: "a"',
    'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.uncountedTerminatedPods: Invalid value: {"succeeded":["a","","a"]}: uncountedTerminatedPods needs to be empty for finished job',
    'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
  ])
})

test('ends exclude each other and need their times', () => {
  assert.deepEqual(change(holds('Complete', 'Failed', 'FailureTarget')), [
    'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
    'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    'status.startTime: Required value: startTime is required for finished job',
  ])
  assert.deepEqual(change({ startTime: END, completionTime: START }), [
    `status.completionTime: Invalid value: "${START}": cannot set completionTime when there is no Complete=True condition`,
    `status.completionTime: Invalid value: "${START}": completionTime cannot be set before startTime`,
  ])
  assert.deepEqual(change({ startTime: START, ...holds('SuccessCriteriaMet', 'FailureTarget', 'Failed') }), [
    'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions',
    'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
  ])
})

test('what has happened stays so', () => {
  const failed = { startTime: START, ...holds('FailureTarget', 'Failed') }
  assert.deepEqual(change({ startTime: START }, failed), [
    'status.conditions: Invalid value: cannot disable the terminal Failed=True condition',
    'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
  ])
  assert.deepEqual(change({}, { startTime: START }), ['status.startTime: Required value: startTime cannot be removed for unsuspended job'])
  assert.deepEqual(change({}, { startTime: START }, { suspend: true }), [])
  const complete = { startTime: START, completionTime: END, ...holds('SuccessCriteriaMet', 'Complete') }
  assert.deepEqual(change({ ...complete, completionTime: '2026-01-01T00:11:00Z' }, complete), [
    'status.completionTime: Invalid value: "2026-01-01T00:11:00Z": completionTime cannot be mutated',
  ])
  assert.deepEqual(change({ startTime: START }, { startTime: START, ...holds('SuccessCriteriaMet') }), [
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ])
})

test('lists of indexes rise, stay below the completions and do not overlap', () => {
  assert.deepEqual(change({ completedIndexes: '0,2-3', failedIndexes: '1,4' }, {}, indexed), [])
  assert.deepEqual(change({ completedIndexes: '0', failedIndexes: '0' }, {}, { completions: 2 }), [
    'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
    'status.failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    'status.failedIndexes: Invalid value: "0": failedIndexes and completedIndexes overlap at index: 0',
  ])
  assert.deepEqual(change({ completedIndexes: '2,1', failedIndexes: '0-9' }, {}, indexed), [
    'status.completedIndexes: Invalid value: "2,1": error parsing completedIndexes: non-increasing order, previous: 2, current: 1',
    'status.failedIndexes: Invalid value: "0-9": error parsing failedIndexes: too large index: "9"',
  ])
  assert.deepEqual(change({ completedIndexes: '0-2', failedIndexes: '2,x' }, {}, indexed), [
    'status.failedIndexes: Invalid value: "2,x": error parsing failedIndexes: cannot convert string to integer for index: "x"',
    'status.failedIndexes: Invalid value: "2,x": failedIndexes and completedIndexes overlap at index: 2',
  ])
})
