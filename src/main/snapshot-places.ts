/** Where scheduled snapshots are kept: here a folder, in `snapshot-bucket.ts` a bucket of S3's kind. */

import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { synced } from './snapshot-file.ts'

/** Names are all it gives away: each belongs to what has been kept whole. */
export interface SnapshotPlace {
  readonly type: 'directory' | 's3'
  /** For people. */
  readonly where: string
  /** Others may keep into it too, and would all do so at the same moment. */
  readonly shared: boolean
  /** The folder in which files are made before they are kept. */
  scratch(): Promise<string>
  list(signal: AbortSignal): Promise<readonly string[]>
  /** May take the file away. */
  keep(file: string, name: string, signal: AbortSignal): Promise<void>
  remove(name: string, signal: AbortSignal): Promise<void>
}

export function directoryPlace(directory: string): SnapshotPlace {
  return {
    type: 'directory',
    where: directory,
    shared: false,
    async scratch() {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      return directory
    },
    async list() {
      const names = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      const files = names.filter((entry) => entry.isFile()).map((entry) => entry.name)
      const sizes = await Promise.all(files.map(async (name) => (await stat(join(directory, name))).size))
      return files.filter((_, i) => sizes[i]! > 0)
    },
    async keep(file, name) {
      await rename(file, join(directory, name))
      await synced(directory)
    },
    remove: (name) => rm(join(directory, name), { force: true }),
  }
}
