/** Declares StatefulSet (apps/v1). */

import { sameJson } from '#schema/json-patch.ts'
import { forbidden, type FieldError } from '#schema/field-error.ts'
import { notNegativeErrors, replacedTemplateErrors, selectorMatchErrors } from '#api/core/v1/template-rules.ts'
import { templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, intOrString, list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class RollingUpdateStatefulSetStrategy extends message('k8s.io.api.apps.v1.RollingUpdateStatefulSetStrategy', {
  partition: opt(1, int32(), { keepsZero: true }),
  maxUnavailable: opt(2, intOrString, { keepsZero: true }),
}) {}

export class StatefulSetUpdateStrategy extends message('k8s.io.api.apps.v1.StatefulSetUpdateStrategy', {
  type: opt(1, oneOf('RollingUpdate', 'OnDelete')),
  rollingUpdate: opt(2, RollingUpdateStatefulSetStrategy),
}) {}

export class StatefulSetPersistentVolumeClaimRetentionPolicy extends message(
  'k8s.io.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  {
    whenDeleted: opt(1, string),
    whenScaled: opt(2, string),
  },
) {}

export class StatefulSetOrdinals extends message('k8s.io.api.apps.v1.StatefulSetOrdinals', {
  start: opt(1, int32()),
}) {}

export class StatefulSetSpec extends message('k8s.io.api.apps.v1.StatefulSetSpec', {
  replicas: opt(1, int32(), { default: 1, keepsZero: true }),
  selector: req(2, LabelSelector, { mapType: 'atomic' }),
  template: req(3, PodTemplateSpec),
  volumeClaimTemplates: opt(4, list(PersistentVolumeClaim, { listType: 'atomic' })),
  serviceName: opt(5, string),
  podManagementPolicy: opt(6, oneOf('OrderedReady', 'Parallel'), { default: 'OrderedReady' }),
  updateStrategy: val(7, StatefulSetUpdateStrategy),
  revisionHistoryLimit: opt(8, int32(), { default: 10, keepsZero: true }),
  minReadySeconds: opt(9, int32()),
  persistentVolumeClaimRetentionPolicy: opt(10, StatefulSetPersistentVolumeClaimRetentionPolicy),
  ordinals: opt(11, StatefulSetOrdinals),
}) {}

export class StatefulSetCondition extends message('k8s.io.api.apps.v1.StatefulSetCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class StatefulSetStatus extends message('k8s.io.api.apps.v1.StatefulSetStatus', {
  observedGeneration: opt(1, int64()),
  replicas: req(2, int32(), { keepsZero: true }),
  readyReplicas: opt(3, int32()),
  currentReplicas: opt(4, int32()),
  updatedReplicas: opt(5, int32()),
  currentRevision: opt(6, string),
  updateRevision: opt(7, string),
  collisionCount: opt(9, int32(), { keepsZero: true }),
  conditions: opt(10, list(StatefulSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
  availableReplicas: opt(11, int32()),
}) {}

export class StatefulSet extends object('k8s.io.api.apps.v1.StatefulSet', {
  metadata: val(1, ObjectMeta),
  spec: val(2, StatefulSetSpec),
  status: val(3, StatefulSetStatus),
}) {}

export const statefulSets = resource(StatefulSet, {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  scope: 'Namespaced',
  shortNames: ['sts'],
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
      cell: (s) => `${s.status.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`,
    },
    ageColumn,
    ...templateColumns<StatefulSet>((s) => s.spec.template),
  ],
})

rulesFor(StatefulSetUpdateStrategy, {
  defaults({ type = 'RollingUpdate', rollingUpdate }) {
    return type === 'RollingUpdate' ? { type, rollingUpdate: { ...rollingUpdate, partition: rollingUpdate?.partition ?? 0 } } : undefined
  },
})

const UPDATABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

rulesFor(StatefulSetSpec, {
  defaults: ({ template, persistentVolumeClaimRetentionPolicy: kept }) => ({
    ...(template === undefined && { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec }),
    ...((!kept?.whenDeleted || !kept.whenScaled) && {
      persistentVolumeClaimRetentionPolicy: { whenDeleted: kept?.whenDeleted || 'Retain', whenScaled: kept?.whenScaled || 'Retain' },
    }),
  }),
  check: (spec, path): FieldError[] => [
    ...notNegativeErrors(spec.replicas, `${path}.replicas`),
    ...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`),
    ...selectorMatchErrors(spec.selector, spec.template, path, 'statefulset'),
    ...replacedTemplateErrors(spec.template, `${path}.template`, 'StatefulSet'),
  ],
  checkUpdate(spec, old, path): FieldError[] {
    const fixed = ['selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates'] as const
    return fixed.every((name) => sameJson(spec[name] ?? null, old[name] ?? null)) ? [] : [forbidden(path, UPDATABLE)]
  },
})
