/** The store in memory: what tests and throw-away clusters run on. Gone with the process unless a snapshot was taken. */

import { checkKey } from '../keys.ts'
import { OrderedMap } from '../ordered-map.ts'
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
import { WatchHub } from '../watch-hub.ts'
import { decodeSnapshot, encodeSnapshot, type SnapshotState } from './snapshot.ts'
import type { Clock } from '#base/clock.ts'

export interface MemoryStoreParts {
  readonly clock: Clock
  /** What an earlier `snapshot()` gave. */
  readonly restore?: Uint8Array
  /** History older than this is forgotten; 0 keeps it until `compact`. Default: 5 minutes, upstream's compaction interval. */
  readonly historyMs?: number
  /** History larger than this is forgotten even if younger. */
  readonly historyBytesMax?: number
}

export function openMemoryStore(parts: MemoryStoreParts): Store {
  return new MemoryStore(parts)
}

interface Past {
  readonly revision: Revision
  readonly at: number
  readonly bytes: number
  readonly events: readonly StoreEvent[]
}

interface Lease {
  readonly ttlMs: number
  readonly endsAt: number
  readonly keys: Set<string>
  readonly timer: Disposable
}

const HISTORY_MS = 5 * 60_000
const HISTORY_BYTES_MAX = 64 * 2 ** 20 // values no longer current; about 30 000 updates of 2 KB
const ENTRY_OVERHEAD_BYTES = 200 // what an entry and its event weigh beside their value

class MemoryStore implements Store {
  readonly #clock: Clock
  readonly #historyMs: number
  readonly #historyBytesMax: number
  readonly #live = new OrderedMap<Entry>()
  /** Commits after `#compacted`, oldest first, from `#pastStart` on. */
  readonly #past: Past[] = []
  #pastStart = 0
  #pastBytes = 0
  #revision: Revision = 1
  #compacted: Revision = 1
  readonly #leases = new Map<LeaseId, Lease>()
  #leasesGranted = 0
  readonly #hub: WatchHub
  #closed = false

  constructor(parts: MemoryStoreParts) {
    this.#clock = parts.clock
    this.#historyMs = parts.historyMs ?? HISTORY_MS
    this.#historyBytesMax = parts.historyBytesMax ?? HISTORY_BYTES_MAX
    this.#hub = new WatchHub({
      revision: () => this.#revision,
      oldest: () => this.#compacted,
      history: (prefix, from, take) => {
        const batches: (readonly StoreEvent[])[] = []
        for (let i = this.#pastAfter(from); i < this.#past.length; i++) {
          const mine = this.#past[i]!.events.filter((e) => eventKey(e).startsWith(prefix))
          if (mine.length > 0) batches.push(mine)
        }
        take({ batches, upTo: this.#revision })
      },
    })
    if (parts.restore) this.#load(decodeSnapshot(parts.restore))
  }

