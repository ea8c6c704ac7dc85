/** Jobs and CronJobs: the selector a Job gets, and what is worth a warning. */

import { nameWarnings } from './name-warnings.ts'
import type { Stored, Strategy } from '../strategy.ts'
import { cronJobCreateErrors, cronJobUpdateErrors } from '#api/batch/v1/cron-job-rules.ts'
import type { CronJob } from '#api/batch/v1/cron-job.ts'
import { CONTROLLER_UID_LABEL, JOB_NAME_LABEL, LEGACY_CONTROLLER_UID_LABEL, LEGACY_JOB_NAME_LABEL } from '#api/batch/v1/job-rules.ts'
import type { Job, JobSpec } from '#api/batch/v1/job.ts'

type StoredJob = Job & Stored
type StoredCronJob = CronJob & Stored

const PODS_STAY =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'

const ZONE_IN_SCHEDULE =
  'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'

export const jobStrategy: Strategy<StoredJob> = {
  generation: 'spec',
  /** Older clients expect pods to stay when their job goes. */
  dependents: 'orphan',
  deletionWarning: ({ propagationPolicy, orphanDependents }) =>
    propagationPolicy === undefined && orphanDependents === undefined ? PODS_STAY : undefined,
  prepareCreate: (job) => (job.spec.manualSelector ? job : withSelector(job)),
  warnings: (job, old) => [...nameWarnings(job, old), ...specWarnings(job.spec, 'spec')],
}

export const cronJobStrategy: Strategy<StoredCronJob> = {
  generation: 'spec',
  warnings: (cronJob, old) => [
    ...nameWarnings(cronJob, old),
    ...specWarnings(cronJob.spec.jobTemplate.spec, 'spec.jobTemplate.spec'),
    ...(cronJob.spec.schedule.includes('TZ') ? [ZONE_IN_SCHEDULE] : []),
  ],
  validateCreate: (cronJob) => (cronJob.spec === undefined ? [] : cronJobCreateErrors(cronJob)),
  validateUpdate: (cronJob, old) => (cronJob.spec === undefined || old.spec === undefined ? [] : cronJobUpdateErrors(cronJob, old)),
}

/** Labels that only this job's pods carry, and a selector for them. What the client set stays, and is refused if it is wrong. */
function withSelector(job: StoredJob): StoredJob {
  const { template, selector } = job.spec
  const { name, uid } = job.metadata
  const labels = {
    [LEGACY_JOB_NAME_LABEL]: name,
    [JOB_NAME_LABEL]: name,
    [LEGACY_CONTROLLER_UID_LABEL]: uid,
    [CONTROLLER_UID_LABEL]: uid,
    ...template.metadata.labels,
  }
  const spec: JobSpec = {
    ...job.spec,
    selector: { ...selector, matchLabels: { [CONTROLLER_UID_LABEL]: uid, ...selector?.matchLabels } },
    template: { ...template, metadata: { ...template.metadata, labels } },
  }
  // A job without labels has those of its template, as it now is.
  const bare = Object.keys(job.metadata.labels ?? {}).length === 0
  return { ...job, spec, ...(bare && { metadata: { ...job.metadata, labels } }) } as StoredJob
}

const MANY_COMPLETIONS = 100_000
const MANY_PARALLEL = 10_000
const HARD_TO_TRACK =
  'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail'

function specWarnings({ completionMode, completions = 0, parallelism = 0 }: JobSpec, path: string): string[] {
  const hard = completionMode === 'Indexed' && completions > MANY_COMPLETIONS && parallelism > MANY_PARALLEL
  return hard ? [`${path}: ${HARD_TO_TRACK}`] : []
}
