/** Declares PersistentVolume (core/v1). */

import { modesText } from './access-modes.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { NodeSelector } from './node-selector.ts'
import { ObjectReference, SecretReference } from './reference.ts'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, inline, int32, list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class GlusterfsPersistentVolumeSource extends message('k8s.io.api.core.v1.GlusterfsPersistentVolumeSource', {
  endpoints: req(1, string),
  path: req(2, string, { keepsZero: true }),
  readOnly: opt(3, bool),
  endpointsNamespace: opt(4, string, { keepsZero: true }),
}) {}

export class RBDPersistentVolumeSource extends message('k8s.io.api.core.v1.RBDPersistentVolumeSource', {
  monitors: req(1, list(string, { listType: 'atomic' })),
  image: req(2, string),
  fsType: opt(3, string),
  pool: opt(4, string),
  user: opt(5, string),
  keyring: opt(6, string),
  secretRef: opt(7, SecretReference, { mapType: 'atomic' }),
  readOnly: opt(8, bool),
}) {}

export class ISCSIPersistentVolumeSource extends message('k8s.io.api.core.v1.ISCSIPersistentVolumeSource', {
  targetPortal: req(1, string),
  iqn: req(2, string),
  lun: req(3, int32()),
  iscsiInterface: opt(4, string),
  fsType: opt(5, string),
  readOnly: opt(6, bool),
  portals: opt(7, list(string, { listType: 'atomic' })),
  chapAuthDiscovery: opt(8, bool),
  chapAuthSession: opt(11, bool),
  secretRef: opt(10, SecretReference, { mapType: 'atomic' }),
  initiatorName: opt(12, string, { keepsZero: true }),
}) {}

export class CinderPersistentVolumeSource extends message('k8s.io.api.core.v1.CinderPersistentVolumeSource', {
  volumeID: req(1, string),
  fsType: opt(2, string),
  readOnly: opt(3, bool),
  secretRef: opt(4, SecretReference, { mapType: 'atomic' }),
}) {}

export class CephFSPersistentVolumeSource extends message('k8s.io.api.core.v1.CephFSPersistentVolumeSource', {
  monitors: req(1, list(string, { listType: 'atomic' })),
  path: opt(2, string),
  user: opt(3, string),
  secretFile: opt(4, string),
  secretRef: opt(5, SecretReference, { mapType: 'atomic' }),
  readOnly: opt(6, bool),
}) {}

export class FlexPersistentVolumeSource extends message('k8s.io.api.core.v1.FlexPersistentVolumeSource', {
  driver: req(1, string),
  fsType: opt(2, string),
  secretRef: opt(3, SecretReference, { mapType: 'atomic' }),
  readOnly: opt(4, bool),
  options: opt(5, map(string)),
}) {}

export class AzureFilePersistentVolumeSource extends message('k8s.io.api.core.v1.AzureFilePersistentVolumeSource', {
  secretName: req(1, string),
  shareName: req(2, string),
  readOnly: opt(3, bool),
  secretNamespace: opt(4, string, { keepsZero: true }),
}) {}

export class ScaleIOPersistentVolumeSource extends message('k8s.io.api.core.v1.ScaleIOPersistentVolumeSource', {
  gateway: req(1, string),
  system: req(2, string),
  secretRef: req(3, SecretReference, { mapType: 'atomic' }),
  sslEnabled: opt(4, bool),
  protectionDomain: opt(5, string),
  storagePool: opt(6, string),
  storageMode: opt(7, string),
  volumeName: opt(8, string),
  fsType: opt(9, string),
  readOnly: opt(10, bool),
}) {}

export class LocalVolumeSource extends message('k8s.io.api.core.v1.LocalVolumeSource', {
  path: req(1, string, { keepsZero: true }),
  fsType: opt(2, string, { keepsZero: true }),
}) {}

export class StorageOSPersistentVolumeSource extends message('k8s.io.api.core.v1.StorageOSPersistentVolumeSource', {
  volumeName: opt(1, string),
  volumeNamespace: opt(2, string),
  fsType: opt(3, string),
  readOnly: opt(4, bool),
  secretRef: opt(5, ObjectReference, { mapType: 'atomic' }),
}) {}

export class CSIPersistentVolumeSource extends message('k8s.io.api.core.v1.CSIPersistentVolumeSource', {
  driver: req(1, string),
  volumeHandle: req(2, string),
  readOnly: opt(3, bool),
  fsType: opt(4, string),
  volumeAttributes: opt(5, map(string)),
  controllerPublishSecretRef: opt(6, SecretReference, { mapType: 'atomic' }),
  nodeStageSecretRef: opt(7, SecretReference, { mapType: 'atomic' }),
  nodePublishSecretRef: opt(8, SecretReference, { mapType: 'atomic' }),
  controllerExpandSecretRef: opt(9, SecretReference, { mapType: 'atomic' }),
  nodeExpandSecretRef: opt(10, SecretReference, { mapType: 'atomic' }),
}) {}

