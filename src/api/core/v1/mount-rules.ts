/** The rules of how a container mounts the volumes of its pod, as directories and as devices. */

import type { Container, VolumeDevice, VolumeMount } from './container.ts'
import { noBackstep, relativePathErrors } from './path-rules.ts'
import type { Volume } from './volume.ts'
import { forbidden, invalid, notFound, notSupported, type FieldError } from '#schema/field-error.ts'

type Volumes = ReadonlyMap<string, Volume>
type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>

export function mountErrors(container: Mounting, path: string, volumes: Volumes): FieldError[] {
  const mounts = container.volumeMounts ?? []
  const devices = container.volumeDevices ?? []
  const privileged = container.securityContext?.privileged === true
  return [
    ...directoryErrors(mounts, devices, `${path}.volumeMounts`, volumes, privileged),
    ...deviceErrors(devices, mounts, `${path}.volumeDevices`, volumes),
  ]
}

/** What is wrong with how something is mounted is blamed on the list, what is wrong with where on the mount. */
function directoryErrors(
  mounts: readonly VolumeMount[],
  devices: readonly VolumeDevice[],
  path: string,
  volumes: Volumes,
  privileged: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const places = new Set<string>()
  for (const [index, mount] of mounts.entries()) {
    const at = `${path}[${index}]`
    const { name, mountPath, subPath = '', subPathExpr = '' } = mount
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name ?? ''))
    if (places.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    places.add(mountPath)
    if (devices.some((device) => device.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'))
    if (devices.some((device) => device.devicePath === mountPath))
      errors.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    if (subPath !== '') errors.push(...relativePathErrors(subPath, `${path}.subPath`))
    if (subPathExpr !== '') {
      if (subPath !== '') errors.push(invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
      errors.push(...relativePathErrors(subPathExpr, `${path}.subPathExpr`))
    }
    if (mount.mountPropagation === 'Bidirectional' && !privileged)
      errors.push(forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'))
    errors.push(...recursionErrors(mount, `${path}.recursiveReadOnly`))
  }
  return errors
}

const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible']

function recursionErrors({ recursiveReadOnly, readOnly, mountPropagation }: VolumeMount, path: string): FieldError[] {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return []
  if (!RECURSIVE.includes(recursiveReadOnly)) return [notSupported(path, recursiveReadOnly, RECURSIVE)]
  const errors: FieldError[] = []
  if (!readOnly) errors.push(forbidden(path, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'))
  return errors
}

function deviceErrors(devices: readonly VolumeDevice[], mounts: readonly VolumeMount[], path: string, volumes: Volumes): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const places = new Set<string>()
  for (const [index, { name = '', devicePath = '' }] of devices.entries()) {
    const at = `${path}[${index}]`
    const volume = volumes.get(name)
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'))
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'))
    if (!volume) errors.push(notFound(`${at}.name`, name))
    if (places.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (noBackstep(devicePath, at).length > 0) errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else places.add(devicePath)
    if (mounts.some((mount) => mount.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
    if (mounts.some((mount) => mount.mountPath === devicePath))
      errors.push(invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    if (name !== '') names.add(name)
  }
  return errors
}
