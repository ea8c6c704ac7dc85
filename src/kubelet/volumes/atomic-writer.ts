/** Replaces a volume's files all at once: readers see the old set or the new one, never a mixture. */

import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Instant } from '#base/clock.ts'

export interface ProjectedFile {
  readonly data: Uint8Array
  readonly mode: number
  /** Owner, for tokens of containers that run as one user. */
  readonly uid?: number
}

export type Payload = ReadonlyMap<string, ProjectedFile>

const DATA = '..data'
const NEXT = '..data_tmp'

/**
 * Writes the files into a fresh folder and swings the link `..data` to it in one rename; the names users see are links through
 * `..data`. Nothing happens when the files are as wanted already. Returns whether anything changed.
 */
export function writeAtomically(directory: string, payload: Payload, now: Instant, fsGroup?: number): boolean {
  for (const path of payload.keys()) checkPath(path)
  const data = join(directory, DATA)
  const old = linkTarget(data)
  if (old !== undefined && same(join(directory, old), payload)) return false

  const stamp = new Date(now).toISOString().replace(/[-:]/g, '_').replace('T', '_').replace('Z', '')
  let name = `..${stamp}000000`
  for (let i = 0; existsSync(join(directory, name)); i++) name = `..${stamp}${String(i).padStart(6, '0')}`
  const fresh = join(directory, name)
  mkdirSync(fresh)
  chmodSync(fresh, fsGroup === undefined ? 0o755 : 0o2775)
  if (fsGroup !== undefined) chownSync(fresh, 0, fsGroup)
  for (const [path, file] of payload) {
    const target = join(fresh, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, file.data)
    if (file.uid !== undefined || fsGroup !== undefined) chownSync(target, file.uid ?? 0, fsGroup ?? 0)
    // the group must be able to read what it was given the volume for
    chmodSync(target, fsGroup === undefined ? file.mode : file.mode | 0o440)
  }
  const next = join(directory, NEXT)
  rmSync(next, { force: true })
  symlinkSync(name, next)
  renameSync(next, data)

  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!))
  for (const top of wanted) {
    const link = join(directory, top)
    if (linkTarget(link) === undefined) symlinkSync(join(DATA, top), link)
  }
  for (const entry of readdirSync(directory))
    if (!entry.startsWith('..') && !wanted.has(entry)) rmSync(join(directory, entry), { recursive: true, force: true })
  if (old !== undefined) rmSync(join(directory, old), { recursive: true, force: true })
  return true
}

function checkPath(path: string): void {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || parts.includes('..') || parts[0]!.startsWith('..'))
    throw new Error(`invalid path: must not be absolute or go up: ${path}`)
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function same(directory: string, payload: Payload): boolean {
  try {
    if (filesBelow(directory).length !== payload.size) return false
    for (const [path, file] of payload) {
      const target = join(directory, path)
      if (!statSync(target).isFile() || Buffer.compare(readFileSync(target), file.data) !== 0) return false
    }
    return true
  } catch {
    return false
  }
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name))
}
