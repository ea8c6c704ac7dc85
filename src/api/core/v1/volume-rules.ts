/** The rules of a pod's volumes. */

import { fieldRefErrors, noBackstep, relativePathErrors, resourceRefErrors } from './container-rules.ts'
import { defaultPullPolicy } from './image-pull-policy.ts'
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume, VolumeSource } from './volume.ts'
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, inRange } from '#schema/names.ts'
import { compareQuantity } from '#schema/quantity.ts'

const FILE_MODE_MAX = 0o777
const DOWNWARD_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const TOKEN_SECONDS_MIN = 600
const TOKEN_SECONDS_MAX = 2 ** 32

/** A volume that names no source is an empty directory. */
export function volumeDefaults(volume: Volume): Partial<VolumeSource> | undefined {
  const { name: _, ...sources } = volume
  if (Object.values(sources).every((source) => source === undefined)) return { emptyDir: {} }
  if (volume.image && !volume.image.pullPolicy)
    return { image: { ...volume.image, pullPolicy: defaultPullPolicy(volume.image.reference ?? '') } }
  return undefined
}

export function volumesErrors(volumes: readonly Volume[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    errors.push(...sourceErrors(volume, at))
    if (volume.name) {
      const problems = dns1123Label(volume.name)
      errors.push(...invalidEach(`${at}.name`, volume.name, problems))
      if (problems.length === 0 && names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name))
      names.add(volume.name)
    }
  }
  return errors
}

function sourceErrors(volume: Volume, at: string): FieldError[] {
  const { name: _, ...sources } = volume
  const given = Object.keys(sources).filter((key) => sources[key as keyof typeof sources] !== undefined)
  if (given.length === 0) return [required(at, 'must specify a volume type')]
  const errors = given.slice(1).map((member) => forbidden(`${at}.${member}`, 'may not specify more than 1 volume type'))
  const { hostPath, emptyDir, secret, configMap, downwardAPI, projected, persistentVolumeClaim, nfs } = volume
  if (hostPath) {
    errors.push(...(hostPath.path ? noBackstep(hostPath.path, `${at}.hostPath.path`) : []))
    const type = hostPath.type ?? ''
    if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${at}.hostPath.type`, type, HOST_PATH_TYPES))
  }
  if (emptyDir?.sizeLimit !== undefined && compareQuantity(emptyDir.sizeLimit, '0') < 0)
    errors.push(forbidden(`${at}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
  if (secret) {
    if (!secret.secretName) errors.push(required(`${at}.secret.secretName`))
    errors.push(...modeErrors(secret.defaultMode, `${at}.secret.defaultMode`), ...itemErrors(secret.items ?? [], `${at}.secret.items`))
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${at}.configMap.name`))
    errors.push(
      ...modeErrors(configMap.defaultMode, `${at}.configMap.defaultMode`),
      ...itemErrors(configMap.items ?? [], `${at}.configMap.items`),
    )
  }
  if (downwardAPI)
    errors.push(
      ...modeErrors(downwardAPI.defaultMode, `${at}.downwardAPI.defaultMode`),
      ...downwardErrors(downwardAPI.items ?? [], `${at}.downwardAPI`),
    )
  if (projected) errors.push(...projectedErrors(projected, `${at}.projected`))
  if (persistentVolumeClaim?.claimName)
    errors.push(
      ...invalidEach(
        `${at}.persistentVolumeClaim.claimName`,
        persistentVolumeClaim.claimName,
        dns1123Subdomain(persistentVolumeClaim.claimName),
      ),
    )
  if (nfs?.path && !nfs.path.startsWith('/')) errors.push(invalid(`${at}.nfs.path`, nfs.path, 'must be an absolute path'))
  return errors
}

function modeErrors(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined) return []
  return inRange(mode, 0, FILE_MODE_MAX).length === 0
    ? []
    : [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

function itemErrors(items: readonly KeyToPath[], path: string): FieldError[] {
  return items.flatMap((item, index) => [
    ...(item.path ? localPathErrors(item.path, `${path}[${index}].path`) : []),
    ...modeErrors(item.mode, `${path}[${index}].mode`),
  ])
}

/** A file below the volume: relative, without `..`, and not dressed as one of the writer's own. */
function localPathErrors(file: string, path: string): FieldError[] {
  const errors = relativePathErrors(file, path)
  if (errors.length === 0 && file.startsWith('..')) errors.push(invalid(path, file, "must not start with '..'"))
  return errors
}

function downwardErrors(items: readonly DownwardAPIVolumeFile[], path: string): FieldError[] {
  return items.flatMap((item) => {
    const errors = item.path ? localPathErrors(item.path, `${path}.path`) : []
    if (item.fieldRef) {
      errors.push(...fieldRefErrors(item.fieldRef.fieldPath, `${path}.fieldRef`, DOWNWARD_FIELDS))
      if (item.resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (item.resourceFieldRef) {
      if (!item.resourceFieldRef.containerName) errors.push(required(`${path}.resourceFieldRef.containerName`))
      errors.push(...resourceRefErrors(item.resourceFieldRef.resource, `${path}.resourceFieldRef`))
    } else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
    return [...errors, ...modeErrors(item.mode, `${path}.mode`)]
  })
}

function projectedErrors(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = modeErrors(projected.defaultMode, `${path}.defaultMode`)
  const files = new Set<string>()
  const claim = (file: string | undefined, at: string) => {
    if (!file) return
    if (files.has(file)) errors.push(invalid(at, file, 'conflicting duplicate paths'))
    files.add(file)
  }
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`
    const given = Object.keys(source).filter((key) => source[key as keyof typeof source] !== undefined)
    for (const member of given.slice(1)) errors.push(forbidden(`${at}.${member}`, 'may not specify more than 1 volume type'))
    if (given.length === 0) errors.push(required(at, 'must specify a volume type'))
    for (const kind of ['secret', 'configMap'] as const) {
      const part = source[kind]
      if (part === undefined) continue
      if (!part.name) errors.push(required(`${at}.${kind}.name`))
      errors.push(...itemErrors(part.items ?? [], `${at}.${kind}.items`))
      for (const [i, item] of (part.items ?? []).entries()) claim(item.path, `${at}.${kind}.items[${i}].path`)
    }
    if (source.downwardAPI) {
      errors.push(...downwardErrors(source.downwardAPI.items ?? [], `${at}.downwardAPI`))
      for (const item of source.downwardAPI.items ?? []) claim(item.path, `${at}.downwardAPI`)
    }
    const token = source.serviceAccountToken
    if (token) {
      const seconds = token.expirationSeconds ?? 3600
      const field = `${at}.serviceAccountToken`
      if (seconds < TOKEN_SECONDS_MIN)
        errors.push(invalid(`${field}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'))
      if (seconds > TOKEN_SECONDS_MAX)
        errors.push(invalid(`${field}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'))
      if (token.path) errors.push(...localPathErrors(token.path, `${field}.path`))
      claim(token.path, `${field}.path`)
    }
  }
  return errors
}
