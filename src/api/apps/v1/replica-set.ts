/** Declares ReplicaSet (apps/v1). */

import { type FieldError } from '#schema/field-error.ts'
import { notNegativeErrors, replacedTemplateErrors, selectorMatchErrors } from '#api/core/v1/template-rules.ts'
import { selectorText, templateColumns } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ReplicaSetSpec extends message('k8s.io.api.apps.v1.ReplicaSetSpec', {
  replicas: opt(1, int32(), { default: 1, keepsZero: true }),
  minReadySeconds: opt(4, int32()),
  selector: req(2, LabelSelector, { immutable: true, mapType: 'atomic' }),
  template: opt(3, PodTemplateSpec),
}) {}

export class ReplicaSetCondition extends message('k8s.io.api.apps.v1.ReplicaSetCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class ReplicaSetStatus extends message('k8s.io.api.apps.v1.ReplicaSetStatus', {
  replicas: req(1, int32(), { keepsZero: true }),
  fullyLabeledReplicas: opt(2, int32()),
  readyReplicas: opt(4, int32()),
  availableReplicas: opt(5, int32()),
  terminatingReplicas: opt(7, int32(), { keepsZero: true }),
  observedGeneration: opt(3, int64()),
  conditions: opt(6, list(ReplicaSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class ReplicaSet extends object('k8s.io.api.apps.v1.ReplicaSet', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ReplicaSetSpec),
  status: val(3, ReplicaSetStatus),
}) {}

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
