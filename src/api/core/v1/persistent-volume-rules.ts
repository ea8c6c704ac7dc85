/** The rules of persistent volumes, and of volumes written into a VolumeAttachment. */

import { accessModeErrors, CLASS_ANNOTATION, RECLAIM_POLICIES, VOLUME_MODES } from './access-modes.ts'
import { noBackstep } from './path-rules.ts'
import type { PersistentVolume, PersistentVolumeSpec } from './persistent-volume.ts'
import { difference } from './pod-update-rules.ts'
import { nodeSelectorErrors } from './scheduling-rules.ts'
import { IMMUTABLE, forbidden, invalid, invalidEach, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label, dns1123Subdomain } from '#schema/names.ts'
import { compareQuantity, milliValue } from '#schema/quantity.ts'

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const INLINE = 'in the context of inline volumes'
const DRIVER_LENGTH_MAX = 63 // of a CSI driver's name

/** In the order in which upstream looks at them; the second one that is set is too many. */
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'azureDisk',
  'portworxVolume',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const

export function volumeErrors({ spec }: PersistentVolume): FieldError[] {
  return spec ? volumeSpecErrors(spec, 'spec', false) : []
}

/** `inline`: the volume stands in a VolumeAttachment, where only what a CSI driver needs may be said. */
export function volumeSpecErrors(spec: PersistentVolumeSpec, path: string, inline: boolean): FieldError[] {
  const at = (member: string) => `${path}.${member}`
  const errors: FieldError[] = []
  const capacity = spec.capacity ?? {}
  const modes = spec.accessModes ?? []
  if (inline) {
    if (spec.claimRef) errors.push(forbidden(at('claimRef'), `may not be specified ${INLINE}`))
    if (Object.keys(capacity).length > 0) errors.push(forbidden(at('capacity'), `may not be specified ${INLINE}`))
    if (!spec.csi) errors.push(required(at('csi'), `has to be specified ${INLINE}`))
  }
  if (modes.length === 0) errors.push(required(at('accessModes')))
  errors.push(...accessModeErrors(modes, at('accessModes')))
  if (!inline) {
    const names = Object.keys(capacity)
    if (names.length === 0) errors.push(required(at('capacity')))
    if (!names.includes('storage') || names.length > 1) errors.push(notSupported(at('capacity'), capacity, ['storage']))
  }
  for (const [name, amount] of Object.entries(capacity)) errors.push(...positiveErrors(amount, `${at('capacity')}[${name}]`))
  const policy = spec.persistentVolumeReclaimPolicy ?? ''
  if (policy !== '') {
    if (inline) {
      if (policy !== 'Retain') errors.push(forbidden(at('persistentVolumeReclaimPolicy'), `may only be Retain ${INLINE}`))
    } else if (!RECLAIM_POLICIES.includes(policy)) errors.push(notSupported(at('persistentVolumeReclaimPolicy'), policy, RECLAIM_POLICIES))
  }
  errors.push(...affinityErrors(spec, at('nodeAffinity')), ...sourceErrors(spec, path))
  if (spec.hostPath && cleanPath(spec.hostPath.path) === '/' && policy === 'Recycle')
    errors.push(forbidden(at('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"))
  if (spec.storageClassName) {
    if (inline) errors.push(forbidden(at('storageClassName'), `may not be specified ${INLINE}`))
    else errors.push(...invalidEach(at('storageClassName'), spec.storageClassName, dns1123Subdomain(spec.storageClassName)))
  }
  if (spec.volumeMode !== undefined) {
    if (inline) {
      if (spec.volumeMode !== 'Filesystem')
        errors.push(forbidden(at('volumeMode'), `may not specify volumeMode other than Filesystem ${INLINE}`))
    } else if (!VOLUME_MODES.includes(spec.volumeMode)) errors.push(notSupported(at('volumeMode'), spec.volumeMode, VOLUME_MODES))
  }
  const { volumeAttributesClassName: attributes } = spec
  if (attributes !== undefined) {
    if (attributes === '') errors.push(required(at('volumeAttributesClassName'), 'an empty string is disallowed'))
    else errors.push(...invalidEach(at('volumeAttributesClassName'), attributes, dns1123Subdomain(attributes)))
    if (!spec.csi) errors.push(required(at('csi'), 'has to be specified when using volumeAttributesClassName'))
  }
  return errors
}

/** An amount of storage: more than nothing, and whole bytes. */
export function positiveErrors(amount: string, path: string): FieldError[] {
  return compareQuantity(amount, '0') > 0 ? [] : [invalid(path, amount, 'must be greater than zero')]
}

function affinityErrors({ nodeAffinity }: PersistentVolumeSpec, path: string): FieldError[] {
  if (nodeAffinity === undefined) return []
  const { required: selector } = nodeAffinity
  if (selector === undefined) return [required(`${path}.required`, 'must specify required node constraints')]
  return nodeSelectorErrors(selector.nodeSelectorTerms ?? [], `${path}.required`)
}

function sourceErrors(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const given = SOURCES.filter((name) => spec[name] !== undefined)
  if (given.length === 0) return [required(path, 'must specify a volume type')]
  const errors = given.slice(1).map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
  const at = `${path}.${given[0]}`
  const { hostPath, nfs, local, csi, iscsi, fc } = spec
  switch (given[0]) {
    case 'hostPath':
      if (hostPath!.path) errors.push(...noBackstep(hostPath!.path, `${at}.path`))
      if (!HOST_PATH_TYPES.includes(hostPath!.type ?? '')) errors.push(notSupported(`${at}.type`, hostPath!.type, HOST_PATH_TYPES))
      break
    case 'nfs':
      if (nfs!.path && !nfs!.path.startsWith('/')) errors.push(invalid(`${at}.path`, nfs!.path, 'must be an absolute path'))
      break
    case 'local':
      if (local!.path) errors.push(...noBackstep(local!.path, `${at}.path`))
      if (spec.nodeAffinity === undefined) errors.push(required(`${path}.nodeAffinity`, 'Local volume requires node affinity'))
      break
    case 'csi':
      errors.push(...csiErrors(csi!, at))
      break
    case 'iscsi':
      if (iscsi!.lun < 0 || iscsi!.lun > 255) errors.push(invalid(`${at}.lun`, iscsi!.lun, 'must be between 0 and 255, inclusive'))
      if ((iscsi!.chapAuthDiscovery || iscsi!.chapAuthSession) && !iscsi!.secretRef) errors.push(required(`${at}.secretRef`))
      break
    case 'fc':
      errors.push(...fibreChannelErrors(fc!, at))
      break
    default:
  }
  return errors
}

function fibreChannelErrors(fc: NonNullable<PersistentVolumeSpec['fc']>, at: string): FieldError[] {
  const names = fc.targetWWNs?.length ?? 0
  const ids = fc.wwids?.length ?? 0
  if (names === 0 && ids === 0) return [required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both')]
  const errors: FieldError[] = []
  if (names > 0 && ids > 0)
    errors.push(invalid(`${at}.targetWWNs`, fc.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  if (names > 0) {
    if (fc.lun === undefined) errors.push(required(`${at}.lun`, 'lun is required if targetWWNs is specified'))
    else if (fc.lun < 0 || fc.lun > 255) errors.push(invalid(`${at}.lun`, fc.lun, 'must be between 0 and 255, inclusive'))
  }
  return errors
}

function csiErrors(csi: NonNullable<PersistentVolumeSpec['csi']>, at: string): FieldError[] {
  const errors = csi.driver ? driverNameErrors(csi.driver, `${at}.driver`) : []
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
    'nodeStageSecretRef',
  ] as const
  for (const member of secrets) {
    const reference = csi[member]
    if (reference === undefined) continue
    if (reference.name) errors.push(...invalidEach(`${at}.${member}.name`, reference.name, dns1123Subdomain(reference.name)))
    else errors.push(required(`${at}.${member}.name`))
    if (reference.namespace)
      errors.push(...invalidEach(`${at}.${member}.namespace`, reference.namespace, dns1123Label(reference.namespace)))
    else errors.push(required(`${at}.${member}.namespace`))
  }
  return errors
}

/** The name of a CSI driver: a domain short enough for a label, in any case. */
export function driverNameErrors(driver: string, path: string): FieldError[] {
  if (driver === '') return [required(path)]
  const errors: FieldError[] = []
  if (Buffer.byteLength(driver) > DRIVER_LENGTH_MAX) errors.push(tooLong(path, DRIVER_LENGTH_MAX))
  errors.push(...invalidEach(path, driver, dns1123Subdomain(driver.toLowerCase())))
  return errors
}

/** What a volume is made from stays; a secret for growing may be added later, and a place where there was none. */
export function volumeUpdateErrors(volume: PersistentVolume, old: PersistentVolume, subresource: string | undefined): FieldError[] {
  if (subresource === 'status') return []
  const errors: FieldError[] = []
  const before = sourcesOf(old.spec)
  let now = sourcesOf(volume.spec)
  if (old.spec.csi && !old.spec.csi.controllerExpandSecretRef && volume.spec.csi?.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = volume.spec.csi
    now = { ...now, csi }
  }
  if (!sameJson(now, before))
    errors.push(
      forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference(before, now)}`),
    )
  if (volume.spec.volumeMode !== old.spec.volumeMode) errors.push(invalid('volumeMode', volume.spec.volumeMode, IMMUTABLE))
  if (old.spec.nodeAffinity && !sameJson(volume.spec.nodeAffinity ?? null, old.spec.nodeAffinity))
    errors.push(invalid('nodeAffinity', volume.spec.nodeAffinity, IMMUTABLE))
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined)
    errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'))
  return errors
}

function sourcesOf(spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SOURCES.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])))
}

/** What is let through, and told. */
export function volumeWarnings(volume: PersistentVolume): string[] {
  const annotations = volume.metadata.annotations ?? {}
  const spec = volume.spec
  const warnings: string[] = []
  if (Object.hasOwn(annotations, CLASS_ANNOTATION))
    warnings.push(`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`)
  if (Object.hasOwn(annotations, 'volume.beta.kubernetes.io/mount-options'))
    warnings.push(
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    )
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    )
  for (const [name, text] of Object.entries(GONE)) if (spec[name as keyof typeof GONE] !== undefined) warnings.push(`spec.${name}: ${text}`)
  const storage = spec.capacity?.['storage']
  if (storage !== undefined && milliValue(storage) % 1000 !== 0)
    warnings.push(`spec.capacity[storage]: fractional byte value "${storage}" is invalid, must be an integer`)
  return warnings
}

const GONE = {
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
} as const

function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return path.startsWith('/') ? `/${parts.join('/')}` : parts.join('/')
}
