/** Declares ReplicaSet (apps/v1). */

import { replicaCountErrors } from './replica-status-rules.ts'
import { type FieldError } from '#schema/field-error.ts'
import { notNegativeErrors, replacedTemplateErrors, selectorMatchErrors } from '#api/core/v1/template-rules.ts'
import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ReplicaSetSpec extends message(
  'k8s.io.api.apps.v1.ReplicaSetSpec',
  {
    replicas: opt(1, int32(), { doc: 'Pods wanted. 1 by default; 0 is a real value.', default: 1, keepsZero: true }),
    minReadySeconds: opt(4, int32(), { doc: 'Seconds a pod must be ready to count as available. 0 by default.' }),
    selector: req(2, LabelSelector, {
      doc: "Chooses the pods by their labels; must match the template's and cannot be changed.",
      immutable: true,
      mapType: 'atomic',
    }),
    template: val(3, PodTemplateSpec, { doc: 'Pod to make when there are too few.' }),
  },
  { doc: 'What is wanted of a replica set.' },
) {}

export class ReplicaSetCondition extends message(
  'k8s.io.api.apps.v1.ReplicaSetCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a replica set.' },
) {}

export class ReplicaSetStatus extends message(
  'k8s.io.api.apps.v1.ReplicaSetStatus',
  {
    replicas: req(1, int32(), { doc: 'Pods there are, but for those that are ending.', keepsZero: true }),
    fullyLabeledReplicas: opt(2, int32(), { doc: 'Pods that carry all labels of the template.' }),
    readyReplicas: opt(4, int32(), { doc: 'Pods that are ready.' }),
    availableReplicas: opt(5, int32(), { doc: 'Pods that have been ready for minReadySeconds.' }),
    terminatingReplicas: opt(7, int32(), { doc: 'Pods that are ending.', keepsZero: true }),
    observedGeneration: opt(3, int64(), { doc: 'The metadata.generation the controller last acted on.' }),
    conditions: opt(6, list(ReplicaSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed, such as ReplicaFailure.',
    }),
  },
  { doc: 'What is observed of a replica set.' },
) {}

export class ReplicaSet extends object(
  'k8s.io.api.apps.v1.ReplicaSet',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ReplicaSetSpec, { doc: 'What is wanted of the replica set.' }),
    status: val(3, ReplicaSetStatus, { doc: 'What is observed of the replica set; may be somewhat behind.' }),
  },
  { doc: 'Keeps a number of equal pods running; mostly made by a Deployment.' },
) {}

export const replicaSets = resource(ReplicaSet, {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  scope: 'Namespaced',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', description: 'Pods wanted.', cell: (r) => r.spec.replicas ?? 0 },
    { name: 'Current', type: 'integer', description: 'Pods there are.', cell: (r) => r.status.replicas },
    { name: 'Ready', type: 'integer', description: 'Pods that are ready.', cell: (r) => r.status.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns<ReplicaSet>(
      (r) => r.spec.template,
      (r) => selectorText(r.spec.selector),
    ),
  ],
  selectable: { 'status.replicas': (r) => String(r.status.replicas) },
})

rulesFor(ReplicaSetSpec, {
  check: (spec, path): FieldError[] => [
    ...notNegativeErrors(spec.replicas, `${path}.replicas`),
    ...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`),
    ...selectorMatchErrors(spec.selector, spec.template, path, 'deployment'),
    ...replacedTemplateErrors(spec.template, `${path}.template`, 'ReplicaSet', true),
  ],
})

const REPLICA_COUNTS = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']
const OTHER_COUNTS = ['observedGeneration', 'terminatingReplicas']

rulesFor(ReplicaSet, {
  checkUpdate: ({ status }, _old, _path, subresource): FieldError[] =>
    subresource === 'status' ? replicaCountErrors(status, REPLICA_COUNTS, OTHER_COUNTS) : [],
})
