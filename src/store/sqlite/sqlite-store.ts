/** The embedded store: SQLite on a thread of its own, many commits to one fsync, nothing acknowledged before it is on disk. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { checkKey } from '../keys.ts'
import {
  Compacted,
  FutureRevision,
  StoreUnavailable,
  type Committed,
  type Conflict,
  type Entry,
  type Expect,
  type LeaseId,
  type RangeOptions,
  type Ranged,
  type Revision,
  type RevisionTimes,
  type Store,
  type StoreEvent,
  type Write,
} from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import { COMMIT_WRITES_MAX } from './limits.ts'
import { Packer, Unpacker, type PackedResult, type Reply, type Request, type WorkerData } from './protocol.ts'
import { SNAPSHOT_PREFIX } from './schema.ts'

export interface SqliteStoreParts {
  /** Made if missing. One process may own it at a time. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Keys under these are kept in memory only and gone after a restart; their revisions are not handed out again. */
  readonly volatilePrefixes?: readonly string[]
  /** History older than this is compacted; 0 keeps it until `compact`. Default: 5 minutes, upstream's compaction interval. */
  readonly historyMs?: number
  /** History longer than this is compacted even if younger. */
  readonly historyRevisionsMax?: number
  /** 4 KB pages the database may have. */
  readonly pagesMax?: number
  /** What tests make go wrong, see `WorkerData`. */
  readonly faults?: Pick<WorkerData, 'checkpointPages' | 'killAt'>
}

/** Opens the store of a directory. Throws `StoreUnavailable` when it is in use, damaged or out of reach. */
export async function openSqliteStore(parts: SqliteStoreParts): Promise<Store> {
  const data: WorkerData = {
    directory: parts.directory,
    volatilePrefixes: parts.volatilePrefixes ?? [],
    ...(parts.pagesMax !== undefined && { pagesMax: parts.pagesMax }),
    ...parts.faults,
  }
  // beside this file, with its extension: .ts from source, .js when bundled
  const worker = new Worker(new URL(`./sqlite-worker${extname(import.meta.url)}`, import.meta.url), { workerData: data })
  const opened = await new Promise<Reply>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  if (opened.type !== 'opened') {
    await worker.terminate()
    throw failureOf(opened)
  }
  return new SqliteStore(parts, worker, opened)
}

interface Waiting {
  readonly transaction: Transaction
  readonly resolve: (result: Committed | Conflict) => void
  readonly reject: (error: Error) => void
}

interface Transaction {
  readonly expect: readonly Expect[]
  readonly writes: readonly Write[]
}

const BATCH_COMMITS_MAX = 1000 // about 20 ms of work on one fsync
const BATCH_BYTES_MAX = 8 * 2 ** 20
const HISTORY_MS = 5 * 60_000
const HISTORY_REVISIONS_MAX = 500_000 // about 1 GB of updates of 2 KB
const COMPACTION_CHECKS = 5 // within historyMs; history is kept for at most a fifth longer
const EXPIRY_RETRY_MS = 10_000 // a lease that could not be ended because the disk is full

class SqliteStore implements Store {
  readonly #parts: SqliteStoreParts
  readonly #worker: Worker
  readonly #hub: WatchHub
  #revision: Revision
  #compacted: Revision
  readonly #waiting: Waiting[] = []
  #flushing = false
  /** Callbacks of the requests under way, in order. */
  readonly #replies: ((reply: Reply) => void)[] = []
  #repliesStart = 0
  readonly #leases = new Map<LeaseId, Disposable>()
  readonly #marks: { readonly at: number; readonly revision: Revision }[] = []
  #compactionTimer: Disposable | undefined
  #compacting = false
  #snapshots = 0
  #ended: StoreUnavailable | undefined
  #closing: Promise<void> | undefined

