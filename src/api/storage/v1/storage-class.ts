/** Declares StorageClass (storage/v1). */

import { TopologySelectorTerm } from '#api/core/v1/topology-selector-term.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, map, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class StorageClass extends object('k8s.io.api.storage.v1.StorageClass', {
  metadata: val(1, ObjectMeta),
  provisioner: req(2, string),
  parameters: opt(3, map(string)),
  reclaimPolicy: opt(4, string, { default: 'Delete', keepsZero: true }),
  mountOptions: opt(5, list(string, { listType: 'atomic' })),
  allowVolumeExpansion: opt(6, bool, { keepsZero: true }),
  volumeBindingMode: opt(7, string, { default: 'Immediate', keepsZero: true }),
  allowedTopologies: opt(8, list(TopologySelectorTerm, { listType: 'atomic' })),
}) {}

export const storageClasses = resource(StorageClass, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  shortNames: ['sc'],
})
