/** The store kept by an etcd cluster, which other API servers may share. */

import { sleep, type Clock } from '#base/clock.ts'
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
  type Store,
  type StoreEvent,
  type Write,
} from '../store.ts'
import { WatchHub, type HistoryPart } from '../watch-hub.ts'
import { EtcdConnection, type EtcdAddress } from './connection.ts'
import { LeaseGone, RevisionAhead, RevisionGone, unavailable } from './failures.ts'
import { commitsAfter, follow, type Commit } from './follow.ts'
import { FROM_HERE_ON, keySpace, type KeySpace } from './key-space.ts'
import { COMPARE_MOD, compact, grantLease, range, snapshot, status, transact } from './messages.ts'
import type { Read, Written } from './protobuf.ts'
import { OwnValues } from './own-values.ts'
import { compactTogether } from './shared-compaction.ts'

export interface EtcdStoreParts extends EtcdAddress {
  readonly clock: Clock
  readonly log: Log
  /** Stands in for `/registry` at the start of keys. */
  readonly prefix?: string
  /** History older than this is compacted, by one of the servers that share the cluster; 0 leaves it to others. Default: 5 minutes. */
  readonly historyMs?: number
}

/** Connects and begins to follow. Throws `StoreUnavailable` when no member answers, lets us in or is of a release we know. */
export async function openEtcdStore(parts: EtcdStoreParts): Promise<Store> {
  const connection = new EtcdConnection(parts)
  try {
    await checkReleases(connection, parts.log)
    const { header } = await connection.call(range, ANYTHING, 'read').catch((error: unknown) => {
      if (!/permission denied/.test((error as Error).message)) throw error
      throw unavailable(
        'unreachable',
        'the user of etcd may not read all keys, which following it takes: grant its role read on all',
        error,
      )
    })
    return new EtcdStore(parts, connection, header!.revision)
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
}

interface Transaction {
  readonly expect: readonly Expect[]
  readonly writes: readonly Write[]
}

interface Waiter {
  readonly revision: Revision
  readonly resolve: () => void
}

const HISTORY_MS = 5 * 60_000
const HISTORY_PART_EVENTS = 10_000 // about 20 MB of objects of 2 KB
const OWN_EVENTS_MS_MAX = 1_000 // a writer waits this long at most until the watchers here have been told
const HISTORY_RETRY_MS = 200
const COMMIT_WRITES_MAX = 128 // etcd's own limit, unless --max-txn-ops says otherwise
const FIRST_REVISION = 1 // of a store in which nothing was ever written
const RELEASES = /^3\.[456]\./
/** Reads nothing but the newest revision; it goes through the leader. */
const PRESENT = { key: Buffer.from('k8ts'), countOnly: true }
/** What only those may read who may watch everything; asked once, since etcd counts all keys for it. */
const ANYTHING = { key: FROM_HERE_ON, rangeEnd: FROM_HERE_ON, limit: 1, keysOnly: true }
const CLOSED = 'the store has been closed'

class EtcdStore implements Store {
  readonly #parts: EtcdStoreParts
  readonly #connection: EtcdConnection
  readonly #keys: KeySpace
  readonly #own = new OwnValues()
  readonly #stop = new AbortController()
  readonly #following: Promise<unknown>
  readonly #waiters = new Set<Waiter>()
  readonly #underWay = new Set<Promise<unknown>>()
  #hub: WatchHub
  #seen: Revision
  #asked: Promise<Revision> | undefined
  #askedNext: Promise<Revision> | undefined
  #connected = false
  #closed = false
  #closing: Promise<void> | undefined

  constructor(parts: EtcdStoreParts, connection: EtcdConnection, revision: Revision) {
    this.#parts = parts
    this.#connection = connection
    this.#keys = keySpace(parts.prefix)
    this.#seen = revision
    this.#hub = this.#newHub()
    const { clock, log } = parts
    const { signal } = this.#stop
    this.#following = Promise.all([
      follow(
        { connection, keys: this.#keys, clock, log },
        revision,
        {
          take: (commit) => this.#take(commit),
          gap: (error) => this.#leap(error),
          connected: (yes) => {
            this.#connected = yes
            if (!yes) this.#wake(Infinity) // writers shall not wait for what may take long to come
          },
        },
        signal,
      ),
      parts.historyMs === 0 ? undefined : compactTogether({ connection, clock, log, everyMs: parts.historyMs ?? HISTORY_MS }, signal),
    ])
  }

  async get(key: string, at?: Revision): Promise<Entry | undefined> {
    checkKey(key)
    const { kvs } = await this.#read({ key: this.#keys.toEtcd(key), revision: at ?? 0 })
    return kvs[0] && this.#keys.entry(kvs[0])
  }

  async range(prefix: string, { at = 0, after, limit = 0 }: RangeOptions = {}): Promise<Ranged> {
    const { header, kvs, count } = await this.#read({ ...this.#keys.within(prefix, after), revision: at, limit })
    return { entries: kvs.map((kv) => this.#keys.entry(kv)), revision: at || header!.revision, more: count - kvs.length }
  }

  async commit(transaction: Transaction): Promise<Committed | Conflict> {
    this.#checkOpen()
    check(transaction)
    const result = this.#commit(transaction)
    this.#underWay.add(result)
    try {
      return await result
    } finally {
      this.#underWay.delete(result)
    }
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<readonly StoreEvent[]> {
    const newest = await this.revision()
    if (from > newest) throw new FutureRevision(from, newest)
    await this.#reached(newest, { signal })
    this.#checkOpen()
    if (!signal.aborted) yield* this.#hub.watch(prefix, from, signal)
  }

  /** Those who ask while an answer is on its way share the next one: theirs must not be older than they are. */
  revision(): Promise<Revision> {
    if (this.#asked === undefined) return this.#askRevision()
    return (this.#askedNext ??= this.#asked
      .catch(() => {})
      .then(() => {
        this.#askedNext = undefined
        return this.#askRevision()
      }))
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen()
    try {
      await this.#connection.call(compact, { revision }, 'read') // once more does no harm
    } catch (error) {
      if (error instanceof RevisionAhead) throw new FutureRevision(revision, await this.revision())
      if (!(error instanceof RevisionGone)) throw error
    }
  }

  /** etcd names it only to those who watch from before it. */
  async compacted(): Promise<Revision> {
    if ((await this.revision()) <= FIRST_REVISION) return FIRST_REVISION
    using stop = new Stop()
    try {
      for await (const _ of this.#commitsAfter(0, stop.signal)) break
      return FIRST_REVISION
    } catch (error) {
      if (error instanceof Compacted) return error.compacted
      throw unavailable('unreachable', `etcd does not say how far it has been compacted: ${(error as Error).message}`, error)
    }
  }

  async grantLease(ttlMs: number): Promise<LeaseId> {
    this.#checkOpen()
    const { id } = await this.#connection.call(grantLease, { ttlSeconds: Math.ceil(ttlMs / 1000) }, 'read') // one too many runs out unused
    return String(id)
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    this.#checkOpen()
    const stream = await this.#connection.stream(snapshot, {})
    try {
      for await (const { blob } of stream as AsyncIterable<{ readonly blob: Uint8Array }>) yield blob
    } catch (error) {
      throw unavailable('unreachable', `etcd broke off its snapshot: ${(error as Error).message}`, error)
    } finally {
      stream.on('error', () => {})
      stream.cancel()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#wake(Infinity)
    await Promise.allSettled(this.#underWay)
    this.#stop.abort()
    this.#hub.end(new StoreUnavailable('closed', CLOSED))
    await this.#following
    this.#connection[Symbol.dispose]()
  }

  async #commit({ expect, writes }: Transaction): Promise<Committed | Conflict> {
    const toEtcd = (key: string) => this.#keys.toEtcd(key)
    using _recognized = this.#own.written(writes)
    const { header, succeeded, responses } = await this.#connection
      .call(
        transact,
        {
          compare: expect.map(({ key, modRevision }) => ({ target: COMPARE_MOD, key: toEtcd(key), modRevision })),
          success: writes.map((w) =>
            w.type === 'put'
              ? { put: { key: toEtcd(w.key), value: w.value, ...(w.lease !== undefined && { lease: BigInt(w.lease) }) } }
              : { deleteRange: { key: toEtcd(w.key) } },
          ),
          failure: expect.map(({ key }) => ({ range: { key: toEtcd(key) } })),
        },
        'write',
      )
      .catch((error: unknown) => {
        if (error instanceof LeaseGone) throw new TypeError('the lease of a write does not exist', { cause: error })
        throw error
      })
    const { revision } = header!
    if (!succeeded) return { ok: false, revision, found: responses.map((r) => r.range?.kvs[0] && this.#keys.entry(r.range.kvs[0])) }
    // whoever sees the acknowledgement may rely on the watchers having been told
    if (this.#connected && !this.#closed) await this.#reached(revision, { withinMs: OWN_EVENTS_MS_MAX })
    return { ok: true, revision }
  }

  async #read(request: Written<typeof range.request>): Promise<Read<typeof range.response>> {
    this.#checkOpen()
    try {
      return await this.#connection.call(range, request, 'read')
    } catch (error) {
      if (error instanceof RevisionGone) throw new Compacted(await this.compacted())
      if (error instanceof RevisionAhead) throw new FutureRevision(request.revision!, await this.revision())
      if (this.#closed) this.#checkOpen()
      throw error
    }
  }

  #askRevision(): Promise<Revision> {
    const asked = this.#read(PRESENT).then(({ header }) => header!.revision)
    this.#asked = asked
    const answered = () => {
      if (this.#asked === asked) this.#asked = undefined
    }
    asked.then(answered, answered)
    return asked
  }

  #take({ revision, events }: Commit): void {
    this.#seen = revision
    if (events.length > 0) this.#hub.publish(this.#own.recognized(events))
    this.#wake(revision)
  }

  /** What happened meanwhile is lost: those who watch have to read anew. */
  async #leap(error: Compacted): Promise<Revision> {
    const revision = await this.revision()
    this.#hub.end(error)
    this.#seen = revision
    this.#hub = this.#newHub()
    this.#wake(revision)
    return revision
  }

  #wake(revision: Revision): void {
    for (const w of this.#waiters) if (w.revision <= revision) w.resolve()
  }

  /** Resolves once the watchers have been told of `revision`, or there is no point in waiting any longer. */
  async #reached(revision: Revision, { signal, withinMs }: { signal?: AbortSignal; withinMs?: number }): Promise<void> {
    if (this.#seen >= revision) return
    const { promise, resolve } = Promise.withResolvers<void>()
    using stack = new DisposableStack()
    if (withinMs !== undefined) stack.use(this.#parts.clock.timer(withinMs, resolve))
    const waiter: Waiter = { revision, resolve }
    this.#waiters.add(waiter)
    stack.defer(() => this.#waiters.delete(waiter))
    signal?.addEventListener('abort', () => resolve(), { once: true })
    await promise
  }

  #newHub(): WatchHub {
    return new WatchHub({
      revision: () => this.#seen,
      oldest: () => 0, // etcd says so when the history is read
      history: (prefix, from, take) => void this.#readHistory(prefix, from, take),
    })
  }

  /** Takes what happened after `from`, all of it or much; only what the hub has been told of, lest that be given twice. */
  async #readHistory(prefix: string, from: Revision, take: (part: HistoryPart | Error) => void): Promise<void> {
    const batches: (readonly StoreEvent[])[] = []
    let upTo = from
    let events = 0
    while (!this.#closed)
      try {
        if (this.#seen <= FIRST_REVISION) return take({ batches, upTo: this.#seen })
        using stop = new Stop()
        for await (const commit of this.#commitsAfter(upTo, stop.signal)) {
          if (commit.revision <= this.#seen) {
            const mine = commit.events.filter((e) => keyOf(e).startsWith(prefix))
            if (mine.length > 0) batches.push(mine)
            events += mine.length
          }
          upTo = Math.min(commit.revision, this.#seen)
          if (commit.revision >= this.#seen || events >= HISTORY_PART_EVENTS) return take({ batches, upTo })
        }
      } catch (error) {
        if (error instanceof Compacted) return take(error)
        this.#parts.log.info('reading the history broke off and is resumed', { from: upTo, error: (error as Error).message })
        await sleep(this.#parts.clock, HISTORY_RETRY_MS, this.#stop.signal).catch(() => {})
      }
    take(new StoreUnavailable('closed', CLOSED))
  }

  #commitsAfter(from: Revision, signal: AbortSignal): AsyncGenerator<Commit> {
    const { clock, log } = this.#parts
    return commitsAfter({ connection: this.#connection, keys: this.#keys, clock, log }, from, signal)
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('closed', CLOSED)
  }
}

/** Ends a stream when the block is left. */
class Stop implements Disposable {
  readonly #controller = new AbortController()
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  [Symbol.dispose](): void {
    this.#controller.abort()
  }
}

function check({ writes }: Transaction): void {
  for (const w of writes) checkKey(w.key)
  if (writes.length > COMMIT_WRITES_MAX) throw new TypeError(`a commit has ${writes.length} writes, over ${COMMIT_WRITES_MAX}`)
  if (writes.length > 1 && new Set(writes.map((w) => w.key)).size !== writes.length)
    throw new TypeError('a key is written twice in one commit')
}

/** Members that cannot be asked are judged by what they answer later. */
async function checkReleases(connection: EtcdConnection, log: Log): Promise<void> {
  await Promise.all(
    connection.endpoints.map(async (endpoint) => {
      const version = await connection.ask(endpoint, status, {}).then(
        (answer) => answer.version,
        () => undefined,
      )
      if (version === undefined) return
      const [major = 0, minor = 0] = version.split('.').map(Number)
      if (major < 3 || (major === 3 && minor < 4))
        throw new StoreUnavailable('unreachable', `etcd at ${endpoint} is of version ${version}; 3.4, 3.5 or 3.6 is needed`)
      if (!RELEASES.test(version)) log.warn('etcd is of a version this server was not tried with', { endpoint, version })
    }),
  )
}

function keyOf(e: StoreEvent): string {
  return e.type === 'put' ? e.entry.key : e.key
}
