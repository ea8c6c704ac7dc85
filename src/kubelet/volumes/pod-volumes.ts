/** A pod's volumes on disk: set up before its containers start, kept up to date, and taken away after they are gone. */

import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { HostPathVolumeSource, Volume } from '#api/core/v1/volume.ts'
import type { Clock } from '#base/clock.ts'
import { wholeAmount } from '../resources/amounts.ts'
import { writeAtomically } from './atomic-writer.ts'
import { isMounted, mountTmpfs, unmountBelow } from './mounts.ts'
import { projection, type ProjectionParts } from './projections.ts'
import { bindSubPath } from './sub-path.ts'

export interface MountedVolume {
  readonly path: string
  readonly readOnly: boolean
}

/** A volume could not be set up; upstream's event and its text. */
export class MountFailure extends Error {
  override readonly name = 'MountFailure'
}

export interface PodVolumes {
  /** Sets up, or brings up to date, every volume of the pod. Throws `MountFailure` at the first that cannot be. */
  setUp(parts: ProjectionParts): Promise<ReadonlyMap<string, MountedVolume>>
  /** The host path to mount for one mount of a container. */
  subPath(pod: Pod, container: string, index: number, volume: MountedVolume, volumeName: string, subPath: string): Promise<string>
  /** Where one of the kubelet's own files for a container lies: its termination message. */
  file(pod: Pod, container: string, name: string): string
  hostsFile(pod: Pod, text: string): string
  /** Unmounts and deletes all of it. */
  tearDown(uid: string): Promise<void>
  /** Pods whose folders are there. */
  known(): readonly string[]
}

export interface DiskVolumesParts {
  readonly rootDirectory: string
  readonly clock: Clock
  readonly claim: (namespace: string, name: string) => Promise<PersistentVolumeClaim | undefined>
  readonly persistentVolume: (name: string) => Promise<PersistentVolume | undefined>
}

const EMPTY_DIR_MODE = 0o777

export function diskVolumes(parts: DiskVolumesParts): PodVolumes {
  const pods = join(parts.rootDirectory, 'pods')
  const podDirectory = (uid: string) => join(pods, uid)

  async function one(volume: Volume, p: ProjectionParts): Promise<MountedVolume> {
    const { pod } = p
    const fsGroup = pod.spec.securityContext?.fsGroup
    const place = (plugin: string) => join(podDirectory(pod.metadata.uid), 'volumes', `kubernetes.io~${plugin}`, volume.name)
    if (volume.emptyDir) {
      const path = place('empty-dir')
      const isNew = !existsSync(path)
      mkdirSync(path, { recursive: true })
      if (volume.emptyDir.medium === 'Memory' && !(await isMounted(path))) {
        await mountTmpfs(path, volume.emptyDir.sizeLimit === undefined ? undefined : wholeAmount(volume.emptyDir.sizeLimit))
      } else if (!isNew) return { path, readOnly: false }
      if (fsGroup !== undefined) chownSync(path, 0, fsGroup)
      chmodSync(path, fsGroup === undefined ? EMPTY_DIR_MODE : EMPTY_DIR_MODE | 0o2000)
      return { path, readOnly: false }
    }
    if (volume.hostPath) return { path: hostPath(volume.hostPath), readOnly: false }
    if (volume.persistentVolumeClaim || volume.ephemeral) {
      const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`
      const path = await claimed(pod, name)
      if (fsGroup !== undefined) applyGroup(path, fsGroup)
      return { path, readOnly: volume.persistentVolumeClaim?.readOnly === true }
    }
    const payload = await projection(volume, p)
    if (payload === undefined) throw new Error(`no volume plugin matched: volume "${volume.name}" is of a type this node does not mount`)
    const plugin = volume.configMap ? 'configmap' : volume.secret ? 'secret' : volume.downwardAPI ? 'downward-api' : 'projected'
    const path = place(plugin)
    if (!existsSync(path)) {
      mkdirSync(path, { recursive: true })
      // secrets never touch a disk
      if (volume.secret || volume.projected) await mountTmpfs(path, undefined)
      if (fsGroup !== undefined) chownSync(path, 0, fsGroup)
      chmodSync(path, fsGroup === undefined ? EMPTY_DIR_MODE : EMPTY_DIR_MODE | 0o2000)
    }
    writeAtomically(path, payload, parts.clock.now(), fsGroup)
    return { path, readOnly: false }
  }

  async function claimed(pod: Pod, name: string): Promise<string> {
    const namespace = pod.metadata.namespace ?? 'default'
    const claim = await parts.claim(namespace, name)
    if (claim === undefined) throw new Error(`persistentvolumeclaim "${name}" not found`)
    const bound = claim.spec.volumeName
    if (claim.status.phase !== 'Bound' || !bound) throw new Error(`PVC ${namespace}/${name} is not bound`)
    const found = await parts.persistentVolume(bound)
    if (found === undefined) throw new Error(`persistentvolume "${bound}" not found`)
    const { hostPath: onHost, local } = found.spec
    if (onHost) return hostPath(onHost)
    if (local) {
      if (!existsSync(local.path)) throw new Error(`path "${local.path}" does not exist`)
      return local.path
    }
    throw new Error(`no volume plugin matched: persistent volume "${bound}" is of a type this node does not mount`)
  }

  return {
    async setUp(p) {
      const mounted = new Map<string, MountedVolume>()
      for (const volume of p.pod.spec.volumes ?? []) {
        try {
          mounted.set(volume.name, await one(volume, p))
        } catch (error) {
          throw new MountFailure(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`, { cause: error })
        }
      }
      return mounted
    },
    subPath: (pod, container, index, volume, volumeName, subPath) =>
      bindSubPath(volume.path, subPath, join(podDirectory(pod.metadata.uid), 'volume-subpaths', volumeName, container, String(index))),
    file(pod, container, name) {
      const directory = join(podDirectory(pod.metadata.uid), 'containers', container)
      mkdirSync(directory, { recursive: true })
      const path = join(directory, name)
      writeFileSync(path, '')
      chmodSync(path, 0o666) // whatever user the container runs as may leave its last words
      return path
    },
    hostsFile(pod, text) {
      mkdirSync(podDirectory(pod.metadata.uid), { recursive: true })
      const path = join(podDirectory(pod.metadata.uid), 'etc-hosts')
      writeFileSync(path, text, { mode: 0o644 })
      return path
    },
    async tearDown(uid) {
      const directory = podDirectory(uid)
      if (!existsSync(directory)) return
      await unmountBelow(directory)
      rmSync(directory, { recursive: true, force: true })
    },
    known: () => (existsSync(pods) ? readdirSync(pods) : []),
  }
}

