/** Declares PersistentVolume (core/v1). */

import { modesText } from './access-modes.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { NodeSelector } from './node-selector.ts'
import { volumeErrors, volumeUpdateErrors, volumeWarnings } from './persistent-volume-rules.ts'
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

export class GlusterfsPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.GlusterfsPersistentVolumeSource',
  {
    endpoints: req(1, string, { doc: 'Endpoints object with the servers.' }),
    path: req(2, string, { doc: 'Name of the volume.', keepsZero: true }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    endpointsNamespace: opt(4, string, { doc: "Namespace of the Endpoints. The claim's by default.", keepsZero: true }),
  },
  { doc: 'A volume of GlusterFS.' },
) {}

export class RBDPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.RBDPersistentVolumeSource',
  {
    monitors: req(1, list(string, { listType: 'atomic' }), { doc: 'Addresses of Ceph monitors.' }),
    image: req(2, string, { doc: 'Name of the image.' }),
    fsType: opt(3, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    pool: opt(4, string, { doc: 'Pool it is in. rbd by default.' }),
    user: opt(5, string, { doc: 'User name. admin by default.' }),
    keyring: opt(6, string, { doc: 'Path of the key ring on the node. /etc/ceph/keyring by default.' }),
    secretRef: opt(7, SecretReference, { doc: 'Secret with the key; goes before keyring.', mapType: 'atomic' }),
    readOnly: opt(8, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A block device of Ceph.' },
) {}

export class ISCSIPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.ISCSIPersistentVolumeSource',
  {
    targetPortal: req(1, string, { doc: 'Address of the target, with a port unless it is 3260.' }),
    iqn: req(2, string, { doc: 'Qualified name of the target.' }),
    lun: req(3, int32(), { doc: 'Logical unit number.' }),
    iscsiInterface: opt(4, string, { doc: 'Interface to use. default, which is TCP, by default.' }),
    fsType: opt(5, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(6, bool, { doc: 'Mounts it read-only. False by default.' }),
    portals: opt(7, list(string, { listType: 'atomic' }), { doc: 'Further addresses of the target.' }),
    chapAuthDiscovery: opt(8, bool, { doc: 'Whether discovery uses CHAP.' }),
    chapAuthSession: opt(11, bool, { doc: 'Whether sessions use CHAP.' }),
    secretRef: opt(10, SecretReference, { doc: 'Secret for CHAP.', mapType: 'atomic' }),
    initiatorName: opt(12, string, { doc: 'Qualified name of the initiator.', keepsZero: true }),
  },
  { doc: 'A disk over iSCSI.' },
) {}

export class CinderPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.CinderPersistentVolumeSource',
  {
    volumeID: req(1, string, { doc: 'Id of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    secretRef: opt(4, SecretReference, { doc: 'Secret with the parameters to connect to OpenStack.', mapType: 'atomic' }),
  },
  { doc: 'A disk of OpenStack Cinder.' },
) {}

export class CephFSPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.CephFSPersistentVolumeSource',
  {
    monitors: req(1, list(string, { listType: 'atomic' }), { doc: 'Addresses of Ceph monitors.' }),
    path: opt(2, string, { doc: 'Directory to mount. / by default.' }),
    user: opt(3, string, { doc: 'User name. admin by default.' }),
    secretFile: opt(4, string, { doc: 'Path of the key ring on the node. /etc/ceph/user.secret by default.' }),
    secretRef: opt(5, SecretReference, { doc: 'Secret with the key; goes before secretFile.', mapType: 'atomic' }),
    readOnly: opt(6, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A filesystem of Ceph.' },
) {}

export class FlexPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.FlexPersistentVolumeSource',
  {
    driver: req(1, string, { doc: 'Name of the driver.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    secretRef: opt(3, SecretReference, { doc: 'Secret that is handed to the driver.', mapType: 'atomic' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
    options: opt(5, map(string), { doc: 'Further options for the driver.' }),
  },
  { doc: 'A volume of an exec plugin on the node; superseded by CSI.' },
) {}

export class AzureFilePersistentVolumeSource extends message(
  'k8s.io.api.core.v1.AzureFilePersistentVolumeSource',
  {
    secretName: req(1, string, { doc: "Secret with the account's name and key." }),
    shareName: req(2, string, { doc: 'Name of the share.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    secretNamespace: opt(4, string, { doc: "Namespace of the Secret. The claim's by default.", keepsZero: true }),
  },
  { doc: 'A file share of Azure.' },
) {}

export class ScaleIOPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.ScaleIOPersistentVolumeSource',
  {
    gateway: req(1, string, { doc: 'Address of the gateway.' }),
    system: req(2, string, { doc: 'Name of the system.' }),
    secretRef: req(3, SecretReference, { doc: 'Secret with user and password.', mapType: 'atomic' }),
    sslEnabled: opt(4, bool, { doc: 'Whether to use TLS with the gateway. False by default.' }),
    protectionDomain: opt(5, string, { doc: 'Name of the protection domain.' }),
    storagePool: opt(6, string, { doc: 'Storage pool of the domain.' }),
    storageMode: opt(7, string, { doc: 'ThickProvisioned or ThinProvisioned (the default).' }),
    volumeName: opt(8, string, { doc: 'Name of the volume.' }),
    fsType: opt(9, string, { doc: 'Filesystem of the volume. xfs by default.' }),
    readOnly: opt(10, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A volume of ScaleIO.' },
) {}

export class LocalVolumeSource extends message(
  'k8s.io.api.core.v1.LocalVolumeSource',
  {
    path: req(1, string, { doc: 'Path on the node.', keepsZero: true }),
    fsType: opt(2, string, { doc: "Filesystem to make on a block device. The kubelet's choice by default.", keepsZero: true }),
  },
  { doc: 'A disk, partition or directory of a node.' },
) {}

export class StorageOSPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.StorageOSPersistentVolumeSource',
  {
    volumeName: opt(1, string, { doc: 'Name of the volume.' }),
    volumeNamespace: opt(2, string, { doc: "StorageOS namespace it is in. The one named like the pod's namespace by default." }),
    fsType: opt(3, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
    secretRef: opt(5, ObjectReference, { doc: 'Secret with the credentials.', mapType: 'atomic' }),
  },
  { doc: 'A volume of StorageOS.' },
) {}

export class CSIPersistentVolumeSource extends message(
  'k8s.io.api.core.v1.CSIPersistentVolumeSource',
  {
    driver: req(1, string, { doc: 'Name of the CSI driver.' }),
    volumeHandle: req(2, string, { doc: 'Id of the volume, as the driver gave it.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    fsType: opt(4, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    volumeAttributes: opt(5, map(string), { doc: 'Settings the driver gave to the volume.' }),
    controllerPublishSecretRef: opt(6, SecretReference, {
      doc: 'Secret that is handed to the driver on attaching and detaching.',
      mapType: 'atomic',
    }),
    nodeStageSecretRef: opt(7, SecretReference, {
      doc: 'Secret that is handed to the driver on preparing the volume on a node.',
      mapType: 'atomic',
    }),
    nodePublishSecretRef: opt(8, SecretReference, { doc: 'Secret that is handed to the driver on mounting.', mapType: 'atomic' }),
    controllerExpandSecretRef: opt(9, SecretReference, {
      doc: 'Secret that is handed to the driver on growing the volume.',
      mapType: 'atomic',
    }),
    nodeExpandSecretRef: opt(10, SecretReference, {
      doc: 'Secret that is handed to the driver on growing the filesystem.',
      mapType: 'atomic',
    }),
  },
  { doc: 'A volume of a CSI driver.' },
) {}

export class PersistentVolumeSource extends message(
  'k8s.io.api.core.v1.PersistentVolumeSource',
  {
    gcePersistentDisk: opt(1, GCEPersistentDiskVolumeSource, {
      doc: 'A Google Compute Engine disk; use the CSI driver pd.csi.storage.gke.io. Deprecated.',
      deprecated: true,
    }),
    awsElasticBlockStore: opt(2, AWSElasticBlockStoreVolumeSource, {
      doc: 'An Amazon EBS disk; use the CSI driver ebs.csi.aws.com. Deprecated.',
      deprecated: true,
    }),
    hostPath: opt(3, HostPathVolumeSource, { doc: 'A directory of a node; for trials on a single node only.' }),
    glusterfs: opt(4, GlusterfsPersistentVolumeSource, { doc: 'A GlusterFS volume; no longer supported. Deprecated.', deprecated: true }),
    nfs: opt(5, NFSVolumeSource, { doc: 'A directory of an NFS server.' }),
    rbd: opt(6, RBDPersistentVolumeSource, { doc: 'A Ceph block device; no longer supported. Deprecated.', deprecated: true }),
    iscsi: opt(7, ISCSIPersistentVolumeSource, { doc: 'A disk over iSCSI.' }),
    cinder: opt(8, CinderPersistentVolumeSource, {
      doc: 'An OpenStack Cinder disk; use the CSI driver cinder.csi.openstack.org. Deprecated.',
      deprecated: true,
    }),
    cephfs: opt(9, CephFSPersistentVolumeSource, { doc: 'A Ceph filesystem; no longer supported. Deprecated.', deprecated: true }),
    fc: opt(10, FCVolumeSource, { doc: 'A disk on Fibre Channel.' }),
    flocker: opt(11, FlockerVolumeSource, { doc: 'A Flocker dataset; no longer supported. Deprecated.', deprecated: true }),
    flexVolume: opt(12, FlexPersistentVolumeSource, {
      doc: 'A volume of an exec plugin on the node; use a CSI driver. Deprecated.',
      deprecated: true,
    }),
    azureFile: opt(13, AzureFilePersistentVolumeSource, {
      doc: 'An Azure file share; use the CSI driver file.csi.azure.com. Deprecated.',
      deprecated: true,
    }),
    vsphereVolume: opt(14, VsphereVirtualDiskVolumeSource, {
      doc: 'A vSphere disk; use the CSI driver csi.vsphere.vmware.com. Deprecated.',
      deprecated: true,
    }),
    quobyte: opt(15, QuobyteVolumeSource, { doc: 'A Quobyte volume; no longer supported. Deprecated.', deprecated: true }),
    azureDisk: opt(16, AzureDiskVolumeSource, {
      doc: 'An Azure data disk; use the CSI driver disk.csi.azure.com. Deprecated.',
      deprecated: true,
    }),
    photonPersistentDisk: opt(17, PhotonPersistentDiskVolumeSource, {
      doc: 'A Photon Controller disk; no longer supported. Deprecated.',
      deprecated: true,
    }),
    portworxVolume: opt(18, PortworxVolumeSource, {
      doc: 'A Portworx volume; use the CSI driver pxd.portworx.com. Deprecated.',
      deprecated: true,
    }),
    scaleIO: opt(19, ScaleIOPersistentVolumeSource, { doc: 'A ScaleIO volume; no longer supported. Deprecated.', deprecated: true }),
    local: opt(20, LocalVolumeSource, { doc: 'A disk, partition or directory of a node; needs nodeAffinity.' }),
    storageos: opt(21, StorageOSPersistentVolumeSource, { doc: 'A StorageOS volume; no longer supported. Deprecated.', deprecated: true }),
    csi: opt(22, CSIPersistentVolumeSource, { doc: 'A volume of a CSI driver.' }),
  },
  { doc: 'What a persistent volume is made from; exactly one must be set.' },
) {}

export class VolumeNodeAffinity extends message(
  'k8s.io.api.core.v1.VolumeNodeAffinity',
  {
    required: opt(1, NodeSelector, { doc: 'Demands on the node.', mapType: 'atomic' }),
  },
  { doc: 'Nodes from which a volume can be reached.' },
) {}

export class PersistentVolumeSpec extends message(
  'k8s.io.api.core.v1.PersistentVolumeSpec',
  {
    capacity: opt(1, map(quantity), { doc: 'How much it holds, as storage: 10Gi.' }),
    persistentVolumeSource: inline(2, PersistentVolumeSource),
    accessModes: opt(3, list(string, { listType: 'atomic' }), {
      doc: 'How it can be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.',
    }),
    claimRef: opt(4, ObjectReference, { doc: 'Claim it is bound to, or kept for.', mapType: 'granular' }),
    persistentVolumeReclaimPolicy: opt(5, string, {
      doc: 'What becomes of it after its claim: Retain (the default), Delete or, deprecated, Recycle.',
      default: 'Retain',
    }),
    storageClassName: opt(6, string, { doc: 'StorageClass it belongs to; empty for none.', keepsZero: true }),
    mountOptions: opt(7, list(string, { listType: 'atomic' }), { doc: 'Options for mounting, unchecked, such as ro or soft.' }),
    volumeMode: opt(8, string, { doc: 'Filesystem (the default) or Block.', default: 'Filesystem', keepsZero: true }),
    nodeAffinity: opt(9, VolumeNodeAffinity, { doc: 'Nodes from which it can be reached.' }),
    volumeAttributesClassName: opt(10, string, { doc: 'VolumeAttributesClass it has.', keepsZero: true }),
  },
  { doc: 'What a persistent volume is.' },
) {}

export class PersistentVolumeStatus extends message(
  'k8s.io.api.core.v1.PersistentVolumeStatus',
  {
    phase: opt(1, string, { doc: 'Pending, Available, Bound, Released or Failed.' }),
    message: opt(2, string, { doc: 'Why it is in this phase, in words.' }),
    reason: opt(3, string, { doc: 'Why it failed, as one word.' }),
    lastPhaseTransitionTime: opt(4, time, { doc: 'When the phase last changed.' }),
  },
  { doc: 'What is observed of a persistent volume.' },
) {}

export class PersistentVolume extends object(
  'k8s.io.api.core.v1.PersistentVolume',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, PersistentVolumeSpec, { doc: 'What the volume is.' }),
    status: val(3, PersistentVolumeStatus, { doc: 'What is observed of the volume; by the server only.' }),
  },
  { doc: 'A piece of storage in the cluster.' },
) {}

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

rulesFor(PersistentVolume, {
  check: (volume) => volumeErrors(volume),
  checkUpdate: (volume, old, _, subresource) => volumeUpdateErrors(volume, old, subresource),
  warn: (volume) => volumeWarnings(volume),
})
rulesFor(PersistentVolumeStatus, { defaults: ({ phase }) => (phase ? undefined : { phase: 'Pending' }) })
