/** Declares PersistentVolumeClaim (core/v1). */

import { modesText } from './access-modes.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { claimErrors, claimUpdateErrors, claimWarnings } from './persistent-volume-claim-rules.ts'
import { PersistentVolumeClaimSpec } from './volume.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PersistentVolumeClaimCondition extends message(
  'k8s.io.api.core.v1.PersistentVolumeClaimCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastProbeTime: opt(3, time, { doc: 'When it was last checked.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: opt(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a claim, such as Resizing.' },
) {}

export class ModifyVolumeStatus extends message(
  'k8s.io.api.core.v1.ModifyVolumeStatus',
  {
    targetVolumeAttributesClassName: opt(1, string, { doc: 'VolumeAttributesClass that is being applied.' }),
    status: req(2, string, { doc: 'Pending, InProgress or Infeasible.' }),
  },
  { doc: "How a change of a volume's attributes goes." },
) {}

export class PersistentVolumeClaimStatus extends message(
  'k8s.io.api.core.v1.PersistentVolumeClaimStatus',
  {
    phase: opt(1, string, { doc: 'Pending, Bound or Lost.' }),
    accessModes: opt(2, list(string, { listType: 'atomic' }), { doc: 'How the bound volume can be mounted.' }),
    capacity: opt(3, map(quantity), { doc: 'Storage of the bound volume.' }),
    conditions: opt(
      4,
      list(PersistentVolumeClaimCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
      { doc: 'What is observed, mostly of a resize.' },
    ),
    allocatedResources: opt(5, map(quantity), { doc: 'Storage that is counted for quota; more than capacity during a resize.' }),
    allocatedResourceStatuses: opt(7, map(string), {
      doc: 'How a resize goes, by resource, such as NodeResizePending.',
      mapType: 'granular',
    }),
    currentVolumeAttributesClassName: opt(8, string, { doc: 'VolumeAttributesClass the volume has.', keepsZero: true }),
    modifyVolumeStatus: opt(9, ModifyVolumeStatus, {
      doc: 'How a change to another VolumeAttributesClass goes; absent when there is none.',
    }),
  },
  { doc: 'What is observed of a claim.' },
) {}

export class PersistentVolumeClaim extends object(
  'k8s.io.api.core.v1.PersistentVolumeClaim',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, PersistentVolumeClaimSpec, { doc: 'What is wanted of the volume.' }),
    status: val(3, PersistentVolumeClaimStatus, { doc: 'What is observed of the claim.' }),
  },
  { doc: 'Asks for a volume and, once bound, holds it.' },
) {}

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

rulesFor(PersistentVolumeClaim, {
  check: (claim) => claimErrors(claim),
  checkUpdate: (claim, old, _, subresource) => claimUpdateErrors(claim, old, subresource),
  warn: (claim) => claimWarnings(claim),
})
rulesFor(PersistentVolumeClaimStatus, { defaults: ({ phase }) => (phase ? undefined : { phase: 'Pending' }) })
