/** Mounting part of a volume without following a link the container planted out of it. */

import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { mountBind, isMounted } from './mounts.ts'

/**
 * Binds `volume/subPath` to `target` and returns `target`. The path is resolved once, must lie inside the volume, and is then
 * walked folder by folder through open descriptors that follow no link, so that a swap in between cannot lead outside. What is
 * missing is made as a folder with the volume's own mode.
 */
export async function bindSubPath(volume: string, subPath: string, target: string): Promise<string> {
  if (await isMounted(target)) return target
  const root = realpathSync(volume)
  if (subPath.split('/').includes('..')) throw new Error(`subPath "${subPath}" must not contain ".."`)
  makeFolders(root, subPath)
  const real = realpathSync(join(root, subPath))
  const inside = relative(root, real)
  if (leads(inside)) throw new Error(`subpath "${subPath}" not within volume path "${volume}"`)
  const handle = openInside(root, inside)
  try {
    const isDirectory = fstatSync(handle).isDirectory()
    if (isDirectory) mkdirSync(target, { recursive: true })
    else if (!existsSync(target)) {
      mkdirSync(join(target, '..'), { recursive: true })
      writeFileSync(target, '')
    }
    await mountBind(`/proc/${process.pid}/fd/${handle}`, target)
  } finally {
    closeSync(handle)
  }
  return target
}

/** Whether a relative path leads out; names may begin with two dots, as a volume's own data folders do. */
function leads(path: string): boolean {
  return path === '..' || path.startsWith('../')
}

const O_PATH = 0o10000000 // Linux: a handle on the place, without reading it; node has no name for it

function openInside(root: string, inside: string): number {
  let handle = openSync(root, O_PATH | constants.O_DIRECTORY)
  for (const part of inside.split('/').filter((p) => p !== '')) {
    const next = openSync(`/proc/self/fd/${handle}/${part}`, O_PATH | constants.O_NOFOLLOW)
    closeSync(handle)
    handle = next
    if (fstatSync(handle).isSymbolicLink()) {
      closeSync(handle)
      throw new Error(`unexpected symlink found in subpath at "${part}"`)
    }
  }
  return handle
}

/**
 * Makes the missing folders of `root/subPath`, checking before each that what exists already has not led outside. Each gets the
 * volume's mode, set-group-id included and whatever the umask: a container that may write the volume may write its part.
 */
export function makeFolders(root: string, subPath: string): void {
  const mode = statSync(root).mode & 0o7777
  let at = root
  for (const part of subPath.split('/').filter((p) => p !== '' && p !== '.')) {
    at = join(at, part)
    const parent = realpathSync(join(at, '..'))
    if (leads(relative(root, parent))) throw new Error(`subpath "${subPath}" not within volume path "${root}"`)
    if (!existsSync(at)) makeFolder(at, mode)
    if (!statSync(at).isDirectory()) return
  }
}

function makeFolder(at: string, mode: number): void {
  mkdirSync(at, { mode: 0o700 })
  const handle = openSync(at, constants.O_DIRECTORY | constants.O_NOFOLLOW) // never the mode of what a link put here leads to
  try {
    fchmodSync(handle, mode)
  } finally {
    closeSync(handle)
  }
}