  readonly times: RevisionTimes = {
    of: (revisions) => this.#numbers({ type: 'times', of: revisions }),
    revisionAt: async (time) => (await this.#numbers({ type: 'revision-at', time }))[0],
    oldest: async () => (await this.#numbers({ type: 'oldest-time' }))[0],
  }

  constructor(parts: SqliteStoreParts, worker: Worker, opened: Extract<Reply, { type: 'opened' }>) {
    this.#parts = parts
    this.#worker = worker
    this.#revision = opened.revision
    this.#compacted = opened.compacted
    this.#hub = new WatchHub({
      revision: () => this.#revision,
      oldest: () => this.#compacted,
      history: (prefix, from, take) =>
        this.#send({ type: 'history', prefix, from }, (reply) => take(reply.type === 'history' ? historyPart(reply) : failureOf(reply))),
    })
    worker.on('message', (reply: Reply) => this.#take(reply))
    worker.on('error', (error) => this.#end(new StoreUnavailable('input-output', "the store's thread failed", { cause: error })))
    worker.on('exit', () => this.#end(new StoreUnavailable('closed', 'the store has been closed')))
    for (const { id, ttlMs, endsAt } of opened.leases) this.#keepLease(id, Math.min(ttlMs, endsAt - parts.clock.now()))
    this.#scheduleCompaction()
  }

  async get(key: string, at?: Revision): Promise<Entry | undefined> {
    return (await this.#entries({ type: 'get', key, at })).entries[0]
  }

  async range(prefix: string, { at, after, limit = 0, counted = true }: RangeOptions = {}): Promise<Ranged> {
    return this.#entries({ type: 'range', prefix, at, after, limit, counted })
  }

  commit(transaction: Transaction): Promise<Committed | Conflict> {
    return new Promise((resolve, reject) => {
      this.#check(transaction)
      this.#waiting.push({ transaction, resolve, reject })
      if (this.#flushing) return
      // those who commit in the same turn of the event loop share the fsync
      this.#flushing = true
      setImmediate(() => this.#flush())
    })
  }

  watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    return this.#hub.watch(prefix, from, signal)
  }

  async revision(): Promise<Revision> {
    if (this.#ended) throw this.#ended
    return this.#revision
  }

  async compact(revision: Revision): Promise<void> {
    await this.#call({ type: 'compact', revision })
    this.#compacted = Math.max(this.#compacted, revision)
  }

  async compacted(): Promise<Revision> {
    if (this.#ended) throw this.#ended
    return this.#compacted
  }

  async grantLease(ttlMs: number): Promise<LeaseId> {
    const reply = await this.#call({ type: 'grant', ttlMs, endsAt: Math.ceil(this.#parts.clock.now() + ttlMs) })
    const { id } = reply as Extract<Reply, { type: 'lease' }>
    this.#keepLease(id, ttlMs)
    return id
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    const path = join(this.#parts.directory, `${SNAPSHOT_PREFIX}${++this.#snapshots}`)
    try {
      await this.#call({ type: 'snapshot', path })
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
        hash.update(chunk)
        yield chunk
      }
      yield hash.digest()
    } finally {
      await rm(path, { force: true })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#compactionTimer?.[Symbol.dispose]()
    for (const timer of this.#leases.values()) timer[Symbol.dispose]()
    if (this.#ended) return
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    while (this.#waiting.length > 0) this.#flush()
    const closed = this.#call({ type: 'close' })
    this.#end(new StoreUnavailable('closed', 'the store has been closed'), true)
    await closed
    await exited
  }

  #check({ writes }: Transaction): void {
    if (this.#ended) throw this.#ended
    for (const w of writes) {
      checkKey(w.key)
      if (w.type === 'put' && w.lease !== undefined && !this.#leases.has(w.lease)) throw new TypeError(`lease ${w.lease} does not exist`)
    }
    if (writes.length > COMMIT_WRITES_MAX) throw new TypeError(`a commit has ${writes.length} writes, over ${COMMIT_WRITES_MAX}`)
    if (writes.length > 1 && new Set(writes.map((w) => w.key)).size !== writes.length)
      throw new TypeError('a key is written twice in one commit')
  }

  /** Sends what waits as one batch; the next goes when its answer has come, with all that gathered meanwhile. */
  #flush(): void {
    let bytes = 0
    let count = 0
    while (count < Math.min(this.#waiting.length, BATCH_COMMITS_MAX) && bytes < BATCH_BYTES_MAX)
      for (const w of this.#waiting[count++]!.transaction.writes) if (w.type === 'put') bytes += w.value.length
    const batch = this.#waiting.splice(0, count)
    const packer = new Packer()
    const commits = batch.map(({ transaction }) => ({
      expect: transaction.expect.map((e) => [e.key, e.modRevision] as const),
      writes: transaction.writes.map(
        (w) => [w.key, w.type === 'put' ? packer.value(w.value) : -1, w.type === 'put' ? w.lease : undefined] as const,
      ),
    }))
    this.#send({ type: 'commit', commits, bytes: packer.bytes(), now: this.#parts.clock.now() }, (reply) => {
      if (reply.type === 'results') {
        const values = new Unpacker(reply.bytes)
        // events first: whoever sees the acknowledgement may rely on the watchers having been told
        const results = reply.results.map((result, i) => this.#publish(result, batch[i]!.transaction.writes, values))
        results.forEach((result, i) => batch[i]!.resolve(result))
      } else for (const { reject } of batch) reject(failureOf(reply))
      if (this.#waiting.length > 0) setImmediate(() => this.#flush())
      else this.#flushing = false
      this.#compactLong()
    })
  }

  #publish(result: PackedResult, writes: readonly Write[], values: Unpacker): Committed | Conflict {
    if (!result.ok) return { ok: false, revision: result.revision, found: result.found.map((e) => e && values.entry(e)) }
    const { revision } = result
    const events = result.changes.flatMap((change, i): StoreEvent[] => {
      if (change === undefined) return []
      const { key, createRevision, version } = change
      const previous = change.previous && values.entry(change.previous)
      const w = writes[i]
      if (w?.type !== 'put') return [{ type: 'delete', revision, key, ...(previous && { previous }) }]
      const entry: Entry = {
        key,
        value: w.value,
        createRevision,
        modRevision: revision,
        version,
        ...(w.lease !== undefined && { lease: w.lease }),
      }
      return [{ type: 'put', revision, entry, ...(previous && { previous }) }]
    })
    if (events.length > 0) {
      this.#revision = revision
      this.#hub.publish(events)
    }
    return { ok: true, revision }
  }

  #keepLease(id: LeaseId, remainingMs: number): void {
    const timer = this.#parts.clock.timer(remainingMs, () => {
      if (this.#ended) return
      this.#send({ type: 'expire', lease: id, now: this.#parts.clock.now() }, (reply) => {
        if (reply.type !== 'results') {
          this.#parts.log.error('a lease could not be ended', { lease: id, error: failureOf(reply) })
          if (!this.#ended) this.#keepLease(id, EXPIRY_RETRY_MS)
          return
        }
        this.#leases.delete(id)
        const values = new Unpacker(reply.bytes)
        for (const result of reply.results) this.#publish(result, [], values)
      })
    })
    this.#leases.set(id, timer)
  }

  #scheduleCompaction(): void {
    const historyMs = this.#parts.historyMs ?? HISTORY_MS
    if (historyMs === 0) return
    this.#compactionTimer = this.#parts.clock.timer(historyMs / COMPACTION_CHECKS, () => {
      const now = this.#parts.clock.monotonic()
      this.#marks.push({ at: now, revision: this.#revision })
      let until: Revision = 0
      while (this.#marks.length > 0 && this.#marks[0]!.at <= now - historyMs) until = this.#marks.shift()!.revision
      if (until > this.#compacted) this.#compactSoon(until)
      this.#scheduleCompaction()
    })
  }

  #compactLong(): void {
    const max = this.#parts.historyRevisionsMax ?? HISTORY_REVISIONS_MAX
    if (this.#revision - this.#compacted > max) this.#compactSoon(this.#revision - Math.floor(max * 0.9))
  }

  #compactSoon(revision: Revision): void {
    if (this.#compacting || this.#ended) return
    this.#compacting = true
    this.compact(revision)
      .catch((error) => this.#parts.log.warn('the history could not be compacted', { error }))
      .finally(() => (this.#compacting = false))
  }

  async #entries(request: Request): Promise<Ranged> {
    const reply = (await this.#call(request)) as Extract<Reply, { type: 'entries' }>
    const values = new Unpacker(reply.bytes)
    return { entries: reply.entries.map((e) => values.entry(e)), revision: reply.revision, more: reply.more }
  }

  async #numbers(request: Request): Promise<readonly (number | undefined)[]> {
    return ((await this.#call(request)) as Extract<Reply, { type: 'numbers' }>).numbers
  }

  #call(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) =>
      this.#send(request, (reply) => {
        if (isFailure(reply)) reject(failureOf(reply))
        else resolve(reply)
      }),
    )
  }

  #send(request: Request, take: (reply: Reply) => void): void {
    if (this.#ended) return take({ type: 'unavailable', reason: this.#ended.reason, message: this.#ended.message })
    this.#replies.push(take)
    this.#worker.postMessage(request, 'bytes' in request ? [request.bytes.buffer as ArrayBuffer] : [])
  }

  #take(reply: Reply): void {
    const take = this.#replies[this.#repliesStart]!
    this.#replies[this.#repliesStart++] = undefined as never
    if (this.#repliesStart === this.#replies.length) {
      this.#replies.length = 0
      this.#repliesStart = 0
    }
    take(reply)
  }

  /** Refuses everything from now on; requests under way fail too, unless they may still be answered. */
  #end(error: StoreUnavailable, answersCome = false): void {
    this.#ended ??= error
    this.#hub.end(this.#ended)
    if (answersCome) return
    const reply: Reply = { type: 'unavailable', reason: this.#ended.reason, message: this.#ended.message }
    for (const take of this.#replies.splice(0).slice(this.#repliesStart)) take(reply)
    this.#repliesStart = 0
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended)
  }
}

function historyPart(reply: Extract<Reply, { type: 'history' }>): { batches: StoreEvent[][]; upTo: Revision } {
  const values = new Unpacker(reply.bytes)
  const batches: StoreEvent[][] = []
  for (const e of reply.events) {
    const entry = e.entry && values.entry(e.entry)
    const previous = e.previous && values.entry(e.previous)
    const event: StoreEvent = entry
      ? { type: 'put', revision: e.revision, entry, ...(previous && { previous }) }
      : { type: 'delete', revision: e.revision, key: e.key, ...(previous && { previous }) }
    const last = batches.at(-1)
    if (last?.[0]!.revision === e.revision) last.push(event)
    else batches.push([event])
  }
  return { batches, upTo: reply.upTo }
}

function isFailure(reply: Reply): boolean {
  return reply.type === 'unavailable' || reply.type === 'compacted' || reply.type === 'future'
}

function failureOf(reply: Reply): Error {
  switch (reply.type) {
    case 'unavailable':
      return new StoreUnavailable(reply.reason, reply.message)
    case 'compacted':
      return new Compacted(reply.compacted)
    case 'future':
      return new FutureRevision(reply.asked, reply.current)
    default:
      return new Error(`the store's thread answered with ${reply.type}`)
  }
}
