/** Declares Deployment (apps/v1). */

import { replicaCountErrors } from './replica-status-rules.ts'
import { collisionErrors } from './stateful-set-rules.ts'
import { forbidden, invalid, notSupported, type FieldError } from '#schema/field-error.ts'
import {
  atMostAllErrors,
  countOrPercentErrors,
  isZeroCount,
  notNegativeErrors,
  replacedTemplateErrors,
  selectorMatchErrors,
} from '#api/core/v1/template-rules.ts'
import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, intOrString, list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class RollingUpdateDeployment extends message(
  'k8s.io.api.apps.v1.RollingUpdateDeployment',
  {
    maxUnavailable: opt(1, intOrString, {
      doc: 'Pods, as a number or percentage of replicas rounded down, that may be missing. 25% by default.',
      default: '25%',
      keepsZero: true,
    }),
    maxSurge: opt(2, intOrString, {
      doc: 'Pods, as a number or percentage of replicas rounded up, that may be there in excess. 25% by default.',
      default: '25%',
      keepsZero: true,
    }),
  },
  { doc: 'How fast a rolling update goes.' },
) {}

export class DeploymentStrategy extends message(
  'k8s.io.api.apps.v1.DeploymentStrategy',
  {
    type: opt(1, oneOf('Recreate', 'RollingUpdate'), {
      doc: 'RollingUpdate (the default), or Recreate to end all old pods first.',
      default: 'RollingUpdate',
      checkedAbove: true,
    }),
    rollingUpdate: opt(2, RollingUpdateDeployment, { doc: 'How fast it goes; only for RollingUpdate.' }),
  },
  { doc: 'How old pods are replaced by new ones.' },
) {}

export class DeploymentSpec extends message(
  'k8s.io.api.apps.v1.DeploymentSpec',
  {
    replicas: opt(1, int32(), { doc: 'Pods wanted. 1 by default; 0 is a real value.', default: 1, keepsZero: true }),
    selector: req(2, LabelSelector, {
      doc: "Chooses the pods by their labels; must match the template's and cannot be changed.",
      immutable: true,
      mapType: 'atomic',
    }),
    template: req(3, PodTemplateSpec, { doc: 'Pod to make; only restartPolicy Always is allowed.' }),
    strategy: val(4, DeploymentStrategy, { doc: 'How old pods are replaced by new ones.', patch: 'retainKeys' }),
    minReadySeconds: opt(5, int32(), { doc: 'Seconds a pod must be ready to count as available. 0 by default.' }),
    revisionHistoryLimit: opt(6, int32(), { doc: 'Old ReplicaSets to keep for a rollback. 10 by default.', default: 10, keepsZero: true }),
    paused: opt(7, bool, { doc: 'Whether changes of the template wait. False by default.' }),
    progressDeadlineSeconds: opt(9, int32(), {
      doc: 'Seconds without progress after which the condition Progressing turns False. 600 by default.',
      default: 600,
      keepsZero: true,
    }),
  },
  { doc: 'What is wanted of a deployment.' },
) {}

export class DeploymentCondition extends message(
  'k8s.io.api.apps.v1.DeploymentCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastUpdateTime: opt(6, time, { doc: 'When the condition was last written.' }),
    lastTransitionTime: opt(7, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a deployment.' },
) {}

export class DeploymentStatus extends message(
  'k8s.io.api.apps.v1.DeploymentStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation the controller last acted on.' }),
    replicas: opt(2, int32(), { doc: 'Pods there are, old and new, but for those that are ending.' }),
    updatedReplicas: opt(3, int32(), { doc: 'Pods made from the present template.' }),
    readyReplicas: opt(7, int32(), { doc: 'Pods that are ready.' }),
    availableReplicas: opt(4, int32(), { doc: 'Pods that have been ready for minReadySeconds.' }),
    unavailableReplicas: opt(5, int32(), { doc: 'Pods still missing until all are available, be they absent or not ready.' }),
    terminatingReplicas: opt(9, int32(), { doc: 'Pods that are ending.', keepsZero: true }),
    conditions: opt(6, list(DeploymentCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed, such as Available or Progressing.',
    }),
    collisionCount: opt(8, int32(), { doc: 'How often the name of a ReplicaSet was taken; goes into the next name.', keepsZero: true }),
  },
  { doc: 'What is observed of a deployment.' },
) {}

