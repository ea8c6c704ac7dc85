/** Declares Job (batch/v1). */

import { humanDuration } from '#schema/duration.ts'
import { jobDefaults, jobErrors, jobSpecDefaults, jobSpecErrors, jobUpdateErrors } from './job-rules.ts'
import { jobStatusErrors } from './job-status-rules.ts'
import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PodFailurePolicyOnExitCodesRequirement extends message(
  'k8s.io.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  {
    containerName: opt(1, string, { doc: 'Container to look at. All by default.', keepsZero: true }),
    operator: req(2, string, { doc: 'In, or NotIn for codes other than the values; 0 never matches.', mayBeEmpty: true }),
    values: req(3, list(int32(), { listType: 'set' }), {
      doc: 'Exit codes, in ascending order and at most 255; no 0 with In.',
      mayBeEmpty: true,
    }),
  },
  { doc: "Matches a failed pod by a container's exit code." },
) {}

export class PodFailurePolicyOnPodConditionsPattern extends message(
  'k8s.io.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  {
    type: req(1, string, { doc: 'Type of the condition, such as DisruptionTarget.', mayBeEmpty: true }),
    status: opt(2, string, { doc: 'Status it must have. True by default.' }),
  },
  { doc: 'Matches a failed pod by a condition.' },
) {}

export class PodFailurePolicyRule extends message(
  'k8s.io.api.batch.v1.PodFailurePolicyRule',
  {
    action: req(1, string, {
      doc: 'FailJob, FailIndex, Ignore (does not count towards backoffLimit) or Count (as without a rule).',
      mayBeEmpty: true,
    }),
    onExitCodes: opt(2, PodFailurePolicyOnExitCodesRequirement, { doc: 'Exit codes that match.' }),
    onPodConditions: opt(3, list(PodFailurePolicyOnPodConditionsPattern, { listType: 'atomic' }), {
      doc: 'Conditions that match, at most 20.',
    }),
  },
  { doc: 'What to do about a pod that matches; exactly one demand must be set.' },
) {}

