/** The node's own files around pods: logs and their rotation, termination messages, resolver and hosts, room on the disk. */

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Runtime } from '#runtime/runtime.ts'
import type { PullRecord } from '../containers/pulled-images.ts'
import { parseResolvConf, type Dns } from '../containers/network-files.ts'
import { ANNOTATION_MESSAGE_PATH, ANNOTATION_MESSAGE_POLICY, LABEL_POD_UID, type ViewedContainer } from '../pod/pod-view.ts'
import { rotateLog } from './log-rotation.ts'
import { availableMemoryBytes } from './machine.ts'

export interface NodeDisk {
  readonly seccompDirectory: string
  /** Kept across restarts of the kubelet, for its eyes only. */
  readonly pullRecord: PullRecord
  logDirectory(pod: Pod): string
  removeLogs(pod: Pod): void
  terminationMessage(container: ViewedContainer): string
  dns(): Dns
  hosts(): string
  pressure(): { readonly memory: boolean; readonly disk: boolean }
  /** Rotates logs and removes unused images until the signal aborts. */
  keep(runtime: Runtime, clock: Clock, signal: AbortSignal): Promise<void>
}

export interface NodeDiskOptions {
  readonly rootDirectory: string
  readonly logDirectory: string
  readonly resolvConf?: string
  readonly log: Log
}

const MESSAGE_BYTES_MAX = 4096 // what the API shows of a termination message
const FALLBACK_BYTES = 2048
const FALLBACK_LINES = 80
const LOG_BYTES_MAX = 10 * 2 ** 20 // upstream's containerLogMaxSize
const LOG_FILES_MAX = 5
const ROTATE_MS = 10_000
const IMAGE_GC_MS = 300_000
const IMAGE_HIGH_SHARE = 0.85
const IMAGE_LOW_SHARE = 0.8
const MEMORY_LOW_BYTES = 100 * 2 ** 20
const DISK_LOW_SHARE = 0.1

export function nodeDisk({ rootDirectory, logDirectory, resolvConf = '/etc/resolv.conf', log }: NodeDiskOptions): NodeDisk {
  const directoryOf = (pod: Pod) => join(logDirectory, `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`)
  const pulls = join(rootDirectory, 'pulled-images.json')
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  return {
    seccompDirectory: join(rootDirectory, 'seccomp'),
    pullRecord: {
      read: () => read(pulls),
      write(text) {
        mkdirSync(rootDirectory, { recursive: true })
        writeFileSync(`${pulls}.new`, text, { mode: 0o600 })
        renameSync(`${pulls}.new`, pulls)
      },
    },
    logDirectory(pod) {
      const directory = directoryOf(pod)
      mkdirSync(directory, { recursive: true })
      return directory
    },
    removeLogs: (pod) => rmSync(directoryOf(pod), { recursive: true, force: true }),
    terminationMessage,
    dns: () => parseResolvConf(read(resolvConf)),
    hosts: () => read('/etc/hosts'),
    pressure() {
      const disk = statfsSync(rootDirectory)
      return { memory: availableMemoryBytes() < MEMORY_LOW_BYTES, disk: disk.bavail / disk.blocks < DISK_LOW_SHARE }
    },
    async keep(runtime, clock, signal) {
      let imagesAt = clock.monotonic()
      while (!signal.aborted) {
        await sleep(clock, ROTATE_MS, signal).catch(() => undefined)
        if (signal.aborted) return
        try {
          await rotateLogs(runtime, clock, log)
          if (clock.monotonic() - imagesAt >= IMAGE_GC_MS) {
            imagesAt = clock.monotonic()
            await collectImages(runtime, rootDirectory, log)
          }
        } catch (error) {
          log.warn('node housekeeping failed', { error: (error as Error).message })
        }
      }
    },
  }
}

/** What the container wrote to its termination file, or the end of its log if it failed without a word and asked for that. */
function terminationMessage(container: ViewedContainer): string {
  const path = container.annotations[ANNOTATION_MESSAGE_PATH]
  const file = container.mounts.find((m) => m.containerPath === path)?.hostPath
  let text = ''
  if (file !== undefined && existsSync(file)) text = head(file, MESSAGE_BYTES_MAX)
  if (
    text === '' &&
    container.annotations[ANNOTATION_MESSAGE_POLICY] === 'FallbackToLogsOnError' &&
    container.exitCode !== 0 &&
    existsSync(container.logPath)
  )
    text = lastLines(container.logPath)
  return text || container.message
}

function head(path: string, bytes: number): string {
  const buffer = Buffer.alloc(bytes)
  const handle = openSync(path, 'r')
  try {
    return buffer.subarray(0, readSync(handle, buffer, 0, bytes, 0)).toString('utf8')
  } finally {
    closeSync(handle)
  }
}

function lastLines(path: string): string {
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-FALLBACK_LINES)
    .map((line) => line.split(' ').slice(3).join(' '))
  return lines
    .map((line) => `${line}\n`)
    .join('')
    .slice(-FALLBACK_BYTES)
}

async function rotateLogs(runtime: Runtime, clock: Clock, log: Log): Promise<void> {
  for (const c of await runtime.listContainers()) {
    if (c.state !== 'running' || c.labels[LABEL_POD_UID] === undefined) continue
    const path = (await runtime.containerStatus(c.id))?.logPath
    if (!path) continue
    try {
      await rotateLog(path, { bytesMax: LOG_BYTES_MAX, filesMax: LOG_FILES_MAX }, clock.now(), () => runtime.reopenLog(c.id))
    } catch (error) {
      // the others' logs grow as well
      log.warn('container log not rotated', { path, error: (error as Error).message })
    }
  }
}

/** Removes images no container uses while the disk is fuller than it should be, until it no longer is. */
async function collectImages(runtime: Runtime, directory: string, log: Log): Promise<void> {
  const share = () => {
    const disk = statfsSync(directory)
    return 1 - disk.bavail / disk.blocks
  }
  if (share() < IMAGE_HIGH_SHARE) return
  const used = new Set((await runtime.listContainers()).flatMap((c) => [c.image, c.imageRef]))
  for (const image of (await runtime.images.list()).toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (share() < IMAGE_LOW_SHARE) return
    const names = [image.id, ...image.tags, ...image.digests]
    if (image.pinned || names.some((n) => used.has(n))) continue
    log.info('image removed to make room', { image: image.tags[0] ?? image.id })
    await runtime.images.remove(image.id)
  }
}
