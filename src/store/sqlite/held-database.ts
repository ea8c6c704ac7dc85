/** A database that no server runs on, held so that none can start on it, and read without changing it. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable, type Entry, type LeaseId, type Revision } from '../store.ts'
import { entryOf, PLACES, type Row } from './rows.ts'
import { checkKind, DATABASE_FILE, OWNER_WAIT_MS, refusal } from './schema.ts'

export interface HeldDatabase extends Disposable {
  readonly revision: Revision
  readonly compacted: Revision
  readonly leases: readonly { readonly id: LeaseId; readonly endsAt: number }[]
  /** All that is there, by modRevision. Throws `StoreUnavailable` when something is damaged. */
  entries(): IterableIterator<Entry>
}

/** Throws `StoreUnavailable` when there is none, when it is in use, or damaged. */
export function holdDatabase(directory: string): HeldDatabase {
  const path = join(directory, DATABASE_FILE)
  if (!existsSync(path)) throw new StoreUnavailable('input-output', `there is no store in ${directory}`)
  const db = open(path, directory)
  try {
    const number = (sql: string) => Object.values(db.prepare(sql).get() ?? { none: 0 })[0] as number | null
    const meta = (name: string) => number(`SELECT max(value) FROM meta WHERE name = '${name}'`) ?? 0
    const compacted = Math.max(meta('compacted'), 1)
    return {
      revision: Math.max(Math.floor((number('SELECT max(id) FROM log') ?? 0) / PLACES), compacted, meta('reserved')),
      compacted,
      leases: (db.prepare('SELECT id, ends FROM lease').all() as { id: number; ends: number }[]).map((l) => ({
        id: String(l.id),
        endsAt: l.ends,
      })),
      *entries() {
        const rows = db.prepare(
          `SELECT l.* FROM (SELECT key, max(id) AS top, dead FROM log INDEXED BY log_by_key GROUP BY key HAVING dead = 0) h
           CROSS JOIN log l ON l.id = h.top ORDER BY h.top`,
        )
        for (const row of rows.iterate()) yield entryOf(row as unknown as Row)
      },
      [Symbol.dispose]: () => db.close(),
    }
  } catch (error) {
    db.close()
    throw refusal(error, directory)
  }
}

function open(path: string, directory: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { timeout: OWNER_WAIT_MS })
    try {
      db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK')
      checkKind(db, directory)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw refusal(error, directory)
  }
}
