/** The files of volumes made from API objects: configMap, secret, downwardAPI, projected with service account tokens. */

import type { Pod } from '#api/core/v1/pod.ts'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { DownwardAPIVolumeFile, KeyToPath, Volume } from '#api/core/v1/volume.ts'
import type { ObjectReader } from '../containers/environment.ts'
import { podField, resourceField, type PodFieldContext } from '../containers/pod-fields.ts'
import type { Payload, ProjectedFile } from './atomic-writer.ts'

export interface ProjectionParts extends PodFieldContext {
  readonly objects: ObjectReader
  /** A token for the pod's service account. */
  readonly token: (pod: Pod, audience: string, expirationSeconds: number) => Promise<string>
}

const DEFAULT_MODE = 0o644

/** Undefined when the volume is of another sort. Throws what FailedMount will say. */
export async function projection(volume: Volume, parts: ProjectionParts): Promise<Payload | undefined> {
  const files = new Map<string, ProjectedFile>()
  const namespace = parts.pod.metadata.namespace ?? 'default'
  if (volume.configMap) {
    const { name = '', items, defaultMode = DEFAULT_MODE, optional } = volume.configMap
    const found = await parts.objects.configMap(namespace, name)
    if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`)
    addKeys(files, configMapData(found), items, defaultMode, optional === true, 'configmap')
    return files
  }
  if (volume.secret) {
    const { secretName = '', items, defaultMode = DEFAULT_MODE, optional } = volume.secret
    const found = await parts.objects.secret(namespace, secretName)
    if (found === undefined && optional !== true) throw new Error(`secret "${secretName}" not found`)
    addKeys(files, binary(found?.data), items, defaultMode, optional === true, 'secret')
    return files
  }
  if (volume.downwardAPI) {
    addFields(files, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? DEFAULT_MODE, parts)
    return files
  }
  if (volume.projected === undefined) return undefined
  const mode = volume.projected.defaultMode ?? DEFAULT_MODE
  for (const source of volume.projected.sources ?? []) {
    if (source.configMap) {
      const { name = '', items, optional } = source.configMap
      const found = await parts.objects.configMap(namespace, name)
      if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`)
      addKeys(files, configMapData(found), items, mode, optional === true, 'configmap')
    } else if (source.secret) {
      const { name = '', items, optional } = source.secret
      const found = await parts.objects.secret(namespace, name)
      if (found === undefined && optional !== true) throw new Error(`secret "${name}" not found`)
      addKeys(files, binary(found?.data), items, mode, optional === true, 'secret')
    } else if (source.downwardAPI) addFields(files, source.downwardAPI.items ?? [], mode, parts)
    else if (source.serviceAccountToken) {
      const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken
      const text = await parts.token(parts.pod, audience, expirationSeconds)
      files.set(path, { data: Buffer.from(text), ...tokenAccess(parts.pod, mode) })
    } else throw new Error(`projected volume "${volume.name}": this source is not supported here`)
  }
  return files
}

/** A token is readable by the one user the pod's containers run as, by its group if it has one, else by all. */
function tokenAccess(pod: Pod, mode: number): { readonly mode: number; readonly uid?: number } {
  const { securityContext } = pod.spec
  if (securityContext?.fsGroup !== undefined) return { mode: 0o600 }
  const users = new Set(
    [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((c) => c.securityContext?.runAsUser ?? securityContext?.runAsUser),
  )
  const [only] = users
  return users.size === 1 && only !== undefined ? { mode: 0o600, uid: only } : { mode }
}

function configMapData(found: ConfigMap | undefined): ReadonlyMap<string, Uint8Array> {
  return new Map([...Object.entries(found?.data ?? {}).map(([k, v]) => [k, Buffer.from(v)] as const), ...binary(found?.binaryData)])
}

function binary(data: Readonly<Record<string, string>> | undefined): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')]))
}

function addKeys(
  files: Map<string, ProjectedFile>,
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  kind: 'configmap' | 'secret',
): void {
  if (items === undefined || items.length === 0) {
    for (const [key, value] of data) files.set(key, { data: value, mode })
    return
  }
  for (const item of items) {
    const value = data.get(item.key)
    if (value !== undefined) files.set(item.path, { data: value, mode: item.mode ?? mode })
    else if (!optional)
      throw new Error(
        kind === 'configmap'
          ? `configmap references non-existent config key: ${item.key}`
          : `references non-existent secret key: ${item.key}`,
      )
  }
}

function addFields(files: Map<string, ProjectedFile>, items: readonly DownwardAPIVolumeFile[], mode: number, parts: ProjectionParts): void {
  for (const item of items) {
    let text = ''
    if (item.fieldRef) text = podField(item.fieldRef.fieldPath, parts)
    else if (item.resourceFieldRef) {
      const { containerName } = item.resourceFieldRef
      const container = [...parts.pod.spec.containers, ...(parts.pod.spec.initContainers ?? [])].find((c) => c.name === containerName)
      if (container === undefined) throw new Error(`container ${containerName} not found`)
      text = resourceField(item.resourceFieldRef, container, parts.allocatable)
    }
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode })
  }
}
