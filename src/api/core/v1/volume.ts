/** Declares volume (core/v1). */

import { LocalObjectReference, TypedLocalObjectReference, TypedObjectReference } from './reference.ts'
import { volumeDefaults } from './volume-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, inline, int32, int64, list, map, message, opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'

export class HostPathVolumeSource extends message('k8s.io.api.core.v1.HostPathVolumeSource', {
  path: req(1, string, { keepsZero: true }),
  type: opt(2, string, { default: '', keepsZero: true }),
}) {}

export class EmptyDirVolumeSource extends message('k8s.io.api.core.v1.EmptyDirVolumeSource', {
  medium: opt(1, string),
  sizeLimit: opt(2, quantity),
}) {}

export class GCEPersistentDiskVolumeSource extends message('k8s.io.api.core.v1.GCEPersistentDiskVolumeSource', {
  pdName: req(1, string),
  fsType: opt(2, string),
  partition: opt(3, int32()),
  readOnly: opt(4, bool),
}) {}

export class AWSElasticBlockStoreVolumeSource extends message('k8s.io.api.core.v1.AWSElasticBlockStoreVolumeSource', {
  volumeID: req(1, string),
  fsType: opt(2, string),
  partition: opt(3, int32()),
  readOnly: opt(4, bool),
}) {}

export class GitRepoVolumeSource extends message('k8s.io.api.core.v1.GitRepoVolumeSource', {
  repository: req(1, string),
  revision: opt(2, string),
  directory: opt(3, string),
}) {}

export class KeyToPath extends message('k8s.io.api.core.v1.KeyToPath', {
  key: req(1, string),
  path: req(2, string, { keepsZero: true }),
  mode: opt(3, int32(), { keepsZero: true }),
}) {}

export class SecretVolumeSource extends message('k8s.io.api.core.v1.SecretVolumeSource', {
  secretName: opt(1, string),
  items: opt(2, list(KeyToPath, { listType: 'atomic' })),
  defaultMode: opt(3, int32(), { default: 420, keepsZero: true }),
  optional: opt(4, bool, { keepsZero: true }),
}) {}

export class NFSVolumeSource extends message('k8s.io.api.core.v1.NFSVolumeSource', {
  server: req(1, string),
  path: req(2, string, { keepsZero: true }),
  readOnly: opt(3, bool),
}) {}

export class ISCSIVolumeSource extends message('k8s.io.api.core.v1.ISCSIVolumeSource', {
  targetPortal: req(1, string),
  iqn: req(2, string),
  lun: req(3, int32()),
  iscsiInterface: opt(4, string, { default: 'default' }),
  fsType: opt(5, string),
  readOnly: opt(6, bool),
  portals: opt(7, list(string, { listType: 'atomic' })),
  chapAuthDiscovery: opt(8, bool),
  chapAuthSession: opt(11, bool),
  secretRef: opt(10, LocalObjectReference, { mapType: 'atomic' }),
  initiatorName: opt(12, string, { keepsZero: true }),
}) {}

export class GlusterfsVolumeSource extends message('k8s.io.api.core.v1.GlusterfsVolumeSource', {
  endpoints: req(1, string),
  path: req(2, string, { keepsZero: true }),
  readOnly: opt(3, bool),
}) {}

export class PersistentVolumeClaimVolumeSource extends message('k8s.io.api.core.v1.PersistentVolumeClaimVolumeSource', {
  claimName: req(1, string),
  readOnly: opt(2, bool),
}) {}

export class RBDVolumeSource extends message('k8s.io.api.core.v1.RBDVolumeSource', {
  monitors: req(1, list(string, { listType: 'atomic' })),
  image: req(2, string),
  fsType: opt(3, string),
  pool: opt(4, string),
  user: opt(5, string),
  keyring: opt(6, string),
  secretRef: opt(7, LocalObjectReference, { mapType: 'atomic' }),
  readOnly: opt(8, bool),
}) {}

export class FlexVolumeSource extends message('k8s.io.api.core.v1.FlexVolumeSource', {
  driver: req(1, string),
  fsType: opt(2, string),
  secretRef: opt(3, LocalObjectReference, { mapType: 'atomic' }),
  readOnly: opt(4, bool),
  options: opt(5, map(string)),
}) {}

