/** The rules of a pod's volumes. */

import { defaultPullPolicy } from './image-pull-policy.ts'
import { noBackstep } from './path-rules.ts'
import { claimSpecErrors } from './persistent-volume-claim-rules.ts'
import { projectedErrors } from './projected-rules.ts'
import { driverErrors } from './volume-driver-rules.ts'
import { downwardErrors, itemErrors, modeErrors } from './volume-file-rules.ts'
import type { Volume, VolumeSource } from './volume.ts'
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain } from '#schema/names.ts'
import { compareQuantity } from '#schema/quantity.ts'
import { annotationErrors, labelErrors } from '#schema/validate-metadata.ts'

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']

/** In the order in which they are looked at: of several, all but the first are too many. */
const SOURCES = [
  ...(['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs'] as const),
  ...(['flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap'] as const),
  ...(['azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected'] as const),
  ...(['scaleIO', 'csi', 'ephemeral', 'image'] as const),
]
/** Where a refused source is named otherwise than in the object. */
const EXCESS_NAMES: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

/** A volume that names no source is an empty directory. */
export function volumeDefaults(volume: Volume): Partial<VolumeSource> | undefined {
  const { name: _, ...sources } = volume
  if (Object.values(sources).every((source) => source === undefined)) return { emptyDir: {} }
  if (volume.image && !volume.image.pullPolicy)
    return { image: { ...volume.image, pullPolicy: defaultPullPolicy(volume.image.reference ?? '') } }
  return undefined
}

/** `pod` is the name of the pod, where it is one and not a template. */
export function volumesErrors(volumes: readonly Volume[], path: string, pod?: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    const own = sourceErrors(volume, at, pod)
    const name = volume.name ?? ''
    // An empty name is the declaration's to blame.
    if (name !== '') own.push(...invalidEach(`${at}.name`, name, dns1123Label(name)))
    if (name !== '' && names.has(name)) own.push(duplicate(`${at}.name`, name))
    if (own.length === 0) names.add(name)
    errors.push(...own, ...madeClaimErrors(volume, volumes, at, pod))
  }
  return errors
}

/** A claim that is made for a volume of the pod is that volume's alone. */
function madeClaimErrors(
  { persistentVolumeClaim: claim }: Volume,
  volumes: readonly Volume[],
  at: string,
  pod: string | undefined,
): FieldError[] {
  if (!claim || !pod || !volumes.some((volume) => volume.ephemeral && `${pod}-${volume.name}` === claim.claimName)) return []
  return [
    invalid(`${at}.persistentVolumeClaim.claimName`, claim.claimName, 'must not reference a PVC that gets created for an ephemeral volume'),
  ]
}

function sourceErrors(volume: Volume, at: string, pod: string | undefined): FieldError[] {
  const [first, ...others] = SOURCES.filter((source) => volume[source] !== undefined)
  if (first === undefined) return [required(at, 'must specify a volume type')]
  return [
    ...oneSourceErrors(volume, first, at, pod),
    ...others.map((member) => forbidden(`${at}.${EXCESS_NAMES[member] ?? member}`, 'may not specify more than 1 volume type')),
  ]
}

function oneSourceErrors(volume: Volume, source: (typeof SOURCES)[number], path: string, pod: string | undefined): FieldError[] {
  const at = `${path}.${source}`
  switch (source) {
    case 'emptyDir': {
      const limit = volume.emptyDir!.sizeLimit
      return limit !== undefined && compareQuantity(limit, '0') < 0
        ? [forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
        : []
    }
    case 'hostPath':
      return hostPathErrors(volume.hostPath!, at)
    case 'secret': {
      const { secretName, defaultMode, items = [] } = volume.secret!
      return [
        ...nameErrors(secretName, `${at}.secretName`),
        ...modeErrors(defaultMode, `${at}.defaultMode`),
        ...itemErrors(items, `${at}.items`),
      ]
    }
    case 'configMap': {
      const { name, defaultMode, items = [] } = volume.configMap!
      return [...nameErrors(name, `${at}.name`), ...modeErrors(defaultMode, `${at}.defaultMode`), ...itemErrors(items, `${at}.items`)]
    }
    case 'downwardAPI':
      return [...modeErrors(volume.downwardAPI!.defaultMode, `${at}.defaultMode`), ...downwardErrors(volume.downwardAPI!.items ?? [], at)]
    case 'projected':
      return projectedErrors(volume.projected!, at)
    case 'persistentVolumeClaim':
      return []
    case 'ephemeral':
      return ephemeralErrors(volume, path, pod)
    case 'image':
      return imageErrors(volume.image!, at, pod !== undefined)
    default:
      return driverErrors(volume, source, path)
  }
}

function nameErrors(name: string | undefined, path: string): FieldError[] {
  return name ? [] : [required(path)]
}

function hostPathErrors({ path, type }: NonNullable<Volume['hostPath']>, at: string): FieldError[] {
  if (!path) return []
  const errors = noBackstep(path, `${at}.path`)
  if (type !== undefined && !HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${at}.type`, type, HOST_PATH_TYPES))
  return errors
}

/** Of the metadata of a claim to be made, only labels and annotations can be given. */
function ephemeralErrors({ name, ephemeral }: Volume, path: string, pod: string | undefined): FieldError[] {
  const at = `${path}.ephemeral.volumeClaimTemplate`
  const template = ephemeral!.volumeClaimTemplate
  if (template === undefined) return [required(at)]
  const { labels, annotations, ...others } = template.metadata ?? {}
  const errors = [...annotationErrors(annotations, `${at}.metadata.annotations`), ...labelErrors(labels, `${at}.metadata.labels`)]
  for (const [member, value] of Object.entries(others))
    if (value !== undefined && value !== null && value !== '') errors.push(forbidden(`${at}.metadata.${goName(member)}`, 'cannot be set'))
  if (template.spec) errors.push(...claimSpecErrors(template.spec, `${at}.spec`))
  if (pod && name) {
    const claim = `${pod}-${name}`
    errors.push(
      ...invalidEach(
        `${path}.name`,
        name,
        dns1123Subdomain(claim).map((problem) => `PVC name ${JSON.stringify(claim)}: ${problem}`),
      ),
    )
  }
  return errors
}

/** Upstream names the member after its Go field, with a small first letter. */
function goName(member: string): string {
  return member === 'uid' ? 'uID' : member
}

function imageErrors({ reference, pullPolicy }: NonNullable<Volume['image']>, at: string, isPod: boolean): FieldError[] {
  const errors = isPod && !reference ? [required(`${at}.reference`)] : []
  if (!pullPolicy) errors.push(required(`${at}.pullPolicy`))
  else if (!PULL_POLICIES.includes(pullPolicy)) errors.push(notSupported(`${at}.pullPolicy`, pullPolicy, PULL_POLICIES))
  return errors
}
