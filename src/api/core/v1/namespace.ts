/** Declares Namespace (core/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, oneOf, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

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
})
