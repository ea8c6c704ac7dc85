/** Declares volume (core/v1). */

import { LocalObjectReference, TypedLocalObjectReference, TypedObjectReference } from './reference.ts'
import { volumeDefaults } from './volume-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, inline, int32, int64, list, map, message, opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'

export class HostPathVolumeSource extends message(
  'k8s.io.api.core.v1.HostPathVolumeSource',
  {
    path: req(1, string, { doc: 'Path on the node; links are followed.', keepsZero: true }),
    type: opt(2, string, {
      doc: 'What must be there, such as Directory or FileOrCreate; empty, the default, for no check.',
      default: '',
      keepsZero: true,
    }),
  },
  { doc: 'A file or directory of the node.' },
) {}

export class EmptyDirVolumeSource extends message(
  'k8s.io.api.core.v1.EmptyDirVolumeSource',
  {
    medium: opt(1, string, { doc: "Memory for a tmpfs; the node's disk by default." }),
    sizeLimit: opt(2, quantity, { doc: 'Most it may hold; without a limit by default.' }),
  },
  { doc: 'An empty directory that lives as long as the pod.' },
) {}

export class GCEPersistentDiskVolumeSource extends message(
  'k8s.io.api.core.v1.GCEPersistentDiskVolumeSource',
  {
    pdName: req(1, string, { doc: 'Name of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    partition: opt(3, int32(), { doc: 'Partition to mount; 0, the default, for the whole disk.' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A persistent disk of Google Compute Engine.' },
) {}

export class AWSElasticBlockStoreVolumeSource extends message(
  'k8s.io.api.core.v1.AWSElasticBlockStoreVolumeSource',
  {
    volumeID: req(1, string, { doc: 'Id of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    partition: opt(3, int32(), { doc: 'Partition to mount; 0, the default, for the whole disk.' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A disk of Amazon EBS.' },
) {}

export class GitRepoVolumeSource extends message(
  'k8s.io.api.core.v1.GitRepoVolumeSource',
  {
    repository: req(1, string, { doc: 'URL of the repository.' }),
    revision: opt(2, string, { doc: 'Commit to check out.' }),
    directory: opt(3, string, { doc: 'Directory to clone into; . for the volume itself.' }),
  },
  { doc: 'A directory filled from a Git repository; deprecated and off, use an init container.' },
) {}

export class KeyToPath extends message(
  'k8s.io.api.core.v1.KeyToPath',
  {
    key: req(1, string, { doc: 'The key.' }),
    path: req(2, string, { doc: "Path of the file in the volume, relative and without '..'.", keepsZero: true }),
    mode: opt(3, int32(), {
      doc: "Permission bits of the file; in JSON a decimal number. The volume's default by default.",
      keepsZero: true,
    }),
  },
  { doc: 'Shows a key as a file.' },
) {}

export class SecretVolumeSource extends message(
  'k8s.io.api.core.v1.SecretVolumeSource',
  {
    secretName: opt(1, string, { doc: 'Name of the Secret in the namespace.' }),
    items: opt(2, list(KeyToPath, { listType: 'atomic' }), {
      doc: 'Which keys to show and where. All, under their own names, by default.',
    }),
    defaultMode: opt(3, int32(), {
      doc: 'Permission bits of the files; in JSON a decimal number. 0644 by default.',
      default: 420,
      keepsZero: true,
    }),
    optional: opt(4, bool, { doc: 'Whether the Secret or its keys may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'A volume with the keys of a Secret as files, in memory.' },
) {}

export class NFSVolumeSource extends message(
  'k8s.io.api.core.v1.NFSVolumeSource',
  {
    server: req(1, string, { doc: 'Host name or address of the server.' }),
    path: req(2, string, { doc: 'Path the server exports.', keepsZero: true }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A directory of an NFS server.' },
) {}

export class ISCSIVolumeSource extends message(
  'k8s.io.api.core.v1.ISCSIVolumeSource',
  {
    targetPortal: req(1, string, { doc: 'Address of the target, with a port unless it is 3260.' }),
    iqn: req(2, string, { doc: 'Qualified name of the target.' }),
    lun: req(3, int32(), { doc: 'Logical unit number.' }),
    iscsiInterface: opt(4, string, { doc: 'Interface to use. default, which is TCP, by default.', default: 'default' }),
    fsType: opt(5, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(6, bool, { doc: 'Mounts it read-only. False by default.' }),
    portals: opt(7, list(string, { listType: 'atomic' }), { doc: 'Further addresses of the target.' }),
    chapAuthDiscovery: opt(8, bool, { doc: 'Whether discovery uses CHAP.' }),
    chapAuthSession: opt(11, bool, { doc: 'Whether sessions use CHAP.' }),
    secretRef: opt(10, LocalObjectReference, { doc: 'Secret for CHAP.', mapType: 'atomic' }),
    initiatorName: opt(12, string, { doc: 'Qualified name of the initiator.', keepsZero: true }),
  },
  { doc: 'A disk over iSCSI.' },
) {}

export class GlusterfsVolumeSource extends message(
  'k8s.io.api.core.v1.GlusterfsVolumeSource',
  {
    endpoints: req(1, string, { doc: 'Endpoints object with the servers.' }),
    path: req(2, string, { doc: 'Name of the volume.', keepsZero: true }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A volume of GlusterFS.' },
) {}

export class PersistentVolumeClaimVolumeSource extends message(
  'k8s.io.api.core.v1.PersistentVolumeClaimVolumeSource',
  {
    claimName: req(1, string, { doc: 'Name of the claim in the namespace.' }),
    readOnly: opt(2, bool, { doc: 'Mounts it read-only wherever it is mounted. False by default.' }),
  },
  { doc: 'The volume a claim is bound to.' },
) {}

export class RBDVolumeSource extends message(
  'k8s.io.api.core.v1.RBDVolumeSource',
  {
    monitors: req(1, list(string, { listType: 'atomic' }), { doc: 'Addresses of Ceph monitors.' }),
    image: req(2, string, { doc: 'Name of the image.' }),
    fsType: opt(3, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    pool: opt(4, string, { doc: 'Pool it is in. rbd by default.', default: 'rbd' }),
    user: opt(5, string, { doc: 'User name. admin by default.', default: 'admin' }),
    keyring: opt(6, string, { doc: 'Path of the key ring on the node. /etc/ceph/keyring by default.', default: '/etc/ceph/keyring' }),
    secretRef: opt(7, LocalObjectReference, { doc: 'Secret with the key; goes before keyring.', mapType: 'atomic' }),
    readOnly: opt(8, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A block device of Ceph.' },
) {}

export class FlexVolumeSource extends message(
  'k8s.io.api.core.v1.FlexVolumeSource',
  {
    driver: req(1, string, { doc: 'Name of the driver.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    secretRef: opt(3, LocalObjectReference, { doc: 'Secret that is handed to the driver.', mapType: 'atomic' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
    options: opt(5, map(string), { doc: 'Further options for the driver.' }),
  },
  { doc: 'A volume of an exec plugin on the node; superseded by CSI.' },
) {}

export class CinderVolumeSource extends message(
  'k8s.io.api.core.v1.CinderVolumeSource',
  {
    volumeID: req(1, string, { doc: 'Id of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    secretRef: opt(4, LocalObjectReference, { doc: 'Secret with the parameters to connect to OpenStack.', mapType: 'atomic' }),
  },
  { doc: 'A disk of OpenStack Cinder.' },
) {}

export class CephFSVolumeSource extends message(
  'k8s.io.api.core.v1.CephFSVolumeSource',
  {
    monitors: req(1, list(string, { listType: 'atomic' }), { doc: 'Addresses of Ceph monitors.' }),
    path: opt(2, string, { doc: 'Directory to mount. / by default.' }),
    user: opt(3, string, { doc: 'User name. admin by default.' }),
    secretFile: opt(4, string, { doc: 'Path of the key ring on the node. /etc/ceph/user.secret by default.' }),
    secretRef: opt(5, LocalObjectReference, { doc: 'Secret with the key; goes before secretFile.', mapType: 'atomic' }),
    readOnly: opt(6, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A filesystem of Ceph.' },
) {}

export class FlockerVolumeSource extends message(
  'k8s.io.api.core.v1.FlockerVolumeSource',
  {
    datasetName: opt(1, string, { doc: 'Name of the dataset, in its metadata. Deprecated.', deprecated: true }),
    datasetUUID: opt(2, string, { doc: 'Id of the dataset.' }),
  },
  { doc: 'A dataset of Flocker.' },
) {}

export class ObjectFieldSelector extends message(
  'k8s.io.api.core.v1.ObjectFieldSelector',
  {
    apiVersion: opt(1, string, { doc: 'Version the path is written in. v1 by default.', default: 'v1' }),
    fieldPath: req(2, string, { doc: 'Path of the field.' }),
  },
  { doc: 'Names a field of an object.', mapType: 'atomic' },
) {}

export class ResourceFieldSelector extends message(
  'k8s.io.api.core.v1.ResourceFieldSelector',
  {
    containerName: opt(1, string, { doc: 'Container it is of; demanded in volumes. The container itself in environment variables.' }),
    resource: req(2, string, { doc: 'The resource, such as limits.cpu or requests.memory.' }),
    divisor: opt(3, quantity, { doc: 'Unit to show it in, such as 1Mi. 1 by default.', default: '0' }),
  },
  { doc: 'Names a resource limit or request of a container.', mapType: 'atomic' },
) {}

export class DownwardAPIVolumeFile extends message(
  'k8s.io.api.core.v1.DownwardAPIVolumeFile',
  {
    path: req(1, string, { doc: "Path of the file in the volume, relative and without '..'.", keepsZero: true, mayBeEmpty: true }),
    fieldRef: opt(2, ObjectFieldSelector, { doc: 'A field of the pod, such as metadata.labels.', mapType: 'atomic' }),
    resourceFieldRef: opt(3, ResourceFieldSelector, { doc: 'A resource limit or request of a container.', mapType: 'atomic' }),
    mode: opt(4, int32(), {
      doc: "Permission bits of the file; in JSON a decimal number. The volume's default by default.",
      keepsZero: true,
    }),
  },
  { doc: 'A file with a fact about the pod.' },
) {}

export class DownwardAPIVolumeSource extends message(
  'k8s.io.api.core.v1.DownwardAPIVolumeSource',
  {
    items: opt(1, list(DownwardAPIVolumeFile, { listType: 'atomic' }), { doc: 'Files there are.' }),
    defaultMode: opt(2, int32(), {
      doc: 'Permission bits of the files; in JSON a decimal number. 0644 by default.',
      default: 420,
      keepsZero: true,
    }),
  },
  { doc: 'A volume with facts about the pod as files.' },
) {}

export class FCVolumeSource extends message(
  'k8s.io.api.core.v1.FCVolumeSource',
  {
    targetWWNs: opt(1, list(string, { listType: 'atomic' }), { doc: 'World wide names of the targets.' }),
    lun: opt(2, int32(), { doc: 'Logical unit number.', keepsZero: true }),
    fsType: opt(3, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
    wwids: opt(5, list(string, { listType: 'atomic' }), { doc: 'World wide ids; in place of targetWWNs and lun.' }),
  },
  { doc: 'A disk on Fibre Channel.' },
) {}

export class AzureFileVolumeSource extends message(
  'k8s.io.api.core.v1.AzureFileVolumeSource',
  {
    secretName: req(1, string, { doc: "Secret with the account's name and key." }),
    shareName: req(2, string, { doc: 'Name of the share.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A file share of Azure.' },
) {}

export class ConfigMapVolumeSource extends message(
  'k8s.io.api.core.v1.ConfigMapVolumeSource',
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: opt(2, list(KeyToPath, { listType: 'atomic' }), {
      doc: 'Which keys to show and where. All, under their own names, by default.',
    }),
    defaultMode: opt(3, int32(), {
      doc: 'Permission bits of the files; in JSON a decimal number. 0644 by default.',
      default: 420,
      keepsZero: true,
    }),
    optional: opt(4, bool, { doc: 'Whether the ConfigMap or its keys may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'A volume with the keys of a ConfigMap as files.' },
) {}

export class VsphereVirtualDiskVolumeSource extends message(
  'k8s.io.api.core.v1.VsphereVirtualDiskVolumeSource',
  {
    volumePath: req(1, string, { doc: 'Path of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    storagePolicyName: opt(3, string, { doc: "Name of the storage policy's profile." }),
    storagePolicyID: opt(4, string, { doc: 'Id of that profile.' }),
  },
  { doc: 'A disk of vSphere.' },
) {}

export class QuobyteVolumeSource extends message(
  'k8s.io.api.core.v1.QuobyteVolumeSource',
  {
    registry: req(1, string, { doc: 'Addresses of the registry, as host:port, separated by commas.' }),
    volume: req(2, string, { doc: 'Name of the volume.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
    user: opt(4, string, { doc: "User to mount as. The service account's by default." }),
    group: opt(5, string, { doc: 'Group to mount as. None by default.' }),
    tenant: opt(6, string, { doc: 'Tenant that owns the volume.' }),
  },
  { doc: 'A volume of Quobyte.' },
) {}

export class AzureDiskVolumeSource extends message(
  'k8s.io.api.core.v1.AzureDiskVolumeSource',
  {
    diskName: req(1, string, { doc: 'Name of the disk.' }),
    diskURI: req(2, string, { doc: 'URI of the disk.' }),
    cachingMode: opt(3, string, { doc: 'Host caching: None, ReadOnly or ReadWrite (the default).', keepsZero: true, default: 'ReadWrite' }),
    fsType: opt(4, string, { doc: 'Filesystem of the volume. ext4 by default.', keepsZero: true, default: 'ext4' }),
    readOnly: opt(5, bool, { doc: 'Mounts it read-only. False by default.', keepsZero: true, default: false }),
    kind: opt(6, string, { doc: 'Shared (the default), Dedicated or Managed.', keepsZero: true, default: 'Shared' }),
  },
  { doc: 'A data disk of Azure.' },
) {}

export class PhotonPersistentDiskVolumeSource extends message(
  'k8s.io.api.core.v1.PhotonPersistentDiskVolumeSource',
  {
    pdID: req(1, string, { doc: 'Id of the disk.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
  },
  { doc: 'A disk of Photon Controller.' },
) {}

export class SecretProjection extends message(
  'k8s.io.api.core.v1.SecretProjection',
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: opt(2, list(KeyToPath, { listType: 'atomic' }), {
      doc: 'Which keys to show and where. All, under their own names, by default.',
    }),
    optional: opt(4, bool, { doc: 'Whether the Secret or its keys may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Keys of a Secret as files.' },
) {}

export class DownwardAPIProjection extends message(
  'k8s.io.api.core.v1.DownwardAPIProjection',
  {
    items: opt(1, list(DownwardAPIVolumeFile, { listType: 'atomic' }), { doc: 'Files there are.' }),
  },
  { doc: 'Facts about the pod as files.' },
) {}

export class ConfigMapProjection extends message(
  'k8s.io.api.core.v1.ConfigMapProjection',
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: opt(2, list(KeyToPath, { listType: 'atomic' }), {
      doc: 'Which keys to show and where. All, under their own names, by default.',
    }),
    optional: opt(4, bool, { doc: 'Whether the ConfigMap or its keys may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Keys of a ConfigMap as files.' },
) {}

export class ServiceAccountTokenProjection extends message(
  'k8s.io.api.core.v1.ServiceAccountTokenProjection',
  {
    audience: opt(1, string, { doc: 'Whom the token is for. The API server by default.' }),
    expirationSeconds: opt(2, int64(), {
      doc: 'Seconds it lasts, at least 600. 3600 (1 hour) by default.',
      default: 3600,
      keepsZero: true,
    }),
    path: req(3, string, { doc: 'Path of the file in the volume.', keepsZero: true, mayBeEmpty: true }),
  },
  { doc: "A token of the pod's service account, kept fresh by the kubelet." },
) {}

export class ClusterTrustBundleProjection extends message(
  'k8s.io.api.core.v1.ClusterTrustBundleProjection',
  {
    name: opt(1, string, { doc: 'Name of the ClusterTrustBundle; not with signerName.', keepsZero: true }),
    signerName: opt(2, string, { doc: 'Takes all bundles of this signer; not with name.', keepsZero: true }),
    labelSelector: opt(3, LabelSelector, {
      doc: "Which of the signer's bundles to take. None by default; an empty selector takes all.",
      mapType: 'atomic',
    }),
    optional: opt(5, bool, { doc: 'Whether the bundles may be missing. False by default.', keepsZero: true }),
    path: req(4, string, { doc: 'Path of the file in the volume.', keepsZero: true }),
  },
  { doc: 'Certificates of trust bundles, as one PEM file.' },
) {}

export class PodCertificateProjection extends message(
  'k8s.io.api.core.v1.PodCertificateProjection',
  {
    signerName: req(1, string, { doc: 'Signer that issues the certificate.' }),
    keyType: req(2, string, { doc: 'Sort of key to make, such as ED25519, ECDSAP256 or RSA4096.' }),
    maxExpirationSeconds: opt(3, int32(), {
      doc: 'Most seconds the certificate may last, 3600 (1 hour) to 7862400 (91 days). 86400 (24 hours) by default.',
      keepsZero: true,
    }),
    credentialBundlePath: opt(4, string, { doc: 'Path of a file with key and certificates together.' }),
    keyPath: opt(5, string, { doc: 'Path of a file with the key.' }),
    certificateChainPath: opt(6, string, { doc: 'Path of a file with the certificates.' }),
    userAnnotations: opt(7, map(string), { doc: 'Further words for the signer.' }),
  },
  { doc: 'A private key and a certificate for the pod, kept fresh by the kubelet.' },
) {}

export class VolumeProjection extends message(
  'k8s.io.api.core.v1.VolumeProjection',
  {
    secret: opt(1, SecretProjection, { doc: 'Keys of a Secret.' }),
    downwardAPI: opt(2, DownwardAPIProjection, { doc: 'Facts about the pod.' }),
    configMap: opt(3, ConfigMapProjection, { doc: 'Keys of a ConfigMap.' }),
    serviceAccountToken: opt(4, ServiceAccountTokenProjection, { doc: "A token of the pod's service account." }),
    clusterTrustBundle: opt(5, ClusterTrustBundleProjection, { doc: 'Certificates of trust bundles.' }),
    podCertificate: opt(6, PodCertificateProjection, { doc: 'A private key and a certificate for the pod.' }),
  },
  { doc: 'One source of a projected volume; exactly one must be set.' },
) {}

export class ProjectedVolumeSource extends message(
  'k8s.io.api.core.v1.ProjectedVolumeSource',
  {
    sources: opt(1, list(VolumeProjection, { listType: 'atomic' }), { doc: 'What is shown there.' }),
    defaultMode: opt(2, int32(), {
      doc: 'Permission bits of the files; in JSON a decimal number. 0644 by default.',
      default: 420,
      keepsZero: true,
    }),
  },
  { doc: 'Several sources in one directory.' },
) {}

export class PortworxVolumeSource extends message(
  'k8s.io.api.core.v1.PortworxVolumeSource',
  {
    volumeID: req(1, string, { doc: 'Id of the volume.' }),
    fsType: opt(2, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(3, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A volume of Portworx.' },
) {}

export class ScaleIOVolumeSource extends message(
  'k8s.io.api.core.v1.ScaleIOVolumeSource',
  {
    gateway: req(1, string, { doc: 'Address of the gateway.' }),
    system: req(2, string, { doc: 'Name of the system.' }),
    secretRef: req(3, LocalObjectReference, { doc: 'Secret with user and password.', mapType: 'atomic', mayBeEmpty: true }),
    sslEnabled: opt(4, bool, { doc: 'Whether to use TLS with the gateway. False by default.' }),
    protectionDomain: opt(5, string, { doc: 'Name of the protection domain.' }),
    storagePool: opt(6, string, { doc: 'Storage pool of the domain.' }),
    storageMode: opt(7, string, { doc: 'ThickProvisioned or ThinProvisioned (the default).', default: 'ThinProvisioned' }),
    volumeName: opt(8, string, { doc: 'Name of the volume.' }),
    fsType: opt(9, string, { doc: 'Filesystem of the volume. xfs by default.', default: 'xfs' }),
    readOnly: opt(10, bool, { doc: 'Mounts it read-only. False by default.' }),
  },
  { doc: 'A volume of ScaleIO.' },
) {}

export class StorageOSVolumeSource extends message(
  'k8s.io.api.core.v1.StorageOSVolumeSource',
  {
    volumeName: opt(1, string, { doc: 'Name of the volume.' }),
    volumeNamespace: opt(2, string, { doc: "StorageOS namespace it is in. The one named like the pod's namespace by default." }),
    fsType: opt(3, string, { doc: 'Filesystem of the volume, such as ext4 or xfs.' }),
    readOnly: opt(4, bool, { doc: 'Mounts it read-only. False by default.' }),
    secretRef: opt(5, LocalObjectReference, { doc: 'Secret with the credentials.', mapType: 'atomic' }),
  },
  { doc: 'A volume of StorageOS.' },
) {}

export class CSIVolumeSource extends message(
  'k8s.io.api.core.v1.CSIVolumeSource',
  {
    driver: req(1, string, { doc: 'Name of the CSI driver.' }),
    readOnly: opt(2, bool, { doc: 'Mounts it read-only. False by default.', keepsZero: true }),
    fsType: opt(3, string, { doc: "Filesystem of the volume. The driver's choice by default.", keepsZero: true }),
    volumeAttributes: opt(4, map(string), { doc: 'Settings for the driver.' }),
    nodePublishSecretRef: opt(5, LocalObjectReference, { doc: 'Secret that is handed to the driver on mounting.', mapType: 'atomic' }),
  },
  { doc: 'A volume that a CSI driver makes for the pod and that ends with it.' },
) {}

export class VolumeResourceRequirements extends message(
  'k8s.io.api.core.v1.VolumeResourceRequirements',
  {
    limits: opt(1, map(quantity), { doc: 'Most storage, by resource.' }),
    requests: opt(2, map(quantity), { doc: 'Least storage, by resource.' }),
  },
  { doc: 'How much storage is wanted.' },
) {}

export class PersistentVolumeClaimSpec extends message(
  'k8s.io.api.core.v1.PersistentVolumeClaimSpec',
  {
    accessModes: opt(1, list(string, { listType: 'atomic' }), {
      doc: 'How it will be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.',
    }),
    selector: opt(4, LabelSelector, { doc: 'Chooses among volumes by their labels.', mapType: 'atomic' }),
    resources: val(2, VolumeResourceRequirements, { doc: 'Least and most storage.' }),
    volumeName: opt(3, string, { doc: 'Volume it is bound to.' }),
    storageClassName: opt(5, string, {
      doc: 'StorageClass of the volume; empty for volumes without class. The default class by default.',
      keepsZero: true,
    }),
    volumeMode: opt(6, string, { doc: 'Filesystem (the default) or Block.', default: 'Filesystem', keepsZero: true }),
    dataSource: opt(7, TypedLocalObjectReference, { doc: 'Snapshot or claim the volume starts as a copy of.', mapType: 'atomic' }),
    dataSourceRef: opt(8, TypedObjectReference, {
      doc: 'Object the volume is filled from; like dataSource, but of any kind and namespace.',
    }),
    volumeAttributesClassName: opt(9, string, { doc: 'VolumeAttributesClass of the volume; may be changed later.', keepsZero: true }),
  },
  { doc: 'What is wanted of a volume.' },
) {}

export class PersistentVolumeClaimTemplate extends message(
  'k8s.io.api.core.v1.PersistentVolumeClaimTemplate',
  {
    metadata: val(1, ObjectMeta, { doc: 'Labels and annotations of what is made from it.' }),
    spec: req(2, PersistentVolumeClaimSpec, { doc: 'What is wanted of the volume.' }),
  },
  { doc: 'A claim to be made for a pod.' },
) {}

export class EphemeralVolumeSource extends message(
  'k8s.io.api.core.v1.EphemeralVolumeSource',
  {
    volumeClaimTemplate: opt(1, PersistentVolumeClaimTemplate, { doc: 'Claim to make; it is named after the pod and the volume.' }),
  },
  { doc: 'A volume from a claim that is made for the pod and deleted with it.' },
) {}

export class ImageVolumeSource extends message(
  'k8s.io.api.core.v1.ImageVolumeSource',
  {
    reference: opt(1, string, { doc: 'Image to mount, named as for containers.' }),
    pullPolicy: opt(2, string, { doc: 'Always, IfNotPresent or Never. Always for the tag latest, else IfNotPresent by default.' }),
  },
  { doc: 'The files of an OCI image or artifact, read-only.' },
) {}

export class VolumeSource extends message(
  'k8s.io.api.core.v1.VolumeSource',
  {
    hostPath: opt(1, HostPathVolumeSource, { doc: 'A file or directory of the node; lets pods reach far into it.' }),
    emptyDir: opt(2, EmptyDirVolumeSource, { doc: 'An empty directory that lives as long as the pod.' }),
    gcePersistentDisk: opt(3, GCEPersistentDiskVolumeSource, {
      doc: 'A Google Compute Engine disk; use the CSI driver pd.csi.storage.gke.io. Deprecated.',
      deprecated: true,
    }),
    awsElasticBlockStore: opt(4, AWSElasticBlockStoreVolumeSource, {
      doc: 'An Amazon EBS disk; use the CSI driver ebs.csi.aws.com. Deprecated.',
      deprecated: true,
    }),
    gitRepo: opt(5, GitRepoVolumeSource, {
      doc: 'A directory filled from a Git repository; use an init container with an emptyDir. Deprecated.',
      deprecated: true,
    }),
    secret: opt(6, SecretVolumeSource, { doc: 'The keys of a Secret as files.' }),
    nfs: opt(7, NFSVolumeSource, { doc: 'A directory of an NFS server.' }),
    iscsi: opt(8, ISCSIVolumeSource, { doc: 'A disk over iSCSI.' }),
    glusterfs: opt(9, GlusterfsVolumeSource, { doc: 'A GlusterFS volume; no longer supported. Deprecated.', deprecated: true }),
    persistentVolumeClaim: opt(10, PersistentVolumeClaimVolumeSource, { doc: 'The volume a claim is bound to.' }),
    rbd: opt(11, RBDVolumeSource, { doc: 'A Ceph block device; no longer supported. Deprecated.', deprecated: true }),
    flexVolume: opt(12, FlexVolumeSource, {
      doc: 'A volume of an exec plugin on the node; use a CSI driver. Deprecated.',
      deprecated: true,
    }),
    cinder: opt(13, CinderVolumeSource, {
      doc: 'An OpenStack Cinder disk; use the CSI driver cinder.csi.openstack.org. Deprecated.',
      deprecated: true,
    }),
    cephfs: opt(14, CephFSVolumeSource, { doc: 'A Ceph filesystem; no longer supported. Deprecated.', deprecated: true }),
    flocker: opt(15, FlockerVolumeSource, { doc: 'A Flocker dataset; no longer supported. Deprecated.', deprecated: true }),
    downwardAPI: opt(16, DownwardAPIVolumeSource, { doc: 'Facts about the pod as files.' }),
    fc: opt(17, FCVolumeSource, { doc: 'A disk on Fibre Channel.' }),
    azureFile: opt(18, AzureFileVolumeSource, {
      doc: 'An Azure file share; use the CSI driver file.csi.azure.com. Deprecated.',
      deprecated: true,
    }),
    configMap: opt(19, ConfigMapVolumeSource, { doc: 'The keys of a ConfigMap as files.' }),
    vsphereVolume: opt(20, VsphereVirtualDiskVolumeSource, {
      doc: 'A vSphere disk; use the CSI driver csi.vsphere.vmware.com. Deprecated.',
      deprecated: true,
    }),
    quobyte: opt(21, QuobyteVolumeSource, { doc: 'A Quobyte volume; no longer supported. Deprecated.', deprecated: true }),
    azureDisk: opt(22, AzureDiskVolumeSource, {
      doc: 'An Azure data disk; use the CSI driver disk.csi.azure.com. Deprecated.',
      deprecated: true,
    }),
    photonPersistentDisk: opt(23, PhotonPersistentDiskVolumeSource, {
      doc: 'A Photon Controller disk; no longer supported. Deprecated.',
      deprecated: true,
    }),
    projected: opt(26, ProjectedVolumeSource, { doc: 'Several sources in one directory.' }),
    portworxVolume: opt(24, PortworxVolumeSource, {
      doc: 'A Portworx volume; use the CSI driver pxd.portworx.com. Deprecated.',
      deprecated: true,
    }),
    scaleIO: opt(25, ScaleIOVolumeSource, { doc: 'A ScaleIO volume; no longer supported. Deprecated.', deprecated: true }),
    storageos: opt(27, StorageOSVolumeSource, { doc: 'A StorageOS volume; no longer supported. Deprecated.', deprecated: true }),
    csi: opt(28, CSIVolumeSource, { doc: 'A volume that a CSI driver makes for the pod.' }),
    ephemeral: opt(29, EphemeralVolumeSource, { doc: 'A volume from a claim that is made for the pod and deleted with it.' }),
    image: opt(30, ImageVolumeSource, { doc: 'The files of an OCI image or artifact, read-only.' }),
  },
  { doc: 'What a volume is made from; exactly one must be set.' },
) {}

export class Volume extends message(
  'k8s.io.api.core.v1.Volume',
  {
    name: req(1, string, { doc: 'Name, unique in the pod.' }),
    volumeSource: inline(2, VolumeSource),
  },
  { doc: 'A directory or device that containers of the pod can mount; exactly one source must be set.' },
) {}

rulesFor(Volume, { defaults: volumeDefaults })
