/** Declares CronJob (batch/v1). */

import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, ageOf, nameColumn } from '#schema/table.ts'
import { cronJobSpecErrors } from './cron-job-rules.ts'
import { JobSpec } from './job.ts'
import { ObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class JobTemplateSpec extends message(
  'k8s.io.api.batch.v1.JobTemplateSpec',
  {
    metadata: val(1, ObjectMeta, { doc: 'Labels and annotations of what is made from it.' }),
    spec: val(2, JobSpec, { doc: 'What is wanted of the job.' }),
  },
  { doc: 'A job to be made.' },
) {}

export class CronJobSpec extends message(
  'k8s.io.api.batch.v1.CronJobSpec',
  {
    schedule: req(1, string, { doc: 'Times in cron format, such as */5 * * * *.' }),
    timeZone: opt(8, string, {
      doc: 'Time zone of the schedule, such as Europe/Berlin. That of the controller by default.',
      keepsZero: true,
    }),
    startingDeadlineSeconds: opt(2, int64(), {
      doc: 'Seconds by which a job may be late; later ones count as missed. Without limit by default.',
      keepsZero: true,
    }),
    concurrencyPolicy: opt(3, oneOf('Allow', 'Forbid', 'Replace'), {
      doc: 'What to do when the last job still runs: Allow (the default), Forbid or Replace.',
      default: 'Allow',
      checkedAbove: true,
    }),
    suspend: opt(4, bool, { doc: 'Whether to make no more jobs. False by default.', default: false, keepsZero: true }),
    jobTemplate: req(5, JobTemplateSpec, { doc: 'Job to make.' }),
    successfulJobsHistoryLimit: opt(6, int32(), { doc: 'Succeeded jobs to keep. 3 by default.', default: 3, keepsZero: true }),
    failedJobsHistoryLimit: opt(7, int32(), { doc: 'Failed jobs to keep. 1 by default.', default: 1, keepsZero: true }),
  },
  { doc: 'When to make which jobs.' },
) {}

export class CronJobStatus extends message(
  'k8s.io.api.batch.v1.CronJobStatus',
  {
    active: opt(1, list(ObjectReference, { listType: 'atomic' }), { doc: 'Jobs that run.' }),
    lastScheduleTime: opt(4, time, { doc: 'When a job was last due and made.' }),
    lastSuccessfulTime: opt(5, time, { doc: 'When a job last succeeded.' }),
  },
  { doc: 'What is observed of a cron job.' },
) {}

export class CronJob extends object(
  'k8s.io.api.batch.v1.CronJob',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, CronJobSpec, { doc: 'What is wanted of the cron job.' }),
    status: val(3, CronJobStatus, { doc: 'What is observed of the cron job.' }),
  },
  { doc: 'Makes jobs at set times.' },
) {}

export const cronJobs = resource(CronJob, {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  scope: 'Namespaced',
  shortNames: ['cj'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Schedule', type: 'string', description: 'When it starts a job.', cell: (c) => c.spec?.schedule ?? '' },
    { name: 'Timezone', type: 'string', description: 'Where the schedule is told.', cell: (c) => c.spec?.timeZone ?? '<none>' },
    {
      name: 'Suspend',
      type: 'boolean',
      description: 'Whether it rests.',
      cell: (c) => (c.spec?.suspend === undefined ? '<unset>' : c.spec.suspend ? 'True' : 'False'),
    },
    { name: 'Active', type: 'integer', description: 'Jobs that run.', cell: (c) => c.status.active?.length ?? 0 },
    {
      name: 'Last Schedule',
      type: 'string',
      description: 'When it last started one.',
      cell: (c, now) => (c.status.lastScheduleTime === undefined ? '<none>' : ageOf(c.status.lastScheduleTime, now)),
    },
    ageColumn,
    ...templateColumns<CronJob>(
      (c) => c.spec?.jobTemplate?.spec.template,
      (c) => selectorText(c.spec?.jobTemplate?.spec.selector),
    ),
  ],
})

/** What was left out says nothing; what it lacks is named member by member. */
rulesFor(CronJob, { defaults: ({ spec }) => (spec === undefined ? { spec: {} as CronJobSpec } : undefined) })

rulesFor(CronJobSpec, {
  defaults: ({ jobTemplate }) =>
    jobTemplate === undefined ? { jobTemplate: { metadata: {}, spec: {} } as unknown as JobTemplateSpec } : undefined,
  check: cronJobSpecErrors,
})