export class CinderVolumeSource extends message('k8s.io.api.core.v1.CinderVolumeSource', {
  volumeID: req(1, string),
  fsType: opt(2, string),
  readOnly: opt(3, bool),
  secretRef: opt(4, LocalObjectReference, { mapType: 'atomic' }),
}) {}

export class CephFSVolumeSource extends message('k8s.io.api.core.v1.CephFSVolumeSource', {
  monitors: req(1, list(string, { listType: 'atomic' })),
  path: opt(2, string),
  user: opt(3, string),
  secretFile: opt(4, string),
  secretRef: opt(5, LocalObjectReference, { mapType: 'atomic' }),
  readOnly: opt(6, bool),
}) {}

export class FlockerVolumeSource extends message('k8s.io.api.core.v1.FlockerVolumeSource', {
  datasetName: opt(1, string),
  datasetUUID: opt(2, string),
}) {}

export class ObjectFieldSelector extends message(
  'k8s.io.api.core.v1.ObjectFieldSelector',
  {
    apiVersion: opt(1, string, { default: 'v1' }),
    fieldPath: req(2, string),
  },
  { mapType: 'atomic' },
) {}

export class ResourceFieldSelector extends message(
  'k8s.io.api.core.v1.ResourceFieldSelector',
  {
    containerName: opt(1, string),
    resource: req(2, string),
    divisor: opt(3, quantity, { default: '0' }),
  },
  { mapType: 'atomic' },
) {}

export class DownwardAPIVolumeFile extends message('k8s.io.api.core.v1.DownwardAPIVolumeFile', {
  path: req(1, string, { keepsZero: true }),
  fieldRef: opt(2, ObjectFieldSelector, { mapType: 'atomic' }),
  resourceFieldRef: opt(3, ResourceFieldSelector, { mapType: 'atomic' }),
  mode: opt(4, int32(), { keepsZero: true }),
}) {}

export class DownwardAPIVolumeSource extends message('k8s.io.api.core.v1.DownwardAPIVolumeSource', {
  items: opt(1, list(DownwardAPIVolumeFile, { listType: 'atomic' })),
  defaultMode: opt(2, int32(), { default: 420, keepsZero: true }),
}) {}

export class FCVolumeSource extends message('k8s.io.api.core.v1.FCVolumeSource', {
  targetWWNs: opt(1, list(string, { listType: 'atomic' })),
  lun: opt(2, int32(), { keepsZero: true }),
  fsType: opt(3, string),
  readOnly: opt(4, bool),
  wwids: opt(5, list(string, { listType: 'atomic' })),
}) {}

export class AzureFileVolumeSource extends message('k8s.io.api.core.v1.AzureFileVolumeSource', {
  secretName: req(1, string),
  shareName: req(2, string),
  readOnly: opt(3, bool),
}) {}

export class ConfigMapVolumeSource extends message('k8s.io.api.core.v1.ConfigMapVolumeSource', {
  localObjectReference: inline(1, LocalObjectReference),
  items: opt(2, list(KeyToPath, { listType: 'atomic' })),
  defaultMode: opt(3, int32(), { default: 420, keepsZero: true }),
  optional: opt(4, bool, { keepsZero: true }),
}) {}

export class VsphereVirtualDiskVolumeSource extends message('k8s.io.api.core.v1.VsphereVirtualDiskVolumeSource', {
  volumePath: req(1, string),
  fsType: opt(2, string),
  storagePolicyName: opt(3, string),
  storagePolicyID: opt(4, string),
}) {}

export class QuobyteVolumeSource extends message('k8s.io.api.core.v1.QuobyteVolumeSource', {
  registry: req(1, string),
  volume: req(2, string),
  readOnly: opt(3, bool),
  user: opt(4, string),
  group: opt(5, string),
  tenant: opt(6, string),
}) {}

export class AzureDiskVolumeSource extends message('k8s.io.api.core.v1.AzureDiskVolumeSource', {
  diskName: req(1, string),
  diskURI: req(2, string),
  cachingMode: opt(3, string, { keepsZero: true }),
  fsType: opt(4, string, { keepsZero: true }),
  readOnly: opt(5, bool, { keepsZero: true }),
  kind: opt(6, string, { keepsZero: true }),
}) {}