export class Deployment extends object(
  'k8s.io.api.apps.v1.Deployment',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, DeploymentSpec, { doc: 'What is wanted of the deployment.' }),
    status: val(3, DeploymentStatus, { doc: 'What is observed of the deployment; may be somewhat behind.' }),
  },
  { doc: 'Keeps a number of pods running and rolls changes out to them.' },
) {}

export const deployments = resource(Deployment, {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Pods that are ready, of those wanted.',
      cell: (d) => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
    },
    { name: 'Up-to-date', type: 'string', description: 'Pods of the newest template.', cell: (d) => d.status.updatedReplicas ?? 0 },
    { name: 'Available', type: 'string', description: 'Pods ready for long enough.', cell: (d) => d.status.availableReplicas ?? 0 },
    ageColumn,
    ...templateColumns<Deployment>(
      (d) => d.spec.template,
      (d) => selectorText(d.spec.selector),
    ),
  ],
})

const QUARTER = '25%'

rulesFor(DeploymentStrategy, {
  defaults: ({ type = 'RollingUpdate', rollingUpdate }) =>
    type === 'RollingUpdate' && rollingUpdate === undefined
      ? { type, rollingUpdate: { maxUnavailable: QUARTER, maxSurge: QUARTER } }
      : undefined,
  check(strategy, path) {
    const { type, rollingUpdate } = strategy
    const at = `${path}.rollingUpdate`
    if (type !== undefined && type !== 'Recreate' && type !== 'RollingUpdate')
      return [notSupported(path, strategy, ['Recreate', 'RollingUpdate'])]
    if (type === 'Recreate') return rollingUpdate ? [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")] : []
    if (type !== 'RollingUpdate' || rollingUpdate === undefined) return []
    const { maxUnavailable, maxSurge } = rollingUpdate
    const errors = [...countOrPercentErrors(maxUnavailable, `${at}.maxUnavailable`), ...countOrPercentErrors(maxSurge, `${at}.maxSurge`)]
    if (isZeroCount(maxUnavailable) && isZeroCount(maxSurge))
      errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
    return [...errors, ...atMostAllErrors(maxUnavailable, `${at}.maxUnavailable`)]
  },
})

rulesFor(DeploymentSpec, {
  /** A template that was left out says nothing; what it lacks is named member by member. */
  defaults: ({ template }) => (template === undefined ? { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec } : undefined),
  check(spec, path): FieldError[] {
    const errors = [
      ...notNegativeErrors(spec.replicas, `${path}.replicas`),
      ...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`),
      ...selectorMatchErrors(spec.selector, spec.template, path, 'deployment'),
      ...replacedTemplateErrors(spec.template, `${path}.template`, 'ReplicaSet'),
      ...notNegativeErrors(spec.revisionHistoryLimit, `${path}.revisionHistoryLimit`),
      ...notNegativeErrors(spec.progressDeadlineSeconds, `${path}.progressDeadlineSeconds`),
    ]
    const deadline = spec.progressDeadlineSeconds
    if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
      errors.push(invalid(`${path}.progressDeadlineSeconds`, deadline, 'must be greater than minReadySeconds'))
    return errors
  },
})

const REPLICA_COUNTS = ['updatedReplicas', 'readyReplicas', 'availableReplicas']
const OTHER_COUNTS = ['observedGeneration', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount']

rulesFor(Deployment, {
  checkUpdate({ status }, old, _path, subresource): FieldError[] {
    if (subresource !== 'status') return []
    return [
      ...replicaCountErrors(status, REPLICA_COUNTS, OTHER_COUNTS),
      ...collisionErrors(status?.collisionCount, old.status?.collisionCount),
    ]
  },
})
