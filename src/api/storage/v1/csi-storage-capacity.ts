/** Declares CSIStorageCapacity (storage/v1). */

import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { opt, quantity, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CSIStorageCapacity extends object('k8s.io.api.storage.v1.CSIStorageCapacity', {
  metadata: val(1, ObjectMeta),
  nodeTopology: opt(2, LabelSelector, { mapType: 'atomic' }),
  storageClassName: req(3, string, { keepsZero: true }),
  capacity: opt(4, quantity),
  maximumVolumeSize: opt(5, quantity),
}) {}

export const csiStorageCapacities = resource(CSIStorageCapacity, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
})