export class PhotonPersistentDiskVolumeSource extends message('k8s.io.api.core.v1.PhotonPersistentDiskVolumeSource', {
  pdID: req(1, string),
  fsType: opt(2, string),
}) {}

export class SecretProjection extends message('k8s.io.api.core.v1.SecretProjection', {
  localObjectReference: inline(1, LocalObjectReference),
  items: opt(2, list(KeyToPath, { listType: 'atomic' })),
  optional: opt(4, bool, { keepsZero: true }),
}) {}

export class DownwardAPIProjection extends message('k8s.io.api.core.v1.DownwardAPIProjection', {
  items: opt(1, list(DownwardAPIVolumeFile, { listType: 'atomic' })),
}) {}

export class ConfigMapProjection extends message('k8s.io.api.core.v1.ConfigMapProjection', {
  localObjectReference: inline(1, LocalObjectReference),
  items: opt(2, list(KeyToPath, { listType: 'atomic' })),
  optional: opt(4, bool, { keepsZero: true }),
}) {}

export class ServiceAccountTokenProjection extends message('k8s.io.api.core.v1.ServiceAccountTokenProjection', {
  audience: opt(1, string),
  expirationSeconds: opt(2, int64(), { default: 3600, keepsZero: true }),
  path: req(3, string, { keepsZero: true }),
}) {}

export class ClusterTrustBundleProjection extends message('k8s.io.api.core.v1.ClusterTrustBundleProjection', {
  name: opt(1, string, { keepsZero: true }),
  signerName: opt(2, string, { keepsZero: true }),
  labelSelector: opt(3, LabelSelector, { mapType: 'atomic' }),
  optional: opt(5, bool, { keepsZero: true }),
  path: req(4, string, { keepsZero: true }),
}) {}

export class PodCertificateProjection extends message('k8s.io.api.core.v1.PodCertificateProjection', {
  signerName: req(1, string),
  keyType: req(2, string),
  maxExpirationSeconds: opt(3, int32(), { keepsZero: true }),
  credentialBundlePath: opt(4, string),
  keyPath: opt(5, string),
  certificateChainPath: opt(6, string),
  userAnnotations: opt(7, map(string)),
}) {}

export class VolumeProjection extends message('k8s.io.api.core.v1.VolumeProjection', {
  secret: opt(1, SecretProjection),
  downwardAPI: opt(2, DownwardAPIProjection),
  configMap: opt(3, ConfigMapProjection),
  serviceAccountToken: opt(4, ServiceAccountTokenProjection),
  clusterTrustBundle: opt(5, ClusterTrustBundleProjection),
  podCertificate: opt(6, PodCertificateProjection),
}) {}

export class ProjectedVolumeSource extends message('k8s.io.api.core.v1.ProjectedVolumeSource', {
  sources: opt(1, list(VolumeProjection, { listType: 'atomic' })),
  defaultMode: opt(2, int32(), { default: 420, keepsZero: true }),
}) {}

export class PortworxVolumeSource extends message('k8s.io.api.core.v1.PortworxVolumeSource', {
  volumeID: req(1, string),
  fsType: opt(2, string),
  readOnly: opt(3, bool),
}) {}

export class ScaleIOVolumeSource extends message('k8s.io.api.core.v1.ScaleIOVolumeSource', {
  gateway: req(1, string),
  system: req(2, string),
  secretRef: req(3, LocalObjectReference, { mapType: 'atomic' }),
  sslEnabled: opt(4, bool),
  protectionDomain: opt(5, string),
  storagePool: opt(6, string),
  storageMode: opt(7, string),
  volumeName: opt(8, string),
  fsType: opt(9, string),
  readOnly: opt(10, bool),
}) {}

export class StorageOSVolumeSource extends message('k8s.io.api.core.v1.StorageOSVolumeSource', {
  volumeName: opt(1, string),
  volumeNamespace: opt(2, string),
  fsType: opt(3, string),
  readOnly: opt(4, bool),
  secretRef: opt(5, LocalObjectReference, { mapType: 'atomic' }),
}) {}

