/** The database file: one log of every write, from which both the present and the past are read. */

import {
  chmodSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  closeSync,
  openSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from '../store.ts'
import { passBy, type Reach } from './failpoints.ts'

export const DATABASE_FILE = 'store.db'
export const SNAPSHOT_PREFIX = 'snapshot-'
const OWNER_FILE = 'store.owner'
const APPLICATION_ID = 0x6b387473 // "k8ts"
const SCHEMA_VERSION = 1

export const OWNER_WAIT_MS = 500 // a predecessor that is just ending
const CHECKPOINT_PAGES = 2000 // 8 MB of WAL, moved into the file in about 20 ms
const WAL_BYTES_MAX = 32 * 2 ** 20 // what the WAL file is cut back to after a burst
const PAGE_CACHE_KIBIBYTES = 8 * 1024

/**
 * `log.id` is revision * 4096 + place within the commit, so that order, revision and row are one number. A row without a
 * value (`dead` 1) is a deletion. `sum` is a CRC-32 of key and value.
 */
const TABLES = `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, dead INTEGER NOT NULL, value BLOB, created INTEGER NOT NULL,
    version INTEGER NOT NULL, lease INTEGER, sum INTEGER NOT NULL
  );
  CREATE INDEX log_by_key ON log (key, id, dead);
  CREATE INDEX log_by_lease ON log (lease) WHERE lease IS NOT NULL;
  CREATE TABLE lease (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl INTEGER NOT NULL, ends INTEGER NOT NULL);
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`

/** From `revision` on it was `at`, in milliseconds; a row for every second in which something was written. Came after version 1, which does without. */
const TIMES = 'CREATE TABLE IF NOT EXISTS times (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL)'

export interface OpenDatabase {
  readonly db: DatabaseSync
  /** Returns once all that has been committed is on disk; whoever acknowledges a commit calls it first. */
  readonly sync: () => void
  /** Closes the database, with all that was committed moved into its file. */
  readonly close: () => void
}

/** What only tests give. */
export interface OpenOptions {
  readonly reach?: Reach
  /** Pages of WAL after which they are moved into the file. */
  readonly checkpointPages?: number
}

/** Opens or makes the database of `directory`, as its only owner. Throws `StoreUnavailable`. */
export function openDatabase(directory: string, { reach = passBy, checkpointPages = CHECKPOINT_PAGES }: OpenOptions = {}): OpenDatabase {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, DATABASE_FILE)
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600)) // secrets are in it
    for (const name of readdirSync(directory)) if (name.startsWith(SNAPSHOT_PREFIX)) rmSync(join(directory, name))
    const db = new DatabaseSync(path, { timeout: OWNER_WAIT_MS })
    try {
      own(db)
      // SQLite as Node.js builds it syncs with fsync; where the WAL is written anew from its start, fdatasync takes half of that
      const wal = openSync(`${path}-wal`, 'r+')
      return {
        db,
        sync() {
          try {
            fdatasyncSync(wal)
          } catch (error) {
            // whatever the errno: the commit is in the WAL, but nobody knows how much of it is on disk
            throw new StoreUnavailable('input-output', `${SAYS['input-output']}: ${(error as Error).message}`, { cause: error })
          }
        },
        close() {
          closeSync(wal)
          db.close()
        },
      }
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw refusal(error, directory)
  }

  function own(db: DatabaseSync): void {
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA journal_size_limit = ${WAL_BYTES_MAX};
      PRAGMA cache_size = -${PAGE_CACHE_KIBIBYTES}; PRAGMA temp_store = MEMORY;`)
    db.exec('BEGIN IMMEDIATE')
    if (numberOf(db, 'PRAGMA application_id') === 0 && numberOf(db, 'PRAGMA user_version') === 0)
      db.exec(`${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`)
    checkKind(db, directory)
    db.exec(TIMES)
    reach('in schema')
    db.exec('COMMIT')
    // the lock is the database's own; this file only says whom to ask
    writeFileSync(join(directory, OWNER_FILE), `${process.pid}\n`)
    chmodSync(join(directory, OWNER_FILE), 0o600)
  }
}

/** Throws for a database that is none of ours. */
export function checkKind(db: DatabaseSync, directory: string): void {
  const [application, version] = [numberOf(db, 'PRAGMA application_id'), numberOf(db, 'PRAGMA user_version')]
  if (application !== APPLICATION_ID || version !== SCHEMA_VERSION)
    throw new StoreUnavailable('damaged', `${directory} holds a database of another kind or version (${application}, ${version})`)
}

/** Why a database cannot be opened; the owner is named when another process has it. */
export function refusal(error: unknown, directory: string): StoreUnavailable {
  return inUse(error)
    ? new StoreUnavailable('input-output', `${directory} is in use by another process${owner(directory)}`, { cause: error })
    : unavailable(error)
}

/** What an error of the database means for the store. */
export function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const { errcode, code, message } = error as { errcode?: number; code?: string; message: string }
  const reason =
    (errcode !== undefined ? BY_RESULT[errcode & 0xff] : undefined) ?? (code !== undefined ? BY_ERRNO[code] : undefined) ?? 'input-output'
  return new StoreUnavailable(reason, `${SAYS[reason]}: ${message}`, { cause: error })
}

const BY_RESULT: Readonly<Record<number, StoreUnavailable['reason']>> = { 8: 'read-only', 11: 'damaged', 13: 'no-space', 26: 'damaged' }
const BY_ERRNO: Readonly<Record<string, StoreUnavailable['reason']>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  EACCES: 'read-only',
}

const SAYS: Readonly<Record<StoreUnavailable['reason'], string>> = {
  closed: 'the store has been closed',
  'no-space': 'no space is left on the device of the store',
  'read-only': 'the store cannot be written',
  damaged: 'the store is damaged',
  unreachable: 'the store cannot be reached',
  'input-output': 'the disk of the store failed',
}

const SQLITE_BUSY = 5

function inUse(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY
}

function owner(directory: string): string {
  try {
    return ` (${readFileSync(join(directory, OWNER_FILE), 'utf8').trim()})`
  } catch {
    return ''
  }
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Object.values(db.prepare(sql).get()!)[0] as number
}
