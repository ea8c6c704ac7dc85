/** Declares ReplicationController (core/v1). */

import { invalid, required, type FieldError } from '#schema/field-error.ts'
import { notNegativeErrors, replacedTemplateErrors } from './template-rules.ts'
import { replicaCountErrors } from '#api/apps/v1/replica-status-rules.ts'
import { labelsText, templateColumns } from './template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from './pod-template.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, map, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ReplicationControllerSpec extends message(
  'k8s.io.api.core.v1.ReplicationControllerSpec',
  {
    replicas: opt(1, int32(), { doc: 'Pods wanted. 1 by default; 0 is a real value.', default: 1, keepsZero: true }),
    minReadySeconds: opt(4, int32(), { doc: 'Seconds a pod must be ready to count as available. 0 by default.' }),
    selector: opt(2, map(string), { doc: 'Labels of the pods it counts. Those of the template by default.', mapType: 'atomic' }),
    template: opt(3, PodTemplateSpec, { doc: 'Pod to make when there are too few.' }),
  },
  { doc: 'What is wanted of a replication controller.' },
) {}

export class ReplicationControllerCondition extends message(
  'k8s.io.api.core.v1.ReplicationControllerCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a replication controller.' },
) {}

export class ReplicationControllerStatus extends message(
  'k8s.io.api.core.v1.ReplicationControllerStatus',
  {
    replicas: req(1, int32(), { doc: 'Pods there are.', keepsZero: true }),
    fullyLabeledReplicas: opt(2, int32(), { doc: 'Pods that carry all labels of the template.' }),
    readyReplicas: opt(4, int32(), { doc: 'Pods that are ready.' }),
    availableReplicas: opt(5, int32(), { doc: 'Pods that have been ready for minReadySeconds.' }),
    observedGeneration: opt(3, int64(), { doc: 'The metadata.generation the controller last acted on.' }),
    conditions: opt(
      6,
      list(ReplicationControllerCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
      { doc: 'What is observed, such as ReplicaFailure.' },
    ),
  },
  { doc: 'What is observed of a replication controller.' },
) {}

export class ReplicationController extends object(
  'k8s.io.api.core.v1.ReplicationController',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ReplicationControllerSpec, { doc: 'What is wanted.' }),
    status: val(3, ReplicationControllerStatus, { doc: 'What is observed; may be somewhat behind.' }),
  },
  { doc: 'Keeps a number of pods running; a Deployment does it better.' },
) {}

export const replicationControllers = resource(ReplicationController, {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  scope: 'Namespaced',
  shortNames: ['rc'],
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
    ...templateColumns<ReplicationController>(
      (r) => r.spec.template,
      (r) => labelsText(r.spec.selector),
    ),
  ],
  selectable: { 'status.replicas': (r) => String(r.status.replicas) },
})

rulesFor(ReplicationController, {
  checkUpdate: ({ status }, _old, _path, subresource) =>
    subresource === 'status'
      ? replicaCountErrors(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], ['observedGeneration'])
      : [],
  /** Selector and own labels come from the template's labels when nothing is said of them. */
  defaults({ metadata, spec }) {
    const labels = spec.template?.metadata.labels
    if (labels === undefined) return undefined
    return {
      ...(Object.keys(spec.selector ?? {}).length === 0 && { spec: { ...spec, selector: labels } }),
      ...(Object.keys(metadata.labels ?? {}).length === 0 && { metadata: { ...metadata, labels } }),
    }
  },
})

rulesFor(ReplicationControllerSpec, {
  check(spec, path): FieldError[] {
    const errors = [...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`)]
    const selector = Object.entries(spec.selector ?? {})
    if (selector.length === 0) errors.push(required(`${path}.selector`))
    errors.push(...notNegativeErrors(spec.replicas, `${path}.replicas`))
    const labels = spec.template?.metadata.labels
    if (spec.template && selector.some(([key, value]) => labels?.[key] !== value))
      errors.push(invalid(`${path}.template.metadata.labels`, labels ?? null, '`selector` does not match template `labels`'))
    return [...errors, ...replacedTemplateErrors(spec.template, `${path}.template`, 'ReplicationController', true)]
  },
})
