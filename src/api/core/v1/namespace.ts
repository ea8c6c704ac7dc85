/** Declares Namespace (core/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { finalizerErrors } from '#schema/validate-metadata.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { labelName, object, resource } from '#schema/resource.ts'

export class NamespaceSpec extends message(
  'k8s.io.api.core.v1.NamespaceSpec',
  {
    finalizers: opt(1, list(string, { listType: 'atomic' }), {
      doc: 'Names that must all go before the namespace does; kubernetes stands for emptying it.',
    }),
  },
  { doc: 'What is wanted of a namespace.' },
) {}

export class NamespaceCondition extends message(
  'k8s.io.api.core.v1.NamespaceCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: opt(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a namespace.' },
) {}

export class NamespaceStatus extends message(
  'k8s.io.api.core.v1.NamespaceStatus',
  {
    phase: opt(1, oneOf('Active', 'Terminating'), { doc: 'Active, or Terminating while it is being emptied.', default: 'Active' }),
    conditions: opt(2, list(NamespaceCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What holds the deletion of a namespace up, and since when.',
    }),
  },
  { doc: 'What is observed of a namespace.' },
) {}

export class Namespace extends object(
  'k8s.io.api.core.v1.Namespace',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, NamespaceSpec, { doc: 'What is wanted of the namespace.' }),
    status: val(3, NamespaceStatus, { doc: 'What is observed of the namespace.' }),
  },
  { doc: 'A scope for names, and a unit of access control and quota.' },
) {}

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
  /** Its phase follows from whether it is being deleted. */
  checkUpdate({ metadata, status }, _old, _path, subresource): FieldError[] {
    if (subresource !== 'status') return []
    const [wanted, when] = metadata.deletionTimestamp === undefined ? ['Active', 'empty'] : ['Terminating', 'not empty']
    return status.phase === wanted
      ? []
      : [invalid('status.Phase', status.phase ?? '', `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`)]
  },
})

rulesFor(NamespaceSpec, { check: (spec, path) => finalizerErrors(spec.finalizers ?? [], `${path}.finalizers`) })
