/** Makes a SQLite store of a portable snapshot, whole or not at all. */

import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { COLUMNS, PLACES, sumOf } from '../sqlite/rows.ts'
import { DATABASE_FILE, openDatabase, unavailable } from '../sqlite/schema.ts'
import { StoreUnavailable, type Revision } from '../store.ts'
import type { Snapshot } from './snapshot.ts'

export interface RestoreOptions {
  /** How far above the snapshot's revision counting goes on; what clients of the lost store have seen must lie below. */
  readonly bumpRevision: number
  /** Milliseconds since 1970: keys with a lease get one that begins now. */
  readonly now: number
}

const LEASE_MS = 3_600_000 // what Events live by default; a snapshot does not know what was left
const UNFINISHED = 'store.restoring'

/** `directory` must hold no store. All before the new revision counts as compacted, so every watch from the snapshot's time or later is told to start over. */
export async function restoreToSqlite(snapshot: Snapshot, directory: string, { bumpRevision, now }: RestoreOptions): Promise<Revision> {
  const path = join(directory, DATABASE_FILE)
  if (existsSync(path)) throw new StoreUnavailable('input-output', `${directory} holds a store already`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unfinished = join(directory, UNFINISHED)
  await rm(unfinished, { recursive: true, force: true }) // of a restore that was cut off
  try {
    const revision = await fill(snapshot, unfinished, bumpRevision, now)
    await synced(join(unfinished, DATABASE_FILE))
    await rename(join(unfinished, DATABASE_FILE), path)
    await synced(directory)
    await rm(unfinished, { recursive: true, force: true })
    return revision
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw unavailable(error)
  }
}

async function fill({ header, pages }: Snapshot, directory: string, bumpRevision: number, now: number): Promise<Revision> {
  const { db, close } = openDatabase(directory)
  try {
    db.exec('BEGIN')
    const insert = db.prepare(`INSERT INTO log (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
    const grant = db.prepare('INSERT INTO lease (ttl, ends) VALUES (?, ?)')
    const leases = new Map<string, number | bigint>()
    const places = new Map<Revision, number>() // a commit of several writes, in key order
    for await (const page of pages)
      for (const { key, value, createRevision, modRevision, version, lease } of page) {
        const place = places.get(modRevision) ?? 0
        places.set(modRevision, place + 1)
        if (lease !== undefined && !leases.has(lease)) leases.set(lease, grant.run(LEASE_MS, now + LEASE_MS).lastInsertRowid)
        const kept = lease === undefined ? null : leases.get(lease)!
        insert.run(modRevision * PLACES + place, key, 0, value, createRevision, version, kept, sumOf(key, value))
      }
    const revision = header.revision + bumpRevision
    db.prepare("INSERT INTO meta (name, value) VALUES ('compacted', ?)").run(revision)
    db.prepare("INSERT INTO meta (name, value) VALUES ('swept', ?)").run((revision + 1) * PLACES - 1)
    db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
    return revision
  } finally {
    close()
  }
}

async function synced(path: string): Promise<void> {
  await using file = await open(path)
  await file.sync()
}
