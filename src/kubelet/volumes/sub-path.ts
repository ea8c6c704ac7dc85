/** Mounting part of a volume without following a link the container planted out of it. */

import { closeSync, constants, mkdirSync, openSync, realpathSync, statSync, writeFileSync, fstatSync, existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { mountBind, isMounted } from './mounts.ts'

/**
 * Binds `volume/subPath` to `target` and returns `target`. The path is resolved once, must lie inside the volume, and is then
 * walked folder by folder through open descriptors that follow no link, so that a swap in between cannot lead outside. What is
 * missing is made as a folder.
 */
export async function bindSubPath(volume: string, subPath: string, target: string, mode: number): Promise<string> {
  if (await isMounted(target)) return target
  const root = realpathSync(volume)
  if (subPath.split('/').includes('..')) throw new Error(`subPath "${subPath}" must not contain ".."`)
  create(root, subPath, mode)
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

/** Makes the missing folders, checking before each that what exists already has not led outside. */
function create(root: string, subPath: string, mode: number): void {
  let at = root
  for (const part of subPath.split('/').filter((p) => p !== '' && p !== '.')) {
    at = join(at, part)
    const handleRoot = realpathSync(join(at, '..'))
    if (leads(relative(root, handleRoot))) throw new Error(`subpath "${subPath}" not within volume path "${root}"`)
    if (!existsSync(at)) mkdirSync(at, { mode })
    if (!statSync(at).isDirectory()) return
  }
}
