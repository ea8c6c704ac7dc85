/** Declares Namespace (core/v1). */

import { finalizerErrors } from '#schema/validate-metadata.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { labelName, object, resource } from '#schema/resource.ts'

export class NamespaceSpec extends message('k8s.io.api.core.v1.NamespaceSpec', {
  finalizers: opt(1, list(string, { listType: 'atomic' })),
}) {}

export class NamespaceCondition extends message('k8s.io.api.core.v1.NamespaceCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(4, time),
  reason: opt(5, string),
  message: opt(6, string),
}) {}

export class NamespaceStatus extends message('k8s.io.api.core.v1.NamespaceStatus', {
  phase: opt(1, oneOf('Active', 'Terminating'), { default: 'Active' }),
  conditions: opt(2, list(NamespaceCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class Namespace extends object('k8s.io.api.core.v1.Namespace', {
  metadata: val(1, ObjectMeta),
  spec: val(2, NamespaceSpec),
  status: val(3, NamespaceStatus),
}) {}

export const namespaces = resource(Namespace, {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [
    { name: 'finalize', verbs: ['update'] },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Whether it lives or is being emptied.', cell: (n) => n.status.phase ?? '' },
    ageColumn,
  ],
  selectable: { 'status.phase': (n) => n.status.phase ?? '' },
  nameProblems: labelName,
})

const NAME_LABEL = 'kubernetes.io/metadata.name'

rulesFor(Namespace, {
  /** So that selectors can choose a namespace by its name. */
  defaults: ({ metadata }) =>
    metadata.name && metadata.labels?.[NAME_LABEL] !== metadata.name
      ? { metadata: { ...metadata, labels: { ...metadata.labels, [NAME_LABEL]: metadata.name } } }
      : undefined,
})

rulesFor(NamespaceSpec, { check: (spec, path) => finalizerErrors(spec.finalizers ?? [], `${path}.finalizers`) })
