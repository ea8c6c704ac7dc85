/** Declares Job (batch/v1). */

import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, message, opt, req, string, time, val } from '#schema/message.ts'
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
})
