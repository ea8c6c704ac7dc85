/** Declares StatefulSet (apps/v1). */

import {
  statefulSetDefaults,
  statefulSetErrors,
  statefulSetStatusErrors,
  statefulSetUpdateErrors,
  updateStrategyDefaults,
} from './stateful-set-rules.ts'
import { templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, intOrString, list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { labelName, object, resource } from '#schema/resource.ts'

export class RollingUpdateStatefulSetStrategy extends message(
  'k8s.io.api.apps.v1.RollingUpdateStatefulSetStrategy',
  {
    partition: opt(1, int32(), { doc: 'Lowest ordinal to update; pods below it stay as they are. 0 by default.', keepsZero: true }),
    maxUnavailable: opt(2, intOrString, {
      doc: 'Pods, as a number or percentage of replicas rounded up, that may be missing. 1 by default.',
      keepsZero: true,
    }),
  },
  { doc: 'How a rolling update of a stateful set goes.' },
) {}

export class StatefulSetUpdateStrategy extends message(
  'k8s.io.api.apps.v1.StatefulSetUpdateStrategy',
  {
    type: opt(1, oneOf('RollingUpdate', 'OnDelete'), {
      doc: 'RollingUpdate (the default), or OnDelete to wait until somebody deletes them.',
      checkedAbove: true,
    }),
    rollingUpdate: opt(2, RollingUpdateStatefulSetStrategy, { doc: 'How it goes; only for RollingUpdate.' }),
  },
  { doc: 'How old pods of a stateful set are replaced by new ones.' },
) {}

export class StatefulSetPersistentVolumeClaimRetentionPolicy extends message(
  'k8s.io.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  {
    whenDeleted: opt(1, string, { doc: 'When the stateful set is deleted: Retain (the default) or Delete.' }),
    whenScaled: opt(2, string, { doc: 'When it is scaled down: Retain (the default) or Delete.' }),
  },
  { doc: 'What becomes of claims made for the pods.' },
) {}

export class StatefulSetOrdinals extends message(
  'k8s.io.api.apps.v1.StatefulSetOrdinals',
  {
    start: opt(1, int32(), { doc: 'Number of the first pod. 0 by default.' }),
  },
  { doc: 'How the pods are numbered.' },
) {}

export class StatefulSetSpec extends message(
  'k8s.io.api.apps.v1.StatefulSetSpec',
  {
    replicas: opt(1, int32(), { doc: 'Pods wanted. 1 by default; 0 is a real value.', default: 1, keepsZero: true }),
    selector: req(2, LabelSelector, {
      doc: "Chooses the pods by their labels; must match the template's and cannot be changed.",
      mapType: 'atomic',
    }),
    template: req(3, PodTemplateSpec, {
      doc: 'Pod to make; it is named after the stateful set and its ordinal.',
      checkedAbove: true,
    }),
    volumeClaimTemplates: opt(4, list(PersistentVolumeClaim, { listType: 'atomic' }), {
      doc: 'Claims to make for every pod; they go before volumes of the same name.',
    }),
    serviceName: opt(5, string, { doc: 'Headless Service under which the pods have DNS names; must exist first.' }),
    podManagementPolicy: opt(6, oneOf('OrderedReady', 'Parallel'), {
      doc: 'OrderedReady (the default) to start one after another, or Parallel.',
      default: 'OrderedReady',
      checkedAbove: true,
    }),
    updateStrategy: val(7, StatefulSetUpdateStrategy, { doc: 'How old pods are replaced by new ones.' }),
    revisionHistoryLimit: opt(8, int32(), { doc: 'Old revisions to keep for a rollback. 10 by default.', default: 10, keepsZero: true }),
    minReadySeconds: opt(9, int32(), { doc: 'Seconds a pod must be ready to count as available. 0 by default.' }),
    persistentVolumeClaimRetentionPolicy: opt(10, StatefulSetPersistentVolumeClaimRetentionPolicy, {
      doc: 'What becomes of the claims. They are kept by default.',
    }),
    ordinals: opt(11, StatefulSetOrdinals, { doc: 'How the pods are numbered. From 0 by default.' }),
  },
  { doc: 'What is wanted of a stateful set.' },
) {}

export class StatefulSetCondition extends message(
  'k8s.io.api.apps.v1.StatefulSetCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a stateful set.' },
) {}

export class StatefulSetStatus extends message(
  'k8s.io.api.apps.v1.StatefulSetStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation the controller last acted on.' }),
    replicas: req(2, int32(), { doc: 'Pods there are.', keepsZero: true }),
    readyReplicas: opt(3, int32(), { doc: 'Pods that are ready.' }),
    currentReplicas: opt(4, int32(), { doc: 'Pods of currentRevision.' }),
    updatedReplicas: opt(5, int32(), { doc: 'Pods of updateRevision.' }),
    currentRevision: opt(6, string, { doc: 'Revision of the pods not updated yet.' }),
    updateRevision: opt(7, string, { doc: 'Revision of the updated pods.' }),
    collisionCount: opt(9, int32(), { doc: 'How often the name of a revision was taken; goes into the next name.', keepsZero: true }),
    conditions: opt(10, list(StatefulSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of it.',
    }),
    availableReplicas: opt(11, int32(), { doc: 'Pods that have been ready for minReadySeconds.' }),
  },
  { doc: 'What is observed of a stateful set.' },
) {}

export class StatefulSet extends object(
  'k8s.io.api.apps.v1.StatefulSet',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, StatefulSetSpec, { doc: 'What is wanted of the stateful set.' }),
    status: val(3, StatefulSetStatus, { doc: 'What is observed of the stateful set; may be somewhat behind.' }),
  },
  { doc: 'Runs pods with lasting names and volumes of their own.' },
) {}

export const statefulSets = resource(StatefulSet, {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  scope: 'Namespaced',
  shortNames: ['sts'],
  // It becomes the host name of pods.
  nameProblems: labelName,
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

rulesFor(StatefulSetUpdateStrategy, { defaults: updateStrategyDefaults })
rulesFor(StatefulSetSpec, { defaults: statefulSetDefaults, check: statefulSetErrors, checkUpdate: statefulSetUpdateErrors })
rulesFor(StatefulSet, { checkUpdate: statefulSetStatusErrors })
