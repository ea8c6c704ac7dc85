/** Declares PersistentVolumeClaim (core/v1). */

import { modesText } from './access-modes.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PersistentVolumeClaimSpec } from './volume.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PersistentVolumeClaimCondition extends message('k8s.io.api.core.v1.PersistentVolumeClaimCondition', {
  type: req(1, string),
  status: req(2, string),
  lastProbeTime: opt(3, time),
  lastTransitionTime: opt(4, time),
  reason: opt(5, string),
  message: opt(6, string),
}) {}

export class ModifyVolumeStatus extends message('k8s.io.api.core.v1.ModifyVolumeStatus', {
  targetVolumeAttributesClassName: opt(1, string),
  status: req(2, string),
}) {}

export class PersistentVolumeClaimStatus extends message('k8s.io.api.core.v1.PersistentVolumeClaimStatus', {
  phase: opt(1, string),
  accessModes: opt(2, list(string, { listType: 'atomic' })),
  capacity: opt(3, map(quantity)),
  conditions: opt(
    4,
    list(PersistentVolumeClaimCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
  ),
  allocatedResources: opt(5, map(quantity)),
  allocatedResourceStatuses: opt(7, map(string), { mapType: 'granular' }),
  currentVolumeAttributesClassName: opt(8, string, { keepsZero: true }),
  modifyVolumeStatus: opt(9, ModifyVolumeStatus),
}) {}

export class PersistentVolumeClaim extends object('k8s.io.api.core.v1.PersistentVolumeClaim', {
  metadata: val(1, ObjectMeta),
  spec: val(2, PersistentVolumeClaimSpec),
  status: val(3, PersistentVolumeClaimStatus),
}) {}

export const persistentVolumeClaims = resource(PersistentVolumeClaim, {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  scope: 'Namespaced',
  shortNames: ['pvc'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Whether it has a volume.',
      cell: (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status.phase ?? '')),
    },
    { name: 'Volume', type: 'string', description: 'Its volume.', cell: (c) => c.spec.volumeName ?? '' },
    {
      name: 'Capacity',
      type: 'string',
      description: 'How much it has.',
      cell: (c) => (c.spec.volumeName ? (c.status.capacity?.['storage'] ?? '0') : ''),
    },
    {
      name: 'Access Modes',
      type: 'string',
      description: 'How it may be mounted.',
      cell: (c) => (c.spec.volumeName ? modesText(c.status.accessModes) : ''),
    },
    {
      name: 'StorageClass',
      type: 'string',
      description: 'What sort of storage it wants.',
      cell: (c) => c.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? c.spec.storageClassName ?? '',
    },
    {
      name: 'VolumeAttributesClass',
      type: 'string',
      description: 'What attributes it wants.',
      cell: (c) => c.spec.volumeAttributesClassName ?? '<unset>',
    },
    ageColumn,
    {
      name: 'VolumeMode',
      type: 'string',
      priority: 1,
      description: 'Files or a block device.',
      cell: (c) => c.spec.volumeMode ?? '<unset>',
    },
  ],
})

rulesFor(PersistentVolumeClaimStatus, { defaults: ({ phase }) => (phase ? undefined : { phase: 'Pending' }) })
