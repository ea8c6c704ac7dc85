/** CronJobs: defaults, refusals, cells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronJobCreateErrors, cronJobUpdateErrors } from './cron-job-rules.ts'
import { CronJob, cronJobs } from './cron-job.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf, type FieldError } from '#schema/field-error.ts'
import { tableOf } from '#schema/table.ts'
import { validate } from '#schema/validate.ts'

const template = { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'work:1' }] } }
const jobTemplate = { spec: { template } }

function cronJob(spec: object = {}, name = 'tick', status: object = {}): CronJob {
  const metadata = { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' }
  const object = { metadata, spec: { schedule: '*/5 * * * *', jobTemplate, ...spec }, status }
  return withDefaults(CronJob.schema, decode(CronJob.schema, object).value as unknown as CronJob)
}

const all = (object: CronJob): FieldError[] => [...validate(CronJob.schema, object), ...cronJobCreateErrors(object)]
const refused = (spec: object, name?: string) => all(cronJob(spec, name)).map(causeOf)
const one = (field: string, reason: string, message: string) => [{ reason: `FieldValue${reason}`, message, field }]

test('a cron job lets jobs run side by side and keeps a few; its template gets defaults of pods only', () => {
  const { jobTemplate: made, ...rest } = cronJob().spec
  assert.deepEqual(rest, {
    schedule: '*/5 * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
  assert.deepEqual(made, {
    metadata: {},
    spec: {
      template: {
        metadata: {},
        spec: {
          containers: [
            {
              name: 'c',
              image: 'work:1',
              imagePullPolicy: 'IfNotPresent',
              resources: {},
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
            },
          ],
          dnsPolicy: 'ClusterFirst',
          restartPolicy: 'OnFailure',
          schedulerName: 'default-scheduler',
          securityContext: {},
          terminationGracePeriodSeconds: 30,
        },
      },
    },
  })
  assert.deepEqual(refused({}), [])
})

test('a schedule is understood and names no zone', () => {
  const field = 'spec.schedule'
  assert.deepEqual(refused({ schedule: '' }), one(field, 'Required', 'Required value'))
  assert.deepEqual(refused({ schedule: 'now' }), one(field, 'Invalid', 'Invalid value: "now": expected exactly 5 fields, found 1: [now]'))
  assert.deepEqual(
    refused({ schedule: 'TZ=UTC 0 * * * *' }),
    one(field, 'Invalid', 'Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
  )
})

test('a schedule that named its zone may go on doing so, in one place', () => {
  const old = cronJob({ schedule: 'TZ=UTC 0 * * * *' })
  assert.deepEqual(cronJobUpdateErrors(cronJob({ schedule: 'TZ=UTC 5 * * * *' }, 'x'.repeat(60)), old), [])
  assert.deepEqual(
    cronJobUpdateErrors(cronJob({ schedule: 'TZ=UTC 5 * * * *', timeZone: 'UTC' }), old).map(causeOf),
    one('spec.schedule', 'Invalid', 'Invalid value: "TZ=UTC 5 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule'),
  )
})

test('a zone exists', () => {
  const field = 'spec.timeZone'
  assert.deepEqual(refused({ timeZone: 'Europe/Berlin' }), [])
  assert.deepEqual(refused({ timeZone: '' }), one(field, 'Invalid', 'Invalid value: "": timeZone must be nil or non-empty string'))
  for (const zone of ['Mars/Base', 'europe/berlin', 'a//b', '-x', '../UTC'])
    assert.deepEqual(refused({ timeZone: zone }), one(field, 'Invalid', `Invalid value: "${zone}": unknown time zone ${zone}`))
  const local = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
  assert.deepEqual(refused({ timeZone: 'Local' }), one(field, 'Invalid', `Invalid value: "Local": ${local}`))
})

test('names leave room for the time, policies are known, limits not negative', () => {
  assert.deepEqual(
    refused({}, 'x'.repeat(53)),
    one('metadata.name', 'Invalid', `Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`),
  )
  const policies = 'supported values: "Allow", "Forbid", "Replace"'
  assert.deepEqual(
    refused({ concurrencyPolicy: 'Queue' }),
    one('spec.concurrencyPolicy', 'NotSupported', `Unsupported value: "Queue": ${policies}`),
  )
  for (const name of ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'])
    assert.deepEqual(refused({ [name]: -1 }), one(`spec.${name}`, 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'))
})

test('jobs made from a template get selectors of their own', () => {
  const selector = { matchLabels: { a: 'b' } }
  assert.deepEqual(refused({ jobTemplate: { spec: { template, selector, manualSelector: true } } }), [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
      field: 'spec.jobTemplate.spec.selector',
    },
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: true: supported values: "nil", "false"',
      field: 'spec.jobTemplate.spec.manualSelector',
    },
  ])
})

test('the cells of a cron job say when it starts jobs', () => {
  const now = Date.parse('2026-01-01T01:00:00Z')
  const status = { active: [{ name: 'tick-1' }], lastScheduleTime: '2026-01-01T00:55:00Z' }
  const object = cronJob({ timeZone: 'Asia/Tokyo', suspend: true }, 'tick', status)
  assert.deepEqual(tableOf(cronJobs, [object], now).rows[0]!.cells, [
    'tick',
    '*/5 * * * *',
    'Asia/Tokyo',
    'True',
    1,
    '5m',
    '60m',
    'c',
    'work:1',
    '<none>',
  ])
})