  async get(key: string, at?: Revision): Promise<Entry | undefined> {
    this.#checkRead(at)
    if (at === undefined || at === this.#revision) return this.#live.get(key)
    const changed = this.#changedSince(at, key)
    return changed.has(key) ? changed.get(key) : this.#live.get(key)
  }

  async range(prefix: string, { at, after, limit = 0 }: RangeOptions = {}): Promise<Ranged> {
    this.#checkRead(at)
    if (at === undefined || at === this.#revision) {
      const { values, more } = this.#live.under(prefix, after, limit)
      return { entries: values, revision: this.#revision, more }
    }
    const then = new OrderedMap<Entry>()
    for (const [key, entry] of this.#live.entries(prefix)) then.set(key, entry)
    for (const [key, entry] of this.#changedSince(at, prefix)) {
      if (entry === undefined) then.delete(key)
      else then.set(key, entry)
    }
    const { values, more } = then.under(prefix, after, limit)
    return { entries: values, revision: at, more }
  }

  async commit({
    expect,
    writes,
  }: {
    readonly expect: readonly Expect[]
    readonly writes: readonly Write[]
  }): Promise<Committed | Conflict> {
    this.#checkOpen()
    for (const w of writes) checkKey(w.key)
    if (new Set(writes.map((w) => w.key)).size !== writes.length) throw new TypeError('a key is written twice in one commit')
    for (const w of writes)
      if (w.type === 'put' && w.lease !== undefined && !this.#leases.has(w.lease)) throw new TypeError(`lease ${w.lease} does not exist`)
    if (expect.some((e) => (this.#live.get(e.key)?.modRevision ?? 0) !== e.modRevision))
      return { ok: false, revision: this.#revision, found: expect.map((e) => this.#live.get(e.key)) }
    this.#apply(writes)
    return { ok: true, revision: this.#revision }
  }

  watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    return this.#hub.watch(prefix, from, signal)
  }

  async revision(): Promise<Revision> {
    this.#checkOpen()
    return this.#revision
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen()
    if (revision > this.#revision) throw new FutureRevision(revision, this.#revision)
    if (revision > this.#compacted) this.#forgetUntil(revision)
  }

  async compacted(): Promise<Revision> {
    this.#checkOpen()
    return this.#compacted
  }

  async grantLease(ttlMs: number): Promise<LeaseId> {
    this.#checkOpen()
    const id = String(++this.#leasesGranted)
    this.#keepLease(id, ttlMs, this.#clock.now() + ttlMs, [])
    return id
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    this.#checkOpen()
    yield* encodeSnapshot({
      revision: this.#revision,
      leasesGranted: this.#leasesGranted,
      leases: [...this.#leases].map(([id, { ttlMs, endsAt }]) => ({ id, ttlMs, endsAt })),
      entries: this.#live.under('').values,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const lease of this.#leases.values()) lease.timer[Symbol.dispose]()
    this.#hub.end(new StoreUnavailable('closed', 'the store has been closed'))
  }

  #apply(writes: readonly Write[]): void {
    const revision = this.#revision + 1
    const events: StoreEvent[] = []
    let bytes = 0
    for (const w of writes) {
      const previous = this.#live.get(w.key)
      if (w.type === 'delete' && previous === undefined) continue
      if (previous?.lease !== undefined) this.#leases.get(previous.lease)?.keys.delete(w.key)
      bytes += ENTRY_OVERHEAD_BYTES + (previous?.value.length ?? 0)
      if (w.type === 'delete') {
        this.#live.delete(w.key)
        events.push({ type: 'delete', revision, key: w.key, ...(previous && { previous }) })
        continue
      }
      const entry: Entry = {
        key: w.key,
        value: w.value,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
        version: (previous?.version ?? 0) + 1,
        ...(w.lease !== undefined && { lease: w.lease }),
      }
      if (w.lease !== undefined) this.#leases.get(w.lease)!.keys.add(w.key)
      this.#live.set(w.key, entry)
      events.push({ type: 'put', revision, entry, ...(previous && { previous }) })
    }
    if (events.length === 0) return // as in etcd, deleting nothing is no change
    this.#revision = revision
    this.#past.push({ revision, at: this.#clock.now(), bytes, events })
    this.#pastBytes += bytes
    this.#forgetOld()
    this.#hub.publish(events)
  }

  #forgetOld(): void {
    const youngest = this.#historyMs === 0 ? -Infinity : this.#clock.now() - this.#historyMs
    let until = 0
    for (let i = this.#pastStart, bytes = this.#pastBytes; i < this.#past.length - 1; i++) {
      const past = this.#past[i]!
      if (past.at >= youngest && bytes <= this.#historyBytesMax) break
      bytes -= past.bytes
      until = past.revision
    }
    if (until > 0) this.#forgetUntil(until)
  }

  #forgetUntil(revision: Revision): void {
    this.#compacted = revision
    while (this.#pastStart < this.#past.length && this.#past[this.#pastStart]!.revision <= revision) {
      this.#pastBytes -= this.#past[this.#pastStart]!.bytes
      this.#past[this.#pastStart++] = undefined as never
    }
    if (this.#pastStart > this.#past.length / 2) {
      this.#past.splice(0, this.#pastStart)
      this.#pastStart = 0
    }
  }

  /** Index of the first commit after `revision`. */
  #pastAfter(revision: Revision): number {
    let low = this.#pastStart
    for (let high = this.#past.length; low < high;) {
      const middle = (low + high) >> 1
      if (this.#past[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Keys under `prefix` that changed after `at`, each with its entry as it was then. */
  #changedSince(at: Revision, prefix: string): Map<string, Entry | undefined> {
    const then = new Map<string, Entry | undefined>()
    for (let i = this.#pastAfter(at); i < this.#past.length; i++)
      for (const e of this.#past[i]!.events) {
        const key = eventKey(e)
        if (key.startsWith(prefix) && !then.has(key)) then.set(key, e.previous)
      }
    return then
  }

  #keepLease(id: LeaseId, ttlMs: number, endsAt: number, keys: readonly string[]): void {
    const timer = this.#clock.timer(endsAt - this.#clock.now(), () => {
      const lease = this.#leases.get(id)!
      this.#leases.delete(id)
      this.#apply([...lease.keys].map((key) => ({ type: 'delete', key })))
    })
    this.#leases.set(id, { ttlMs, endsAt, keys: new Set(keys), timer })
  }

  #load(state: SnapshotState): void {
    this.#revision = this.#compacted = state.revision
    this.#leasesGranted = state.leasesGranted
    const keys = Map.groupBy(state.entries, (e) => e.lease)
    for (const entry of state.entries) this.#live.set(entry.key, entry)
    for (const { id, ttlMs, endsAt } of state.leases)
      this.#keepLease(
        id,
        ttlMs,
        endsAt,
        (keys.get(id) ?? []).map((e) => e.key),
      )
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('closed', 'the store has been closed')
  }

  #checkRead(at: Revision | undefined): void {
    this.#checkOpen()
    if (at === undefined) return
    if (at > this.#revision) throw new FutureRevision(at, this.#revision)
    if (at < this.#compacted) throw new Compacted(this.#compacted)
  }
}

function eventKey(e: StoreEvent): string {
  return e.type === 'put' ? e.entry.key : e.key
}
