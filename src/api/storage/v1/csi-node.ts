/** Declares CSINode (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class VolumeNodeResources extends message('k8s.io.api.storage.v1.VolumeNodeResources', {
  count: opt(1, int32(), { keepsZero: true }),
}) {}

export class CSINodeDriver extends message('k8s.io.api.storage.v1.CSINodeDriver', {
  name: req(1, string),
  nodeID: req(2, string),
  topologyKeys: opt(3, list(string, { listType: 'atomic' })),
  allocatable: opt(4, VolumeNodeResources),
}) {}

export class CSINodeSpec extends message('k8s.io.api.storage.v1.CSINodeSpec', {
  drivers: req(1, list(CSINodeDriver, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export class CSINode extends object('k8s.io.api.storage.v1.CSINode', {
  metadata: val(1, ObjectMeta),
  spec: req(2, CSINodeSpec),
}) {}

export const csiNodes = resource(CSINode, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
})
