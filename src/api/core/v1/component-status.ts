/** Declares ComponentStatus (core/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ComponentCondition extends message('k8s.io.api.core.v1.ComponentCondition', {
  type: req(1, string),
  status: req(2, string),
  message: opt(3, string),
  error: opt(4, string),
}) {}

export class ComponentStatus extends object('k8s.io.api.core.v1.ComponentStatus', {
  metadata: val(1, ObjectMeta),
  conditions: opt(2, list(ComponentCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export const componentStatuses = resource(ComponentStatus, {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  scope: 'Cluster',
  shortNames: ['cs'],
  verbs: ['get', 'list'],
})
