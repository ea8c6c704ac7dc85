/** Declares RuntimeClass (node/v1). */

import { OLD_NODE_LABELS } from '#api/core/v1/old-node-labels.ts'
import { requirementErrors } from '#api/core/v1/resource-rules.ts'
import { tolerationErrors } from '#api/core/v1/scheduling-rules.ts'
import { duplicate, IMMUTABLE, invalid, invalidEach, type FieldError } from '#schema/field-error.ts'
import { dns1123Label } from '#schema/names.ts'
import { labelErrors } from '#schema/validate-metadata.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { Toleration } from '#api/core/v1/toleration.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Overhead extends message(
  'k8s.io.api.node.v1.Overhead',
  {
    podFixed: opt(1, map(quantity), { doc: 'Resources that every pod takes beside its containers.' }),
  },
  { doc: 'What running a pod itself takes.' },
) {}

export class Scheduling extends message(
  'k8s.io.api.node.v1.Scheduling',
  {
    nodeSelector: opt(1, map(string), { doc: 'Labels a node must carry; added to those of the pod.', mapType: 'atomic' }),
    tolerations: opt(2, list(Toleration, { listType: 'atomic' }), { doc: 'Taints the pods stand; added to those of the pod.' }),
  },
  { doc: 'Where pods of a runtime class can run.' },
) {}

export class RuntimeClass extends object(
  'k8s.io.api.node.v1.RuntimeClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    handler: req(2, string, { doc: "Name of the handler in the node's runtime; cannot be changed." }),
    overhead: opt(3, Overhead, { doc: 'What running a pod itself takes.' }),
    scheduling: opt(4, Scheduling, { doc: 'Nodes that have the handler. All by default.' }),
  },
  { doc: 'A way to run the containers of a pod.' },
) {}

export const runtimeClasses = resource(RuntimeClass, {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  columns: [nameColumn, { name: 'Handler', type: 'string', description: 'The runtime behind it.', cell: (r) => r.handler }, ageColumn],
})

rulesFor(RuntimeClass, {
  check: ({ handler, overhead, scheduling }) => [
    ...(handler ? invalidEach('handler', handler, dns1123Label(handler)) : []),
    ...(overhead?.podFixed ? requirementErrors({ limits: overhead.podFixed }, 'overhead') : []),
    ...(scheduling ? schedulingErrors(scheduling, 'scheduling') : []),
  ],
  checkUpdate: ({ handler }, old) => (handler === old.handler ? [] : [invalid('handler', handler, IMMUTABLE)]),
  warn: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) =>
      OLD_NODE_LABELS[key] === undefined ? [] : [`scheduling.nodeSelector: ${OLD_NODE_LABELS[key]}`],
    ),
})

function schedulingErrors({ nodeSelector, tolerations = [] }: Scheduling, path: string): FieldError[] {
  const seen = new Set<string>()
  return [
    ...labelErrors(nodeSelector, `${path}.nodeSelector`),
    ...tolerationErrors(tolerations, `${path}.tolerations`),
    ...tolerations.flatMap((toleration, i) => {
      const text = JSON.stringify(toleration)
      if (seen.has(text)) return [duplicate(`${path}.tolerations[${i}]`, toleration)]
      seen.add(text)
      return []
    }),
  ]
}
