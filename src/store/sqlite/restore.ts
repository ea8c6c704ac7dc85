/** Makes a store of a snapshot that another one gave. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { open, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from '../store.ts'
import { DATABASE_FILE, unavailable } from './schema.ts'

const REVISION_BUMP = 1_000_000_000 // more than a store writes between a snapshot and its loss: no revision is given twice
const DIGEST_BYTES = 32
const PLACES = 4096 // as in the log's ids

/**
 * `directory` must not hold a store yet. Revisions go on well above those of the snapshot and all before is compacted, so
 * that clients which have seen later revisions of the lost store start over rather than mistake one for the other.
 */
export async function restoreSqliteStore(directory: string, snapshot: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const path = join(directory, DATABASE_FILE)
  if (existsSync(path)) throw new Error(`${directory} holds a store already`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const unfinished = `${path}.restoring`
  const clear = async () => {
    for (const end of ['', '-wal', '-shm', '-journal']) await rm(unfinished + end, { force: true })
  }
  try {
    // a journal that an attempt before left behind when the power went would be rolled back into this one's file
    await clear()
    await writeVerified(unfinished, snapshot)
    bump(unfinished)
    await rename(unfinished, path)
    const folder = await open(directory)
    await folder.sync()
    await folder.close()
  } catch (error) {
    await clear()
    throw unavailable(error)
  }
}

async function writeVerified(path: string, snapshot: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600)
  const hash = createHash('sha256')
  let tail = Buffer.alloc(0) // the digest comes last
  let length = 0
  try {
    for await (const chunk of snapshot) {
      const seen = Buffer.concat([tail, chunk])
      const body = seen.subarray(0, Math.max(0, seen.length - DIGEST_BYTES))
      tail = seen.subarray(body.length)
      hash.update(body)
      await file.writeFile(body)
      length += body.length
    }
    if (!hash.digest().equals(tail)) throw new StoreUnavailable('damaged', 'the snapshot is damaged: its checksum does not match')
  } finally {
    await file.close()
  }
  await truncate(path, length)
}

function bump(path: string): void {
  const db = new DatabaseSync(path)
  try {
    const { integrity_check: found } = db.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
    if (found !== 'ok') throw new StoreUnavailable('damaged', `the snapshot is damaged: ${found}`)
    const { newest } = db
      .prepare(
        `SELECT max((SELECT ifnull(max(id), 0) / ${PLACES} FROM log), (SELECT ifnull(max(value), 1) FROM meta WHERE name IN ('compacted', 'reserved'))) AS newest`,
      )
      .get() as { newest: number }
    db.prepare("INSERT INTO meta (name, value) VALUES ('compacted', ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(
      newest + REVISION_BUMP,
    )
  } finally {
    db.close()
  }
}