/** No disk: for pods that run in memory. */
export const noVolumes: PodVolumes = {
  setUp: async ({ pod }) => new Map((pod.spec.volumes ?? []).map((v) => [v.name, { path: `/simulated/${v.name}`, readOnly: false }])),
  subPath: async (_pod, _container, _index, volume, _name, subPath) => join(volume.path, subPath),
  file: (_pod, container, name) => `/simulated/${container}/${name}`,
  hostsFile: () => '/simulated/etc-hosts',
  async tearDown() {},
  known: () => [],
}

function hostPath({ path, type = '' }: HostPathVolumeSource): string {
  const failed = (what: string) => new Error(`hostPath type check failed: ${path} is not ${what}`)
  const there = existsSync(path)
  switch (type) {
    case '':
      // the runtime would refuse to mount what does not exist
      if (!there) mkdirSync(path, { recursive: true })
      return path
    case 'DirectoryOrCreate':
      if (!there) mkdirSync(path, { recursive: true, mode: 0o755 })
      if (!statSync(path).isDirectory()) throw failed('a directory')
      return path
    case 'Directory':
      if (!there || !statSync(path).isDirectory()) throw failed('a directory')
      return path
    case 'FileOrCreate':
      if (!there) writeFileSync(path, '', { mode: 0o644 })
      if (!statSync(path).isFile()) throw failed('a file')
      return path
    case 'File':
      if (!there || !statSync(path).isFile()) throw failed('a file')
      return path
    case 'Socket':
      if (!there || !statSync(path).isSocket()) throw failed('a socket file')
      return path
    case 'CharDevice':
      if (!there || !statSync(path).isCharacterDevice()) throw failed('a character device')
      return path
    case 'BlockDevice':
      if (!there || !statSync(path).isBlockDevice()) throw failed('a block device')
      return path
    default:
      throw new Error(`${type} is an invalid volume type`)
  }
}

function applyGroup(directory: string, group: number): void {
  const give = (path: string) => {
    const stat = lstatSync(path)
    if (stat.isSymbolicLink()) return
    chownSync(path, stat.uid, group)
    chmodSync(path, (stat.mode & 0o7777) | (stat.isDirectory() ? 0o2770 : 0o660))
  }
  give(directory)
  for (const entry of readdirSync(directory, { recursive: true })) give(join(directory, String(entry)))
}