export class CSIVolumeSource extends message('k8s.io.api.core.v1.CSIVolumeSource', {
  driver: req(1, string),
  readOnly: opt(2, bool, { keepsZero: true }),
  fsType: opt(3, string, { keepsZero: true }),
  volumeAttributes: opt(4, map(string)),
  nodePublishSecretRef: opt(5, LocalObjectReference, { mapType: 'atomic' }),
}) {}

export class VolumeResourceRequirements extends message('k8s.io.api.core.v1.VolumeResourceRequirements', {
  limits: opt(1, map(quantity)),
  requests: opt(2, map(quantity)),
}) {}

export class PersistentVolumeClaimSpec extends message('k8s.io.api.core.v1.PersistentVolumeClaimSpec', {
  accessModes: opt(1, list(string, { listType: 'atomic' })),
  selector: opt(4, LabelSelector, { mapType: 'atomic' }),
  resources: val(2, VolumeResourceRequirements),
  volumeName: opt(3, string),
  storageClassName: opt(5, string, { keepsZero: true }),
  volumeMode: opt(6, string, { default: 'Filesystem', keepsZero: true }),
  dataSource: opt(7, TypedLocalObjectReference, { mapType: 'atomic' }),
  dataSourceRef: opt(8, TypedObjectReference),
  volumeAttributesClassName: opt(9, string, { keepsZero: true }),
}) {}

export class PersistentVolumeClaimTemplate extends message('k8s.io.api.core.v1.PersistentVolumeClaimTemplate', {
  metadata: val(1, ObjectMeta),
  spec: req(2, PersistentVolumeClaimSpec),
}) {}

export class EphemeralVolumeSource extends message('k8s.io.api.core.v1.EphemeralVolumeSource', {
  volumeClaimTemplate: opt(1, PersistentVolumeClaimTemplate),
}) {}

export class ImageVolumeSource extends message('k8s.io.api.core.v1.ImageVolumeSource', {
  reference: opt(1, string),
  pullPolicy: opt(2, string),
}) {}

export class VolumeSource extends message('k8s.io.api.core.v1.VolumeSource', {
  hostPath: opt(1, HostPathVolumeSource),
  emptyDir: opt(2, EmptyDirVolumeSource),
  gcePersistentDisk: opt(3, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: opt(4, AWSElasticBlockStoreVolumeSource),
  gitRepo: opt(5, GitRepoVolumeSource),
  secret: opt(6, SecretVolumeSource),
  nfs: opt(7, NFSVolumeSource),
  iscsi: opt(8, ISCSIVolumeSource),
  glusterfs: opt(9, GlusterfsVolumeSource),
  persistentVolumeClaim: opt(10, PersistentVolumeClaimVolumeSource),
  rbd: opt(11, RBDVolumeSource),
  flexVolume: opt(12, FlexVolumeSource),
  cinder: opt(13, CinderVolumeSource),
  cephfs: opt(14, CephFSVolumeSource),
  flocker: opt(15, FlockerVolumeSource),
  downwardAPI: opt(16, DownwardAPIVolumeSource),
  fc: opt(17, FCVolumeSource),
  azureFile: opt(18, AzureFileVolumeSource),
  configMap: opt(19, ConfigMapVolumeSource),
  vsphereVolume: opt(20, VsphereVirtualDiskVolumeSource),
  quobyte: opt(21, QuobyteVolumeSource),
  azureDisk: opt(22, AzureDiskVolumeSource),
  photonPersistentDisk: opt(23, PhotonPersistentDiskVolumeSource),
  projected: opt(26, ProjectedVolumeSource),
  portworxVolume: opt(24, PortworxVolumeSource),
  scaleIO: opt(25, ScaleIOVolumeSource),
  storageos: opt(27, StorageOSVolumeSource),
  csi: opt(28, CSIVolumeSource),
  ephemeral: opt(29, EphemeralVolumeSource),
  image: opt(30, ImageVolumeSource),
}) {}

export class Volume extends message('k8s.io.api.core.v1.Volume', {
  name: req(1, string),
  volumeSource: inline(2, VolumeSource),
}) {}

rulesFor(Volume, { defaults: volumeDefaults })