export class PodFailurePolicy extends message(
  'k8s.io.api.batch.v1.PodFailurePolicy',
  {
    rules: req(1, list(PodFailurePolicyRule, { listType: 'atomic' }), {
      doc: 'Rules in order, at most 20; the first that matches decides.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'What to do about failed pods.' },
) {}

export class SuccessPolicyRule extends message(
  'k8s.io.api.batch.v1.SuccessPolicyRule',
  {
    succeededIndexes: opt(1, string, {
      doc: 'Indexes that must succeed, as in 1,3-5,7, or out of which succeededCount must.',
      keepsZero: true,
    }),
    succeededCount: opt(2, int32(), { doc: 'How many indexes must succeed.', keepsZero: true }),
  },
  { doc: 'Indexes that are enough; at least one member must be set.' },
) {}

export class SuccessPolicy extends message(
  'k8s.io.api.batch.v1.SuccessPolicy',
  {
    rules: req(1, list(SuccessPolicyRule, { listType: 'atomic' }), {
      doc: 'Rules in order, at most 20; one that matches is enough.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'When a job has succeeded early.' },
) {}

export class JobSpec extends message(
  'k8s.io.api.batch.v1.JobSpec',
  {
    parallelism: opt(1, int32(), { doc: 'Pods that may run at once. 1 by default; 0 pauses the job.', keepsZero: true }),
    completions: opt(2, int32(), {
      doc: 'Pods that must succeed; absent, one success ends the job. 1 by default if parallelism is absent too.',
      keepsZero: true,
    }),
    activeDeadlineSeconds: opt(3, int64(), { doc: 'Seconds after which the job fails, counted from its start.', keepsZero: true }),
    podFailurePolicy: opt(11, PodFailurePolicy, {
      doc: 'What to do about failed pods, by exit code or condition; needs restartPolicy Never.',
    }),
    successPolicy: opt(16, SuccessPolicy, { doc: 'When the job has succeeded before all indexes have; only for Indexed.' }),
    backoffLimit: opt(7, int32(), {
      doc: 'Failed pods after which the job fails. 6 by default; without limit with backoffLimitPerIndex.',
      keepsZero: true,
    }),
    backoffLimitPerIndex: opt(12, int32(), {
      doc: 'Failed pods after which an index fails; only for Indexed with restartPolicy Never.',
      keepsZero: true,
    }),
    maxFailedIndexes: opt(13, int32(), { doc: 'Failed indexes after which the job fails. Without limit by default.', keepsZero: true }),
    selector: opt(4, LabelSelector, {
      doc: 'Chooses the pods by their labels; made by the server unless manualSelector is true.',
      mapType: 'atomic',
    }),
    manualSelector: opt(5, bool, { doc: 'Whether selector and labels are yours to keep unique. False by default.', keepsZero: true }),
    template: req(6, PodTemplateSpec, { doc: 'Pod to make; restartPolicy must be Never or OnFailure.' }),
    ttlSecondsAfterFinished: opt(8, int32(), {
      doc: 'Seconds after its end until the job is deleted; 0 for at once. Kept by default.',
      keepsZero: true,
    }),
    completionMode: opt(9, string, {
      doc: 'NonIndexed (the default), or Indexed to give each pod a number from 0 to completions - 1.',
      keepsZero: true,
    }),
    suspend: opt(10, bool, { doc: 'Whether to run no pods and end those that run. False by default.', keepsZero: true }),
    podReplacementPolicy: opt(14, string, {
      doc: 'When to replace a pod: TerminatingOrFailed (the default), or Failed to wait for its end.',
      keepsZero: true,
    }),
    managedBy: opt(15, string, {
      doc: 'Controller that looks after it; cannot be changed. kubernetes.io/job-controller by default.',
      keepsZero: true,
    }),
  },
  { doc: 'What is wanted of a job.' },
) {}

export class JobCondition extends message(
  'k8s.io.api.batch.v1.JobCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastProbeTime: opt(3, time, { doc: 'When it was last checked.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: opt(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a job.' },
) {}

export class UncountedTerminatedPods extends message(
  'k8s.io.api.batch.v1.UncountedTerminatedPods',
  {
    succeeded: opt(1, list(string, { listType: 'set' }), { doc: 'UIDs of those that succeeded.' }),
    failed: opt(2, list(string, { listType: 'set' }), { doc: 'UIDs of those that failed.' }),
  },
  { doc: "Ended pods that are not in a job's counts yet, by UID." },
) {}

export class JobStatus extends message(
  'k8s.io.api.batch.v1.JobStatus',
  {
    conditions: opt(1, list(JobCondition, { listType: 'atomic', patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed, such as Complete, Failed or Suspended.',
    }),
    startTime: opt(2, time, { doc: 'When the controller took it on, or it was last resumed.' }),
    completionTime: opt(3, time, { doc: 'When it succeeded; absent if it failed.' }),
    active: opt(4, int32(), { doc: 'Pods that are pending or running and not ending.' }),
    succeeded: opt(5, int32(), { doc: 'Pods that have succeeded.' }),
    failed: opt(6, int32(), { doc: 'Pods that have failed.' }),
    terminating: opt(11, int32(), { doc: 'Pods that are ending.', keepsZero: true }),
    completedIndexes: opt(7, string, { doc: 'Indexes that have succeeded, as in 1,3-5,7.' }),
    failedIndexes: opt(10, string, { doc: 'Indexes that have failed, as in 1,3-5,7.', keepsZero: true }),
    uncountedTerminatedPods: opt(8, UncountedTerminatedPods, { doc: 'Ended pods that are not in the counts yet.' }),
    ready: opt(9, int32(), { doc: 'Active pods that are ready.', keepsZero: true }),
  },
  { doc: 'What is observed of a job.' },
) {}

export class Job extends object(
  'k8s.io.api.batch.v1.Job',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, JobSpec, { doc: 'What is wanted of the job.' }),
    status: val(3, JobStatus, { doc: 'What is observed of the job.' }),
  },
  { doc: 'Runs pods until enough of them have succeeded.' },
) {}

export const jobs = resource(Job, {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  scope: 'Namespaced',
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'How far it is.', cell: statusText },
    { name: 'Completions', type: 'string', description: 'Pods that succeeded, of those wanted.', cell: completionsText },
    { name: 'Duration', type: 'string', description: 'How long it has run, or ran.', cell: durationText },
    ageColumn,
    ...templateColumns<Job>(
      (j) => j.spec.template,
      (j) => selectorText(j.spec.selector),
    ),
  ],
  selectable: { 'status.successful': (j) => String(j.status.succeeded ?? 0) },
})

function statusText({ metadata, status }: Job): string {
  const holds = (type: string) => status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (holds('Suspended')) return 'Suspended'
  if (holds('FailureTarget')) return 'FailureTarget'
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function completionsText({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  return (spec.parallelism ?? 0) > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

function durationText({ status }: Job, now: number): string {
  if (status.startTime === undefined) return ''
  return humanDuration((status.completionTime === undefined ? now : Date.parse(status.completionTime)) - Date.parse(status.startTime))
}

rulesFor(Job, {
  defaults: jobDefaults,
  check: jobErrors,
  checkUpdate: (job, old, path, subresource) =>
    subresource === 'status' ? jobStatusErrors(job, old) : jobUpdateErrors(job, old, path, subresource),
})

rulesFor(JobSpec, { defaults: jobSpecDefaults, check: jobSpecErrors })

rulesFor(PodFailurePolicyOnPodConditionsPattern, { defaults: ({ status }) => (status ? undefined : { status: 'True' }) })
