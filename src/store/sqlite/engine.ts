/** The store's semantics over the database file, synchronous: what the worker thread runs. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { compareKeys, prefixEnd } from '../keys.ts'
import { Compacted, FutureRevision, StoreUnavailable, type Entry, type LeaseId, type Revision } from '../store.ts'
import { passBy, type Reach } from './failpoints.ts'
import { COMMIT_WRITES_MAX } from './limits.ts'
import { Packer, Unpacker, type PackedChange, type PackedCommit, type PackedEvent, type PackedResult, type Reply } from './protocol.ts'
import { COLUMNS, entryOf, PLACES, revisionOf, sumOf, type Row } from './rows.ts'
import { unavailable, type OpenDatabase } from './schema.ts'
import { Times } from './times.ts'
import { Volatile } from './volatile.ts'

const HISTORY_ROWS_MAX = 5000 // a part of the history at a time; above COMMIT_WRITES_MAX, so a part holds a whole commit
const NARROW_ROWS = 1000 // rows under a prefix, up to which sorting those is cheaper than walking over all history
const RESERVED_REVISIONS = 10_000 // volatile writes between two writes to disk for their sake
const SWEEP_ROWS = 500 // rows of history looked at in one go, about 5 ms during which commits wait
const FREE_PAGES_KEPT = 1000 // 4 MB of free pages stay for reuse; those beyond are given back to the file system
const VACUUM_PAGES = 500 // at a time

export class Engine {
  readonly #db: DatabaseSync
  readonly #database: OpenDatabase
  readonly #volatile: Volatile
  readonly #times: Times
  readonly #reach: Reach
  #revision: Revision
  #compacted: Revision
  /** Revisions up to here may have been given to volatile writes; after a crash counting goes on above. */
  #reserved: Revision
  /** Rows up to this id have been swept for `#compacted`. */
  #swept: number
  #failure: StoreUnavailable | undefined

  readonly #head: StatementSync
  readonly #insert: StatementSync
  readonly #meta: StatementSync

  constructor(database: OpenDatabase, volatilePrefixes: readonly string[], reach: Reach = passBy) {
    this.#reach = reach
    const { db } = database
    this.#database = database
    this.#db = db
    this.#head = db.prepare(`SELECT ${COLUMNS} FROM log WHERE key = ? AND id < ? ORDER BY id DESC LIMIT 1`)
    this.#insert = db.prepare(`INSERT INTO log (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#meta = db.prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    const meta = new Map(
      (db.prepare('SELECT name, value FROM meta').all() as { name: string; value: number }[]).map((m) => [m.name, m.value]),
    )
    const newest = (db.prepare('SELECT max(id) AS id FROM log').get() as { id: number | null }).id ?? 0
    this.#compacted = meta.get('compacted') ?? 1
    this.#reserved = meta.get('reserved') ?? 0
    this.#swept = meta.get('swept') ?? 0
    this.#revision = Math.max(Math.floor(newest / PLACES), this.#compacted, this.#reserved)
    this.#volatile = new Volatile(volatilePrefixes, this.#revision)
    this.#times = new Times(db)
  }

  get revision(): Revision {
    return this.#revision
  }

  get compacted(): Revision {
    return this.#compacted
  }

  leases(): { readonly id: LeaseId; readonly ttlMs: number; readonly endsAt: number }[] {
    const rows = this.#db.prepare('SELECT id, ttl, ends FROM lease').all() as { id: number; ttl: number; ends: number }[]
    return rows.map(({ id, ttl, ends }) => ({ id: String(id), ttlMs: ttl, endsAt: ends }))
  }

  /** Applies each commit in turn, each on what those before it left, with one write to disk for all. */
  commitAll(commits: readonly PackedCommit[], bytes: Uint8Array, now: number): Reply {
    const apply = (): Reply => {
      const packer = new Packer()
      const values = new Unpacker(bytes)
      const results = this.#durably(() => commits.map((c) => this.#commit(c, values, packer, now)))
      return { type: 'results', results, bytes: packer.bytes() }
    }
    try {
      return apply()
    } catch (error) {
      if (!(error instanceof StoreUnavailable && error.reason === 'no-space' && this.#emptyWal())) throw error
      return apply()
    }
  }

  get(key: string, at: Revision | undefined): Reply {
    this.#checkRead(at)
    if (this.#volatile.holds(key)) {
      const entry = at === undefined ? this.#volatile.get(key) : this.#volatile.entriesAt(at, key).find((e) => e.key === key)
      return this.#entries(entry ? [entry] : [], at ?? this.#revision, 0)
    }
    const entry = this.#liveAt(key, at ?? this.#revision)
    return this.#entries(entry ? [entry] : [], at ?? this.#revision, 0)
  }

  range(prefix: string, at: Revision = this.#revision, after: string | undefined, limit: number, counted: boolean): Reply {
    this.#checkRead(at)
    const from = after !== undefined && compareKeys(after, prefix) >= 0 ? `${after}\0` : prefix
    const end = prefixEnd(prefix)
    const bound = (at + 1) * PLACES
    // one more says whether there is more at all
    const rows = this.#rangeRows.all(from, end, bound, limit === 0 ? -1 : limit + 1) as unknown as Row[]
    let more = 0
    if (limit !== 0 && rows.length > limit) {
      rows.length = limit
      more = counted ? (this.#rangeCount.get(`${rows.at(-1)!.key}\0`, end, bound) as { n: number }).n : 1
    }
    let entries = rows.map((r) => entryOf(r))
    if (this.#volatile.touches(prefix)) {
      const others = this.#volatile.entriesAt(at, prefix).filter((e) => after === undefined || compareKeys(e.key, after) > 0)
      if (others.length > 0) {
        entries = [...entries, ...others].sort((a, b) => compareKeys(a.key, b.key))
        if (limit !== 0 && entries.length > limit) {
          more += entries.length - limit
          entries.length = limit
        }
      }
    }
    return this.#entries(entries, at, more)
  }

  history(prefix: string, from: Revision): Reply {
    if (from < this.#compacted) throw new Compacted(this.#compacted)
    const within = [prefix, prefixEnd(prefix)] as const
    const statement = this.#nthRow.get(...within, NARROW_ROWS) === undefined ? this.#narrowHistoryRows : this.#historyRows
    const rows = statement.all((from + 1) * PLACES, ...within, HISTORY_ROWS_MAX) as unknown as Row[]
    let upTo = this.#revision
    if (rows.length === HISTORY_ROWS_MAX) {
      upTo = revisionOf(rows.at(-1)!) - 1 // the last commit may be cut in two
      while (revisionOf(rows.at(-1)!) > upTo) rows.pop()
    }
    const packer = new Packer()
    const durable = rows.map((row) => {
      const previous = this.#head.get(row.key, row.id) as Row | undefined
      return {
        revision: revisionOf(row),
        place: row.id % PLACES,
        key: row.key,
        ...(!row.dead && { entry: entryOf(row) }),
        ...(previous && !previous.dead && { previous: entryOf(previous) }),
      }
    })
    const others = this.#volatile.touches(prefix) ? this.#volatile.after(from, prefix).filter((e) => e.revision <= upTo) : []
    const all = others.length === 0 ? durable : [...durable, ...others].sort((a, b) => a.revision - b.revision || a.place - b.place)
    const events = all.map((e): PackedEvent => ({
      revision: e.revision,
      key: e.key,
      ...(e.entry && { entry: packer.entry(e.entry) }),
      ...(e.previous && { previous: packer.entry(e.previous) }),
    }))
    return { type: 'history', events, upTo, bytes: packer.bytes() }
  }

  /** From now on reads below `revision` are refused; `sweep` then frees the space. */
  compact(revision: Revision): Reply {
    if (revision > this.#revision) throw new FutureRevision(revision, this.#revision)
    if (revision > this.#compacted) {
      this.#durably(() => {
        this.#begin()
        this.#meta.run('compacted', revision)
        this.#reach('before compaction')
      })
      this.#reach('after compaction')
      this.#compacted = revision
      this.#volatile.forget(revision)
    }
    return { type: 'done' }
  }

  /** Frees some of what compaction left behind; false when there is nothing more to do. */
  sweep(): boolean {
    if (this.#failure) return false
    const bound = (this.#compacted + 1) * PLACES
    if (this.#swept + 1 >= bound) return this.#vacuum()
    const rows = this.#sweepRows.all(this.#swept, bound, SWEEP_ROWS) as unknown as Pick<Row, 'id' | 'key' | 'dead'>[]
    const swept = rows.length < SWEEP_ROWS ? bound - 1 : rows.at(-1)!.id
    this.#durably(() => {
      this.#begin()
      for (const { id, key, dead } of rows) {
        this.#deleteBefore.run(key, id)
        if (dead) this.#deleteRow.run(id)
      }
      this.#reach('in sweep')
      this.#meta.run('swept', swept)
      this.#times.forget(this.#compacted)
    })
    this.#swept = swept
    this.#reach('after sweep')
    return true
  }

  grant(ttlMs: number, endsAt: number): Reply {
    const id = this.#durably(() => {
      this.#begin()
      return this.#db.prepare('INSERT INTO lease (ttl, ends) VALUES (?, ?)').run(ttlMs, endsAt).lastInsertRowid
    })
    return { type: 'lease', id: String(id) }
  }

  /** Deletes what was put with the lease, then the lease. */
  expire(lease: LeaseId, now: number): Reply {
    const rows = this.#db.prepare('SELECT DISTINCT key FROM log WHERE lease = ?').all(Number(lease)) as { key: string }[]
    const keys = rows.map((r) => r.key).filter((key) => this.#liveAt(key, this.#revision)?.lease === lease)
    keys.push(...this.#volatile.leased(lease))
    const packer = new Packer()
    const results: PackedResult[] = []
    for (let i = 0; i < keys.length; i += COMMIT_WRITES_MAX) {
      const writes = keys.slice(i, i + COMMIT_WRITES_MAX).map((key) => [key, -1, undefined] as const)
      results.push(this.#durably(() => this.#commit({ expect: [], writes }, new Unpacker(new Uint8Array()), packer, now)))
    }
    this.#durably(() => {
      this.#begin()
      this.#db.prepare('DELETE FROM lease WHERE id = ?').run(Number(lease))
    })
    return { type: 'results', results, bytes: packer.bytes() }
  }

  times(revisions: readonly Revision[]): Reply {
    return { type: 'numbers', numbers: revisions.map((r) => this.#times.of(r)) }
  }

  revisionAt(time: number): Reply {
    const found = this.#times.revisionAt(time, this.#revision)
    return { type: 'numbers', numbers: [found !== undefined && found >= this.#compacted ? found : undefined] }
  }

  oldestTime(): Reply {
    return { type: 'numbers', numbers: [this.#times.oldest(this.#compacted)] }
  }

  snapshot(path: string): Reply {
    this.#reach('before snapshot')
    this.#db.prepare('VACUUM INTO ?').run(path)
    this.#reach('after snapshot')
    return { type: 'done' }
  }

  close(): Reply {
    try {
      // exactly here counting goes on; without this mark it would go on above the reserved ones
      if (!this.#failure && this.#reserved > this.#revision) {
        this.#durably(() => {
          this.#begin()
          this.#meta.run('reserved', this.#revision)
        })
      }
      this.#reach('before checkpoint')
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      this.#reach('after checkpoint')
    } catch {
      // a full or failing disk: the WAL holds everything acknowledged and is read at the next start
    }
    this.#database.close()
    return { type: 'done' }
  }

  #commit({ expect, writes }: PackedCommit, values: Unpacker, packer: Packer, now: number): PackedResult {
    const sent = writes.map(([key, length, lease]) => ({ key, lease, value: length < 0 ? undefined : values.value(length) }))
    const found = expect.map(([key]) => this.#now(key))
    if (expect.some(([, modRevision], i) => (found[i]?.modRevision ?? 0) !== modRevision))
      return { ok: false, revision: this.#revision, found: found.map((e) => e && packer.entry(e)) }

    const revision = this.#revision + 1
    const changes = sent.map(({ key, value, lease }, place): PackedChange => {
      const previous = this.#now(key)
      if (value === undefined && previous === undefined) return undefined
      const createRevision = value === undefined ? 0 : (previous?.createRevision ?? revision)
      const version = value === undefined ? 0 : (previous?.version ?? 0) + 1
      if (this.#volatile.holds(key)) {
        this.#reserve(revision)
        // the bytes came in one array for the whole batch, which should not live as long as this one value
        const entry = value && {
          key,
          value: value.slice(),
          createRevision,
          modRevision: revision,
          version,
          ...(lease !== undefined && { lease }),
        }
        this.#volatile.apply({ revision, place, key, ...(entry && { entry }), ...(previous && { previous }) })
      } else {
        this.#begin()
        this.#reach('before append')
        this.#times.note(revision, now)
        const dead = value === undefined ? 1 : 0
        this.#insert.run(
          revision * PLACES + place,
          key,
          dead,
          value ?? null,
          createRevision,
          version,
          lease === undefined ? null : Number(lease),
          sumOf(key, value),
        )
        this.#reach('after append')
      }
      return { key, createRevision, version, ...(previous && { previous: packer.entry(previous) }) }
    })
    if (changes.some((c) => c !== undefined)) this.#revision = revision // as in etcd, deleting nothing is no change
    return { ok: true, revision: this.#revision, changes }
  }

  #now(key: string): Entry | undefined {
    return this.#volatile.holds(key) ? this.#volatile.get(key) : this.#liveAt(key, this.#revision)
  }

  #liveAt(key: string, at: Revision): Entry | undefined {
    const row = this.#head.get(key, (at + 1) * PLACES) as Row | undefined
    return row === undefined || row.dead ? undefined : entryOf(row)
  }

  #reserve(revision: Revision): void {
    if (revision <= this.#reserved) return
    this.#begin()
    this.#reserved = revision + RESERVED_REVISIONS
    this.#meta.run('reserved', this.#reserved)
  }

  #begin(): void {
    if (!this.#db.isTransaction) this.#db.exec('BEGIN IMMEDIATE')
  }

  /** Runs `work`, which begins a transaction if it writes, and makes it durable; after an error nothing of it has happened. */
  #durably<R>(work: () => R): R {
    if (this.#failure) throw this.#failure
    const revision = this.#revision
    const reserved = this.#reserved
    try {
      const result = work()
      if (this.#db.isTransaction) {
        this.#db.exec('COMMIT')
        this.#reach('before sync')
        this.#database.sync()
        this.#reach('after sync')
      }
      return result
    } catch (error) {
      this.#revision = revision
      this.#reserved = reserved
      this.#volatile.undo(revision)
      this.#times.undone()
      const failure = unavailable(error)
      try {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      } catch (rollback) {
        this.#failure = unavailable(rollback)
      }
      // after a failed fsync nobody knows what is on disk: stop, the next start reads what is really there
      if (failure.reason === 'input-output' || failure.reason === 'damaged') this.#failure = failure
      throw failure
    }
  }

  /** The WAL holds pages many times over: on a full disk, moving them into the file may make room. */
  #emptyWal(): boolean {
    try {
      const { busy } = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
      return busy === 0
    } catch {
      return false // no room in the file either
    }
  }

  #vacuum(): boolean {
    const { freelist_count: free } = this.#freePages.get() as { freelist_count: number }
    if (free <= FREE_PAGES_KEPT) return false
    this.#reach('before vacuum')
    this.#db.exec(`PRAGMA incremental_vacuum(${Math.min(VACUUM_PAGES, free - FREE_PAGES_KEPT)})`)
    this.#reach('after vacuum')
    return true
  }

  #entries(entries: readonly Entry[], revision: Revision, more: number): Reply {
    const packer = new Packer()
    return { type: 'entries', entries: entries.map((e) => packer.entry(e)), revision, more, bytes: packer.bytes() }
  }

  #checkRead(at: Revision | undefined): void {
    if (at === undefined) return
    if (at > this.#revision) throw new FutureRevision(at, this.#revision)
    if (at < this.#compacted) throw new Compacted(this.#compacted)
  }

  get #rangeRows(): StatementSync {
    return this.#prepared(
      `SELECT l.* FROM (SELECT key, max(id) AS top, dead FROM log INDEXED BY log_by_key WHERE key >= ? AND key < ? AND id < ?
       GROUP BY key HAVING dead = 0 ORDER BY key LIMIT ?) h CROSS JOIN log l ON l.id = h.top ORDER BY h.key`,
    )
  }

  get #rangeCount(): StatementSync {
    return this.#prepared(
      `SELECT count(*) AS n FROM (SELECT max(id), dead FROM log INDEXED BY log_by_key WHERE key >= ? AND key < ? AND id < ? GROUP BY key) WHERE dead = 0`,
    )
  }

  get #historyRows(): StatementSync {
    return this.#prepared(`SELECT ${COLUMNS} FROM log NOT INDEXED WHERE id >= ? AND key >= ? AND key < ? ORDER BY id LIMIT ?`)
  }

  /** The same by the index on keys, which does not walk over everybody else's rows. */
  get #narrowHistoryRows(): StatementSync {
    return this.#prepared(`SELECT ${COLUMNS} FROM log INDEXED BY log_by_key WHERE id >= ? AND key >= ? AND key < ? ORDER BY id LIMIT ?`)
  }

  get #nthRow(): StatementSync {
    return this.#prepared('SELECT 1 FROM log INDEXED BY log_by_key WHERE key >= ? AND key < ? LIMIT 1 OFFSET ?')
  }

  get #sweepRows(): StatementSync {
    return this.#prepared('SELECT id, key, dead FROM log WHERE id > ? AND id < ? ORDER BY id LIMIT ?')
  }

  get #deleteBefore(): StatementSync {
    return this.#prepared('DELETE FROM log WHERE key = ? AND id < ?')
  }

  get #deleteRow(): StatementSync {
    return this.#prepared('DELETE FROM log WHERE id = ?')
  }

  get #freePages(): StatementSync {
    return this.#prepared('PRAGMA freelist_count')
  }

  readonly #statements = new Map<string, StatementSync>()

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)))
    return statement
  }
}
