/** Copies a database whose owner may be writing to it, without a lock and without the owner noticing. */

import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { DATABASE_FILE } from './schema.ts'

const WAL_HEADER_BYTES = 32 // has the salts, which are new each time the WAL is begun anew
const TRIES = 20

/**
 * Whatever a checkpoint moves into the file meanwhile stays in the WAL until that is begun anew; so the file and then the WAL,
 * copied while the WAL has kept its header, are together a consistent database: pages half copied are in the WAL whole.
 * False when the owner wrote so fast that the WAL was begun anew during each try.
 */
export async function copyDatabase(from: string, to: string): Promise<boolean> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const wal = join(from, `${DATABASE_FILE}-wal`)
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await headerOf(wal)
    // where the file system can, as a reference to the same blocks
    await copyFile(join(from, DATABASE_FILE), join(to, DATABASE_FILE), constants.COPYFILE_FICLONE)
    if (existsSync(wal)) await copyFile(wal, join(to, `${DATABASE_FILE}-wal`), constants.COPYFILE_FICLONE)
    if (before.equals(await headerOf(wal))) return true
  }
  return false
}

/** Empty when nothing lies in the WAL. */
async function headerOf(wal: string): Promise<Buffer> {
  if (!existsSync(wal)) return Buffer.alloc(0)
  await using file = await open(wal)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(WAL_HEADER_BYTES), 0, WAL_HEADER_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}
