/** Jobs: defaults, refusals, what may change, cells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Job, jobs } from './job.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf } from '#schema/field-error.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const uid = 'u-1'
const ownLabels = {
  'controller-uid': uid,
  'job-name': 'work',
  'batch.kubernetes.io/controller-uid': uid,
  'batch.kubernetes.io/job-name': 'work',
}
const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
const pod = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }] }
const template = { metadata: { labels: ownLabels }, spec: pod }

function job(spec: object = {}, more: object = {}): Job {
  const metadata = { name: 'work', namespace: 'default', uid, creationTimestamp: '2026-01-01T00:00:00Z' }
  return withDefaults(Job.schema, decode(Job.schema, { metadata, spec: { selector, template, ...spec }, ...more }).value as unknown as Job)
}

const refused = (spec: object) => validate(Job.schema, job(spec)).map(causeOf)
const changed = (spec: object, old: object = {}, status: object = {}) =>
  validateUpdate(Job.schema, job(spec, { status }), job(old, { status }), '').map(({ message }) => message)

test('a job runs one pod once, retries six times and takes the labels of its template', () => {
  const { spec, metadata } = job({ template: { metadata: { labels: { app: 'x' } }, spec: pod } })
  const { template: made, selector: _, ...rest } = spec
  assert.deepEqual(rest, {
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    completions: 1,
    manualSelector: false,
    parallelism: 1,
    podReplacementPolicy: 'TerminatingOrFailed',
    suspend: false,
  })
  assert.deepEqual(metadata.labels, { app: 'x' })
  assert.equal(made.spec.schedulerName, 'default-scheduler')
})

test('what is set has a say in the defaults of the rest', () => {
  const policy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] }
  const { spec } = job({ parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: policy })
  assert.deepEqual(
    [spec.completions, spec.parallelism, spec.backoffLimit, spec.podReplacementPolicy],
    [undefined, 3, 2_147_483_647, 'Failed'],
  )
  assert.deepEqual(spec.podFailurePolicy, {
    rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
  })
})

test('a good job has nothing wrong with it', () => {
  const onExitCodes = { operator: 'In', values: [1, 2], containerName: 'c' }
  assert.deepEqual(refused({}), [])
  assert.deepEqual(
    refused({
      completionMode: 'Indexed',
      completions: 5,
      parallelism: 2,
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 2,
      managedBy: 'example.com/queue',
      podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes }] },
      successPolicy: { rules: [{ succeededIndexes: '0,2-4', succeededCount: 3 }] },
    }),
    [],
  )
})

test('pods of a job must end', () => {
  const path = 'spec.template.spec.restartPolicy'
  assert.deepEqual(refused({ template: { ...template, spec: { ...pod, restartPolicy: undefined } } }), [
    { reason: 'FieldValueRequired', message: 'Required value: valid values: "OnFailure", "Never"', field: path },
  ])
  assert.deepEqual(
    refused({
      template: { ...template, spec: { ...pod, restartPolicy: 'OnFailure' } },
      podFailurePolicy: { rules: [{ action: 'Count', onExitCodes: { operator: 'In', values: [1] } }] },
    }),
    [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
        field: path,
      },
    ],
  )
})

test('counts are not negative, and those of indexes need indexes', () => {
  assert.deepEqual(refused({ parallelism: -1, backoffLimitPerIndex: 1, maxFailedIndexes: 1, completionMode: 'Sorted' }), [
    { reason: 'FieldValueInvalid', message: 'Invalid value: -1: must be greater than or equal to 0', field: 'spec.parallelism' },
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "Sorted": supported values: "NonIndexed", "Indexed"',
      field: 'spec.completionMode',
    },
  ])
  assert.deepEqual(refused({ maxFailedIndexes: 1 }), [
    { reason: 'FieldValueRequired', message: 'Required value: when maxFailedIndexes is specified', field: 'spec.backoffLimitPerIndex' },
    { reason: 'FieldValueInvalid', message: 'Invalid value: 1: requires indexed completion mode', field: 'spec.maxFailedIndexes' },
  ])
  assert.deepEqual(refused({ completionMode: 'Indexed', parallelism: 100_001 }), [
    { reason: 'FieldValueRequired', message: 'Required value: when completion mode is Indexed', field: 'spec.completions' },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
      field: 'spec.parallelism',
    },
  ])
  assert.deepEqual(
    refused({ completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1 }).map(
      ({ message }) => message,
    ),
    [
      'Required value: must be specified when completions is above 100000',
      'Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  )
})

test('a policy about failed pods says what to do about what', () => {
  const rules = [
    { action: 'Retry', onExitCodes: { operator: 'Is', containerName: 'x', values: [] } },
    { action: 'FailIndex', onExitCodes: { operator: 'In', values: [0, 3, 2, 2] }, onPodConditions: [{ type: 'a b', status: 'Maybe' }] },
    { onPodConditions: [] },
  ]
  const at = 'spec.podFailurePolicy.rules'
  assert.deepEqual(refused({ podFailurePolicy: { rules }, podReplacementPolicy: 'TerminatingOrFailed' }), [
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "Retry": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
      field: `${at}[0].action`,
    },
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "Is": supported values: "In", "NotIn"',
      field: `${at}[0].onExitCodes.operator`,
    },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "x": must be one of the container or initContainer names in the pod template',
      field: `${at}[0].onExitCodes.containerName`,
    },
    { reason: 'FieldValueInvalid', message: 'Invalid value: []: at least one value is required', field: `${at}[0].onExitCodes.values` },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
      field: `${at}[1].action`,
    },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must not be 0 for the In operator',
      field: `${at}[1].onExitCodes.values[0]`,
    },
    { reason: 'FieldValueDuplicate', message: 'Duplicate value: 2', field: `${at}[1].onExitCodes.values[3]` },
    { reason: 'FieldValueInvalid', message: 'Invalid value: [0,3,2,2]: must be ordered', field: `${at}[1].onExitCodes.values` },
    {
      reason: 'FieldValueInvalid',
      message:
        "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      field: `${at}[1].onPodConditions[0].type`,
    },
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
      field: `${at}[1].onPodConditions[0].status`,
    },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: specifying both OnExitCodes and OnPodConditions is not supported',
      field: `${at}[1]`,
    },
    {
      reason: 'FieldValueRequired',
      message: 'Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
      field: `${at}[2].action`,
    },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      field: `${at}[2]`,
    },
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
      field: 'spec.podReplacementPolicy',
    },
  ])
})

test('a policy about success counts indexes there are', () => {
  const indexed = { completionMode: 'Indexed', completions: 5 }
  const messages = (rules: readonly object[]) => refused({ ...indexed, successPolicy: { rules } }).map(({ message }) => message)
  assert.deepEqual(messages([]), ['Required value: at least one rules must be specified when the successPolicy is specified'])
  assert.deepEqual(messages([{}, { succeededIndexes: '1,5' }, { succeededIndexes: '3-1' }, { succeededIndexes: '1-2-3' }]), [
    'Required value: at least one of succeededCount or succeededIndexes must be specified',
    'Invalid value: "1,5": error parsing succeededIndexes: too large index: "5"',
    'Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1',
    'Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
  ])
  assert.deepEqual(messages([{ succeededCount: 6 }, { succeededIndexes: '0-1', succeededCount: 3 }]), [
    'Invalid value: 6: must be less than or equal to 5 (the number of specified completions)',
    'Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
  ])
  assert.deepEqual(
    refused({ successPolicy: { rules: [{ succeededCount: 1 }] } }).map(({ message }) => message),
    ['Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode'],
  )
})

test('somebody else who looks after a job has a name with a domain', () => {
  assert.deepEqual(refused({ managedBy: 'queue' }), [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "queue": must be a domain-prefixed path (such as "acme.io/foo")',
      field: 'spec.managedBy',
    },
  ])
  assert.deepEqual(refused({ managedBy: `example.com/${'x'.repeat(60)}` }), [
    { reason: 'FieldValueTooLong', message: 'Too long: may not be more than 63 bytes', field: 'spec.managedBy' },
  ])
})

test('a generated selector and its labels are as generated', () => {
  const labels = { ...ownLabels, 'job-name': 'play' }
  assert.deepEqual(refused({ template: { metadata: { labels }, spec: pod } }), [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(labels)}: must be 'work'`,
      field: 'spec.template.metadata.labels[job-name]',
    },
  ])
  const other = { matchLabels: { app: 'x' } }
  assert.deepEqual(refused({ selector: other }), [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: {"matchLabels":{"app":"x"}}: `selector` not auto-generated',
      field: 'spec.selector',
    },
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(ownLabels)}: \`selector\` does not match template \`labels\``,
      field: 'spec.template.metadata.labels',
    },
  ])
  assert.deepEqual(refused({ selector: other, manualSelector: true, template: { metadata: { labels: { app: 'x' } }, spec: pod } }), [])
})

test('what says which pods a job makes stays, but for how many at once', () => {
  assert.deepEqual(changed({ parallelism: 4, completions: 1, activeDeadlineSeconds: 5, suspend: true }), [])
  assert.deepEqual(changed({ completions: 2, parallelism: 2 }), ['spec.completions: Invalid value: 2: field is immutable'])
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 }
  assert.deepEqual(changed({ ...indexed, completions: 5, parallelism: 5 }, indexed), [])
  assert.deepEqual(changed({ ...indexed, completions: 5 }, indexed), [
    'spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism',
  ])
  assert.deepEqual(changed({ managedBy: 'example.com/x', backoffLimitPerIndex: 1 }, indexed).slice(-3), [
    'spec.completionMode: Invalid value: "NonIndexed": field is immutable',
    'spec.backoffLimitPerIndex: Invalid value: 1: field is immutable',
    'spec.managedBy: Invalid value: "example.com/x": field is immutable',
  ])
})

test('a job that rests takes another place and other amounts for its pods, but no other image', () => {
  const moved = {
    metadata: { labels: { ...ownLabels, queue: 'a' } },
    spec: {
      ...pod,
      nodeSelector: { zone: 'b' },
      tolerations: [{ operator: 'Exists' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      containers: [{ ...pod.containers[0], resources: { requests: { cpu: '2' } } }],
    },
  }
  assert.deepEqual(changed({ template: moved, suspend: true }, { suspend: true }), [])
  const running = changed({ template: moved, suspend: true }, { suspend: true }, { active: 1 })
  assert.match(running.join(), /^spec.template: Invalid value: .*: field is immutable$/)
  const other = { ...template, spec: { ...pod, containers: [{ name: 'c', image: 'play:1' }] } }
  assert.match(
    changed({ template: other, suspend: true }, { suspend: true }).join(),
    /^spec.template: Invalid value: .*: field is immutable$/,
  )
})

test('the cells of a job say how far it is', () => {
  const cells = (object: Job) => tableOf(jobs, [object], Date.parse('2026-01-01T01:00:00Z')).rows[0]!.cells
  const selected = 'batch.kubernetes.io/controller-uid=u-1'
  assert.deepEqual(cells(job({ completions: 3 }, { status: { succeeded: 1, startTime: '2026-01-01T00:50:00Z' } })), [
    'work',
    'Running',
    '1/3',
    '10m',
    '60m',
    'c',
    'work:1',
    selected,
  ])
  assert.deepEqual(cells(job({ parallelism: 2 }, { status: { conditions: [{ type: 'Suspended', status: 'True' }] } })).slice(0, 4), [
    'work',
    'Suspended',
    '0/1 of 2',
    '',
  ])
  const status = {
    succeeded: 1,
    startTime: '2026-01-01T00:00:00Z',
    completionTime: '2026-01-01T00:00:42Z',
    conditions: [
      { type: 'SuccessCriteriaMet', status: 'True' },
      { type: 'Complete', status: 'True' },
    ],
  }
  assert.deepEqual(cells(job({}, { status })).slice(0, 4), ['work', 'Complete', '1/1', '42s'])
})
