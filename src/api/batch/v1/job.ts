/** Declares Job (batch/v1). */

import { humanDuration } from '#schema/duration.ts'
import { sameJson } from '#schema/json-patch.ts'
import { IMMUTABLE, invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PodFailurePolicyOnExitCodesRequirement extends message('k8s.io.api.batch.v1.PodFailurePolicyOnExitCodesRequirement', {
  containerName: opt(1, string, { keepsZero: true }),
  operator: req(2, string),
  values: req(3, list(int32(), { listType: 'set' })),
}) {}

export class PodFailurePolicyOnPodConditionsPattern extends message('k8s.io.api.batch.v1.PodFailurePolicyOnPodConditionsPattern', {
  type: req(1, string),
  status: opt(2, string),
}) {}

export class PodFailurePolicyRule extends message('k8s.io.api.batch.v1.PodFailurePolicyRule', {
  action: req(1, string),
  onExitCodes: opt(2, PodFailurePolicyOnExitCodesRequirement),
  onPodConditions: opt(3, list(PodFailurePolicyOnPodConditionsPattern, { listType: 'atomic' })),
}) {}

export class PodFailurePolicy extends message('k8s.io.api.batch.v1.PodFailurePolicy', {
  rules: req(1, list(PodFailurePolicyRule, { listType: 'atomic' })),
}) {}

export class SuccessPolicyRule extends message('k8s.io.api.batch.v1.SuccessPolicyRule', {
  succeededIndexes: opt(1, string, { keepsZero: true }),
  succeededCount: opt(2, int32(), { keepsZero: true }),
}) {}

export class SuccessPolicy extends message('k8s.io.api.batch.v1.SuccessPolicy', {
  rules: req(1, list(SuccessPolicyRule, { listType: 'atomic' })),
}) {}

export class JobSpec extends message('k8s.io.api.batch.v1.JobSpec', {
  parallelism: opt(1, int32(), { keepsZero: true }),
  completions: opt(2, int32(), { keepsZero: true }),
  activeDeadlineSeconds: opt(3, int64(), { keepsZero: true }),
  podFailurePolicy: opt(11, PodFailurePolicy),
  successPolicy: opt(16, SuccessPolicy),
  backoffLimit: opt(7, int32(), { keepsZero: true }),
  backoffLimitPerIndex: opt(12, int32(), { keepsZero: true }),
  maxFailedIndexes: opt(13, int32(), { keepsZero: true }),
  selector: opt(4, LabelSelector, { mapType: 'atomic' }),
  manualSelector: opt(5, bool, { keepsZero: true }),
  template: req(6, PodTemplateSpec),
  ttlSecondsAfterFinished: opt(8, int32(), { keepsZero: true }),
  completionMode: opt(9, string, { keepsZero: true }),
  suspend: opt(10, bool, { keepsZero: true }),
  podReplacementPolicy: opt(14, string, { keepsZero: true }),
  managedBy: opt(15, string, { keepsZero: true }),
}) {}

export class JobCondition extends message('k8s.io.api.batch.v1.JobCondition', {
  type: req(1, string),
  status: req(2, string),
  lastProbeTime: opt(3, time),
  lastTransitionTime: opt(4, time),
  reason: opt(5, string),
  message: opt(6, string),
}) {}

export class UncountedTerminatedPods extends message('k8s.io.api.batch.v1.UncountedTerminatedPods', {
  succeeded: opt(1, list(string, { listType: 'set' })),
  failed: opt(2, list(string, { listType: 'set' })),
}) {}

export class JobStatus extends message('k8s.io.api.batch.v1.JobStatus', {
  conditions: opt(1, list(JobCondition, { listType: 'atomic', patch: { strategy: 'merge', mergeKey: 'type' } })),
  startTime: opt(2, time),
  completionTime: opt(3, time),
  active: opt(4, int32()),
  succeeded: opt(5, int32()),
  failed: opt(6, int32()),
  terminating: opt(11, int32(), { keepsZero: true }),
  completedIndexes: opt(7, string),
  failedIndexes: opt(10, string, { keepsZero: true }),
  uncountedTerminatedPods: opt(8, UncountedTerminatedPods),
  ready: opt(9, int32(), { keepsZero: true }),
}) {}

export class Job extends object('k8s.io.api.batch.v1.Job', {
  metadata: val(1, ObjectMeta),
  spec: val(2, JobSpec),
  status: val(3, JobStatus),
}) {}

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

function statusText({ metadata, spec, status }: Job): string {
  const holds = (type: string) => status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (holds('Suspended') || spec.suspend) return 'Suspended'
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

const RETRIES_DEFAULT = 6

rulesFor(Job, {
  defaults({ metadata, spec }) {
    const labels = spec.template?.metadata.labels
    return metadata.labels === undefined && labels !== undefined ? { metadata: { ...metadata, labels } } : undefined
  },
})

rulesFor(JobSpec, {
  defaults: (spec) => ({
    ...(spec.template === undefined && { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec }),
    ...(spec.completions === undefined && spec.parallelism === undefined && { completions: 1 }),
    ...(spec.parallelism === undefined && { parallelism: 1 }),
    ...(spec.backoffLimit === undefined && { backoffLimit: spec.backoffLimitPerIndex === undefined ? RETRIES_DEFAULT : 2 ** 31 - 1 }),
    ...(spec.completionMode === undefined && { completionMode: 'NonIndexed' }),
    ...(spec.suspend === undefined && { suspend: false }),
    ...(spec.podReplacementPolicy === undefined && {
      podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
    }),
  }),
  check(spec, path): FieldError[] {
    const errors: FieldError[] = []
    for (const name of [
      'parallelism',
      'completions',
      'activeDeadlineSeconds',
      'backoffLimit',
      'backoffLimitPerIndex',
      'maxFailedIndexes',
      'ttlSecondsAfterFinished',
    ] as const)
      errors.push(...notNegativeErrors(spec[name], `${path}.${name}`))
    if (spec.completionMode === 'Indexed' && spec.completions === undefined)
      errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
    const policy = spec.template.spec.restartPolicy
    if (policy === 'Always') errors.push(notSupported(`${path}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never']))
    return errors
  },
  checkUpdate(spec, old, path): FieldError[] {
    const errors: FieldError[] = []
    for (const name of [
      'completions',
      'selector',
      'template',
      'completionMode',
      'podFailurePolicy',
      'backoffLimitPerIndex',
      'managedBy',
      'successPolicy',
    ] as const) {
      const suspendedTemplate = name === 'template' && old.suspend === true
      const elastic = name === 'completions' && spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
      if (!suspendedTemplate && !elastic && !sameJson(spec[name] ?? null, old[name] ?? null))
        errors.push(invalid(`${path}.${name}`, spec[name] ?? null, IMMUTABLE))
    }
    return errors
  },
})

rulesFor(PodFailurePolicyOnPodConditionsPattern, { defaults: ({ status }) => (status ? undefined : { status: 'True' }) })
