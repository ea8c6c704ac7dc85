/** Folders a process keeps its files in: made when missing, and one plain sentence when they cannot be used. */

import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OperatorError } from './command.ts'

/** Makes the folder that `--flag` names. Throws `OperatorError` when it cannot be written to. */
export function makeDirectory(directory: string, flag: string): void {
  writing(directory, flag, () => {
    makeWithParents(resolve(directory))
    if (!statSync(directory).isDirectory()) throw unusable(directory, flag, 'it is not a directory')
    accessSync(directory, constants.W_OK)
  })
}

/** What `write` answers; a failure that is the file system's becomes an `OperatorError` about the folder. */
export function writing<T>(directory: string, flag: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === undefined || syscall === undefined) throw error // no fault of the file system
    throw unusable(directory, flag, code === 'ENOENT' ? 'nothing can be made there' : plainly(error), error)
  }
}

/** What the file system refused, without its own words where there are better ones. */
export function plainly(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return (code !== undefined && REASONS[code]) || message
}

/** One sentence on a folder that cannot be used. */
export function unusable(directory: string, flag: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(`cannot use ${NAMES[flag] ?? 'the folder'} ${directory}: ${why}; choose another with --${flag}`, { cause })
}

const NAMES: Readonly<Record<string, string>> = { 'data-dir': 'the data directory', 'root-dir': 'the root directory' }

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its device',
  EDQUOT: "this user's quota of its device is used up",
  EACCES: 'this user has no permission',
  EPERM: 'this user has no permission',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a file is where a folder has to be',
}

/** One by one: below /proc, where nothing can be made, the recursive mkdir of Node.js tries for ever. */
function makeWithParents(directory: string): void {
  if (existsSync(directory)) return
  makeWithParents(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}
