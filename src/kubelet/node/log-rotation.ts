/** Container logs that have grown too large are moved aside; of those the newest stays as it is, older ones are compressed, the oldest go. */

import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Instant } from '#base/clock.ts'

export interface RotationLimits {
  readonly bytesMax: number
  /** With the one being written to. */
  readonly filesMax: number
}

const COMPRESSED = '.gz'
const UNFINISHED = '.tmp'

/** Rotates one container's log if it is due. `reopen` makes the runtime begin a new file; when it cannot, the log goes on as before. */
export async function rotateLog(path: string, limits: RotationLimits, now: Instant, reopen: () => Promise<void>): Promise<void> {
  if (!existsSync(path) || statSync(path).size < limits.bytesMax) return
  const directory = dirname(path)
  const { remove, compress } = planRotation(basename(path), readdirSync(directory), limits.filesMax)
  for (const file of remove) rmSync(join(directory, file), { force: true })
  for (const file of compress) await compressFile(join(directory, file))
  const aside = `${path}.${stamp(now)}`
  renameSync(path, aside)
  try {
    await reopen()
  } catch (error) {
    renameSync(aside, path)
    throw error
  }
}

/** What happens to the files already moved aside before one more comes. `log` and `files` are names in one folder. */
export function planRotation(
  log: string,
  files: readonly string[],
  filesMax: number,
): { readonly remove: readonly string[]; readonly compress: readonly string[] } {
  const own = files.filter((f) => f.startsWith(`${log}.`)).toSorted()
  // left by a kubelet that ended while it compressed
  const useless = own.filter((f) => f.endsWith(UNFINISHED) || own.includes(`${f}${COMPRESSED}`))
  const rotated = own.filter((f) => !useless.includes(f))
  const kept = Math.max(0, filesMax - 2) // beside the one being written to and the one to come
  const excess = rotated.slice(0, Math.max(0, rotated.length - kept))
  return { remove: [...useless, ...excess], compress: rotated.filter((f) => !excess.includes(f) && !f.endsWith(COMPRESSED)) }
}

async function compressFile(path: string): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`
  await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished, { mode: statSync(path).mode }))
  renameSync(unfinished, `${path}${COMPRESSED}`)
  rmSync(path)
}

/** `20260131-235959`. */
function stamp(now: Instant): string {
  const digits = new Date(now).toISOString().replace(/[-:T]/g, '')
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}`
}
