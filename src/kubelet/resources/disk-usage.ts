/** How full file systems are, and how much of them a folder holds. */

import { lstat, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#base/clock.ts'

export interface FilesystemUsage {
  readonly availableBytes: number
  readonly capacityBytes: number
  readonly usedBytes: number
  readonly inodesFree: number
  readonly inodes: number
  readonly inodesUsed: number
}

export interface DiskReader {
  /** The file system `path` lies on. Undefined when there is no such path. */
  filesystem(path: string): Promise<FilesystemUsage | undefined>
  /** The same, with `usedBytes` and `inodesUsed` of what lies below `path` alone. */
  folder(path: string): Promise<FilesystemUsage | undefined>
}

const FOLDER_MS = 60_000 // upstream's volumeStatsAggPeriod: looking through a folder takes a while

export function diskReader(clock: Clock): DiskReader {
  const looked = new Map<string, { readonly until: number; readonly used: Promise<Used> }>()
  function used(path: string): Promise<Used> {
    const now = clock.monotonic()
    const known = looked.get(path)
    if (known !== undefined && known.until > now) return known.used
    for (const [key, { until }] of looked) if (until <= now) looked.delete(key)
    const fresh = look(path)
    looked.set(path, { until: now + FOLDER_MS, used: fresh })
    return fresh
  }
  return {
    filesystem,
    async folder(path) {
      const whole = await filesystem(path)
      return whole && { ...whole, ...(await used(path)) }
    },
  }
}

async function filesystem(path: string): Promise<FilesystemUsage | undefined> {
  try {
    const { bsize, bavail, bfree, blocks, ffree, files } = await statfs(path)
    return {
      availableBytes: bavail * bsize,
      capacityBytes: blocks * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodesFree: ffree,
      inodes: files,
      inodesUsed: files - ffree,
    }
  } catch {
    return undefined
  }
}

interface Used {
  readonly usedBytes: number
  readonly inodesUsed: number
}

const BLOCK_BYTES = 512 // the unit of `blocks`, whatever the file system's own is

/** A file of several names counts once. Other file systems mounted below are not this folder's. */
async function look(path: string): Promise<Used> {
  const seen = new Set<number>()
  let usedBytes = 0
  let device: number | undefined
  const visit = async (at: string): Promise<void> => {
    try {
      const stat = await lstat(at)
      const { dev, ino, blocks } = stat
      device ??= dev
      if (dev !== device || seen.has(ino)) return
      seen.add(ino)
      usedBytes += blocks * BLOCK_BYTES
      if (stat.isDirectory()) for (const name of await readdir(at)) await visit(join(at, name))
    } catch {
      // it went away meanwhile
    }
  }
  await visit(path)
  return { usedBytes, inodesUsed: seen.size }
}