export class PersistentVolumeSource extends message('k8s.io.api.core.v1.PersistentVolumeSource', {
  gcePersistentDisk: opt(1, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: opt(2, AWSElasticBlockStoreVolumeSource),
  hostPath: opt(3, HostPathVolumeSource),
  glusterfs: opt(4, GlusterfsPersistentVolumeSource),
  nfs: opt(5, NFSVolumeSource),
  rbd: opt(6, RBDPersistentVolumeSource),
  iscsi: opt(7, ISCSIPersistentVolumeSource),
  cinder: opt(8, CinderPersistentVolumeSource),
  cephfs: opt(9, CephFSPersistentVolumeSource),
  fc: opt(10, FCVolumeSource),
  flocker: opt(11, FlockerVolumeSource),
  flexVolume: opt(12, FlexPersistentVolumeSource),
  azureFile: opt(13, AzureFilePersistentVolumeSource),
  vsphereVolume: opt(14, VsphereVirtualDiskVolumeSource),
  quobyte: opt(15, QuobyteVolumeSource),
  azureDisk: opt(16, AzureDiskVolumeSource),
  photonPersistentDisk: opt(17, PhotonPersistentDiskVolumeSource),
  portworxVolume: opt(18, PortworxVolumeSource),
  scaleIO: opt(19, ScaleIOPersistentVolumeSource),
  local: opt(20, LocalVolumeSource),
  storageos: opt(21, StorageOSPersistentVolumeSource),
  csi: opt(22, CSIPersistentVolumeSource),
}) {}

export class VolumeNodeAffinity extends message('k8s.io.api.core.v1.VolumeNodeAffinity', {
  required: opt(1, NodeSelector, { mapType: 'atomic' }),
}) {}

export class PersistentVolumeSpec extends message('k8s.io.api.core.v1.PersistentVolumeSpec', {
  capacity: opt(1, map(quantity)),
  persistentVolumeSource: inline(2, PersistentVolumeSource),
  accessModes: opt(3, list(string, { listType: 'atomic' })),
  claimRef: opt(4, ObjectReference, { mapType: 'granular' }),
  persistentVolumeReclaimPolicy: opt(5, string, { default: 'Retain' }),
  storageClassName: opt(6, string, { keepsZero: true }),
  mountOptions: opt(7, list(string, { listType: 'atomic' })),
  volumeMode: opt(8, string, { default: 'Filesystem', keepsZero: true }),
  nodeAffinity: opt(9, VolumeNodeAffinity),
  volumeAttributesClassName: opt(10, string, { keepsZero: true }),
}) {}

export class PersistentVolumeStatus extends message('k8s.io.api.core.v1.PersistentVolumeStatus', {
  phase: opt(1, string),
  message: opt(2, string),
  reason: opt(3, string),
  lastPhaseTransitionTime: opt(4, time),
}) {}

export class PersistentVolume extends object('k8s.io.api.core.v1.PersistentVolume', {
  metadata: val(1, ObjectMeta),
  spec: val(2, PersistentVolumeSpec),
  status: val(3, PersistentVolumeStatus),
}) {}

export const persistentVolumes = resource(PersistentVolume, {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  scope: 'Cluster',
  shortNames: ['pv'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Capacity', type: 'string', description: 'How much it holds.', cell: (v) => v.spec.capacity?.['storage'] ?? '0' },
    { name: 'Access Modes', type: 'string', description: 'How it may be mounted.', cell: (v) => modesText(v.spec.accessModes) },
    {
      name: 'Reclaim Policy',
      type: 'string',
      description: 'What becomes of it after its claim.',
      cell: (v) => v.spec.persistentVolumeReclaimPolicy ?? '',
    },
    {
      name: 'Status',
      type: 'string',
      description: 'Whether it is claimed.',
      cell: (v) => (v.metadata.deletionTimestamp ? 'Terminating' : (v.status.phase ?? '')),
    },
    {
      name: 'Claim',
      type: 'string',
      description: 'Who claims it.',
      cell: (v) => (v.spec.claimRef ? `${v.spec.claimRef.namespace}/${v.spec.claimRef.name}` : ''),
    },
    { name: 'StorageClass', type: 'string', description: 'What sort of storage it is.', cell: (v) => v.spec.storageClassName ?? '' },
    {
      name: 'VolumeAttributesClass',
      type: 'string',
      description: 'What attributes it has.',
      cell: (v) => v.spec.volumeAttributesClassName ?? '<unset>',
    },
    { name: 'Reason', type: 'string', description: 'Why it is as it is.', cell: (v) => v.status.reason ?? '' },
    ageColumn,
    {
      name: 'VolumeMode',
      type: 'string',
      priority: 1,
      description: 'Files or a block device.',
      cell: (v) => v.spec.volumeMode ?? '<unset>',
    },
  ],
})

rulesFor(PersistentVolumeStatus, { defaults: ({ phase }) => (phase ? undefined : { phase: 'Pending' }) })
