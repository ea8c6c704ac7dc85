/** Declares RuntimeClass (node/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { Toleration } from '#api/core/v1/toleration.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Overhead extends message('k8s.io.api.node.v1.Overhead', {
  podFixed: opt(1, map(quantity)),
}) {}

export class Scheduling extends message('k8s.io.api.node.v1.Scheduling', {
  nodeSelector: opt(1, map(string), { mapType: 'atomic' }),
  tolerations: opt(2, list(Toleration, { listType: 'atomic' })),
}) {}

export class RuntimeClass extends object('k8s.io.api.node.v1.RuntimeClass', {
  metadata: val(1, ObjectMeta),
  handler: req(2, string),
  overhead: opt(3, Overhead),
  scheduling: opt(4, Scheduling),
}) {}

export const runtimeClasses = resource(RuntimeClass, {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  columns: [nameColumn, { name: 'Handler', type: 'string', description: 'The runtime behind it.', cell: (r) => r.handler }, ageColumn],
})
