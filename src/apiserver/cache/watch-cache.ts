/** The watch cache of one resource: every stored object once, in key order, and the recent changes for watches. */

import type { Log } from '#base/log.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { OrderedMap } from '#store/ordered-map.ts'
import { StoreUnavailable, type Entry, type Revision, type StoreEvent } from '#store/store.ts'
import { EventWindow, type Change } from './event-window.ts'
import { Published } from './published.ts'
import { SharedParts } from './shared-parts.ts'
import type { StoreFeed } from './store-feed.ts'
import { Watcher, Watchers, covers } from './watchers.ts'

/**
 * A change as watchers get it; the same frozen event goes to every watcher, so its framing may be remembered in
 * `published.bytes`.
 */
export type CacheEvent<T extends KubeObject = KubeObject> =
  /** `previous` is the object before; undefined when it has just been created. */
  | { readonly type: 'put'; readonly revision: Revision; readonly published: Published<T>; readonly previous?: Published<T> }
  /** `published` is the last state with the deletion's own revision as its resourceVersion; `previous` the last state as it was. */
  | { readonly type: 'delete'; readonly revision: Revision; readonly published: Published<T>; readonly previous: Published<T> }
  /** Everything up to `revision` has been sent; what a bookmark says. */
  | { readonly type: 'progress'; readonly revision: Revision }

/** Looks only at objects whose index `name` has `value`. */
export interface IndexedBy {
  readonly name: string
  readonly value: string
}

export interface ListOptions {
  /** Strictly after this key. */
  readonly after?: string
  /** 0 or absent: no limit. */
  readonly limit?: number
  /** The list as it stood at this revision rather than now; it must lie within the window (`list` answers undefined otherwise). */
  readonly at?: Revision
  readonly index?: IndexedBy
}

export interface Listed<T extends KubeObject = KubeObject> {
  readonly items: readonly Published<T>[]
  /** The revision the list is of; a watch from it misses nothing. */
  readonly revision: Revision
  /** How many more there are beyond `limit`. */
  readonly more: number
}

export interface WatchOptions {
  /** A subtree when it ends with `/` (or is empty), else exactly this key. */
  readonly prefix: string
  /** Events with a higher revision are sent. */
  readonly from: Revision
  readonly signal: AbortSignal
  /** Sends a `progress` event this often. Absent: never. */
  readonly progressEveryMs?: number
  readonly index?: IndexedBy
}

/** The watcher did not take its events in time and has been cut off; its client resumes from the last it got. */
export class SlowWatcher extends Error {
  override readonly name = 'SlowWatcher'
}

export interface WatchCache<T extends KubeObject = KubeObject> extends AsyncDisposable {
  readonly resource: Resource<T>
  /** The key prefix of the resource, ending with `/`. */
  readonly prefix: string
  /** Everything up to here has been seen. It moves with every commit to the store, of whatever resource. */
  readonly revision: Revision
  /** Changes of the resource seen since it was opened. */
  readonly received: number
  get(key: string): Published<T> | undefined
  /** In key order. Undefined only when `at` lies outside the window: then read the store itself. */
  list(prefix: string, options?: ListOptions & { readonly at?: undefined }): Listed<T>
  list(prefix: string, options: ListOptions): Listed<T> | undefined
  /** Objects under a prefix, without making a list of them. */
  count(prefix: string): number
  /** Resolves to true once `revision` has been seen, to false after `timeoutMs` (then answer 504 "Too large resource version"). */
  waitUntil(revision: Revision, timeoutMs: number): Promise<boolean>
  /** Waits for all that was acknowledged before the call: for reads that must be fresh. */
  fresh(timeoutMs: number): Promise<boolean>
  /**
   * Batches in order, none missing. Throws `Compacted` when neither the window nor the store's history reaches back to
   * `from`, `SlowWatcher` when over `WATCH_BUFFER_EVENTS` wait to be taken, and ends quietly when `signal` aborts, which is
   * how to end it while it waits.
   */
  watch(options: WatchOptions): AsyncIterable<readonly CacheEvent<T>[]>
  /**
   * Says what `value`, about to be committed, decodes to, so that the cache need not decode it: call it with the very array
   * that goes into the commit. `object` must not be modified afterwards; its resourceVersion is set by the cache.
   */
  expect(value: Uint8Array, object: T): void
}

export interface WatchCacheParts<T extends KubeObject> {
  /** The one subscription to the store that all caches of a server share (`openStoreFeed`). */
  readonly feed: StoreFeed
  readonly resource: Resource<T>
  /** Ends with `/`. */
  readonly prefix: string
  /** What stored bytes say; the resourceVersion is set by the cache. A throw leaves the object out, with an error in the log. */
  readonly decode: (bytes: Uint8Array, key: string) => T
  readonly log: Log
  /** Values by which lists and watches can be narrowed cheaply, such as `spec.nodeName` of pods. */
  readonly indexes?: Readonly<Record<string, (object: T) => string>>
}

/** Reads all objects under `prefix` and follows them from then on. */
export async function openWatchCache<T extends KubeObject>(parts: WatchCacheParts<T>): Promise<WatchCache<T>> {
  const cache = new Cache(parts)
  await cache.load()
  return cache
}

const LOAD_PAGE_ENTRIES = 2000 // about 10 MB of pods a page, between which other work gets its turn

class Cache<T extends KubeObject> implements WatchCache<T> {
  readonly resource: Resource<T>
  readonly prefix: string
  received = 0
  readonly #feed: StoreFeed
  readonly #log: Log
  readonly #decode: WatchCacheParts<T>['decode']
  readonly #indexes: Readonly<Record<string, (object: T) => string>>
  #items = new OrderedMap<Published<T>>()
  /** By index name, then value. */
  readonly #indexed = new Map<string, Map<string, OrderedMap<Published<T>>>>()
  readonly #window: EventWindow<T>
  readonly #watchers: Watchers<T>
  /** Objects handed over by writers, by the very array that was committed; forgotten with it. */
  readonly #expected = new WeakMap<Uint8Array, T>()
  readonly #subscription: Disposable
  /** Events that arrive while all objects are being read. */
  #held: StoreEvent[] | undefined

  readonly #shared = new SharedParts()

  constructor({ feed, resource, prefix, decode, log, indexes = {} }: WatchCacheParts<T>) {
    this.resource = resource
    this.prefix = prefix
    this.#feed = feed
    this.#log = log
    this.#decode = decode
    this.#indexes = indexes
    for (const name of Object.keys(indexes)) this.#indexed.set(name, new Map())
    this.#window = new EventWindow(feed.revision)
    this.#watchers = new Watchers(indexes)
    this.#held = []
    this.#subscription = feed.subscribe(prefix, {
      apply: (events) => (this.#held ? void this.#held.push(...events) : this.#apply(events)),
      reload: (at) => this.#reload(at),
    })
  }

  get revision(): Revision {
    return this.#feed.revision
  }

  get(key: string): Published<T> | undefined {
    return this.#items.get(key)
  }

  list(prefix: string, options?: ListOptions & { readonly at?: undefined }): Listed<T>
  list(prefix: string, options: ListOptions): Listed<T> | undefined
  list(prefix: string, { after, limit = 0, at, index }: ListOptions = {}): Listed<T> | undefined {
    let from = index ? this.#indexed.get(index.name)!.get(index.value) : this.#items
    if (at !== undefined && at !== this.revision) {
      if (at < this.#window.from || at > this.revision) return undefined
      from = this.#asOf(at, from, prefix, index)
    }
    const revision = at ?? this.revision
    if (from === undefined) return { items: [], revision, more: 0 }
    if (prefix !== '' && !prefix.endsWith('/')) {
      const one = after === undefined ? from.get(prefix) : undefined
      return { items: one ? [one] : [], revision, more: 0 }
    }
    const { values, more } = from.under(prefix, after, limit)
    return { items: values, revision, more }
  }

  count(prefix: string): number {
    return prefix === this.prefix ? this.#items.size : this.#items.count(prefix)
  }

  waitUntil(revision: Revision, timeoutMs: number): Promise<boolean> {
    return this.#feed.waitUntil(revision, timeoutMs)
  }

  async fresh(timeoutMs: number): Promise<boolean> {
    return this.#feed.waitUntil(await this.#feed.store.revision(), timeoutMs)
  }

  async *watch({ prefix, from, signal, progressEveryMs, index }: WatchOptions): AsyncGenerator<readonly CacheEvent<T>[]> {
    const start = this.revision
    const watcher = new Watcher<T>(prefix, index, Math.max(from, start))
    const wake = () => watcher.wake()
    signal.addEventListener('abort', wake, { once: true })
    this.#watchers.add(watcher)
    let timer: Disposable | undefined
    const progress = () => {
      watcher.push({ type: 'progress', revision: this.revision })
      timer = this.#feed.clock.timer(progressEveryMs!, progress)
    }
    try {
      const missed = from >= this.#window.from ? this.#window.after(from) : await this.#history(prefix, from, start, signal)
      const mine = missed.filter((e) => covers(prefix, e.published.key) && this.#indexCovers(index, e))
      if (mine.length > 0) yield mine
      if (progressEveryMs !== undefined) timer = this.#feed.clock.timer(progressEveryMs, progress)
      while (!signal.aborted) {
        const events = await watcher.take(signal)
        if (events.length > 0) yield events
      }
    } finally {
      timer?.[Symbol.dispose]()
      this.#watchers.delete(watcher)
      signal.removeEventListener('abort', wake)
    }
  }

  expect(value: Uint8Array, object: T): void {
    this.#expected.set(value, object)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]()
    this.#watchers.failAll(new StoreUnavailable('closed', 'the watch cache has been closed'))
  }

  /** Reads every object as of `at`, up to which the feed has handed events over; those that come meanwhile are applied afterwards. */
  async load(at: Revision = this.#feed.revision): Promise<void> {
    this.#held = []
    const { store } = this.#feed
    const items = new OrderedMap<Published<T>>()
    for (let after: string | undefined; ;) {
      const page = await store.range(this.prefix, { at, limit: LOAD_PAGE_ENTRIES, counted: false, ...(after !== undefined && { after }) })
      for (const entry of page.entries) {
        const published = this.#publish(entry)
        if (published) items.set(entry.key, published)
      }
      if (page.more === 0) break
      after = page.entries.at(-1)!.key
    }
    this.#items = items
    for (const byValue of this.#indexed.values()) byValue.clear()
    for (const published of items.under('').values) this.#index(published, undefined)
    this.#window.restart(at)
    const held = this.#held
    this.#held = undefined
    this.#apply(held)
  }

  async #reload(at: Revision): Promise<void> {
    this.#watchers.failAll(new StoreUnavailable('unreachable', 'lost track of the store'))
    await this.load(at)
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const change = this.#changeOf(event)
      if (change === undefined) continue
      this.received++
      this.#window.push(change)
      this.#watchers.push(change)
    }
  }

  #changeOf(event: StoreEvent): Change<T> | undefined {
    const previous = this.#items.get(event.type === 'put' ? event.entry.key : event.key)
    if (event.type === 'delete') {
      if (previous === undefined) return undefined
      this.#unset(previous)
      return { type: 'delete', revision: event.revision, published: deletedAt(previous, event.revision), previous }
    }
    const published = this.#publish(event.entry)
    if (published === undefined) return undefined
    this.#set(published, previous)
    return { type: 'put', revision: event.revision, published, ...(previous && { previous }) }
  }

  #publish(entry: Entry): Published<T> | undefined {
    try {
      const object = this.#expected.get(entry.value) ?? this.#decode(entry.value, entry.key)
      this.#expected.delete(entry.value) // a store in memory keeps the value, and so would keep the object
      return new Published(this.resource, entry.key, entry.modRevision, withRevision(this.#shared.share(object), entry.modRevision))
    } catch (error) {
      this.#log.error('a stored object cannot be read', { key: entry.key, error })
      return undefined
    }
  }

  #set(published: Published<T>, previous: Published<T> | undefined): void {
    this.#items.set(published.key, published)
    this.#index(published, previous)
  }

  #index(published: Published<T>, previous: Published<T> | undefined): void {
    for (const [name, byValue] of this.#indexed) {
      const value = this.#indexes[name]!(published.object)
      if (previous) {
        const before = this.#indexes[name]!(previous.object)
        if (before !== value) dropFrom(byValue, before, published.key)
      }
      const objects = byValue.get(value)
      if (objects) objects.set(published.key, published)
      else {
        const first = new OrderedMap<Published<T>>()
        first.set(published.key, published)
        byValue.set(value, first)
      }
    }
  }

  #unset(published: Published<T>): void {
    this.#items.delete(published.key)
    for (const [name, byValue] of this.#indexed) dropFrom(byValue, this.#indexes[name]!(published.object), published.key)
  }

  /** The objects as they were at `at`: today's with the changes since undone. */
  #asOf(at: Revision, now: OrderedMap<Published<T>> | undefined, prefix: string, index: IndexedBy | undefined): OrderedMap<Published<T>> {
    const then = new OrderedMap<Published<T>>()
    if (now) for (const [key, published] of now.entries(prefix)) then.set(key, published)
    const undone = new Set<string>()
    for (const change of this.#window.after(at)) {
      const { key } = change.published
      if (undone.has(key) || !covers(prefix, key)) continue
      undone.add(key)
      const { previous } = change
      if (previous && (!index || this.#indexes[index.name]!(previous.object) === index.value)) then.set(key, previous)
      else then.delete(key)
    }
    return then
  }

  /** Changes after `from`, up to `upTo`, from the store's own history. */
  async #history(prefix: string, from: Revision, upTo: Revision, signal: AbortSignal): Promise<readonly Change<T>[]> {
    const changes: Change<T>[] = []
    const under = covers(prefix, this.prefix) ? this.prefix : prefix
    for await (const batch of this.#feed.store.watch(under, from, signal)) {
      if (batch.length === 0 || batch[0]!.revision > upTo) break
      for (const event of batch) {
        const previous = event.previous && this.#publish(event.previous)
        if (event.type === 'delete') {
          if (previous) changes.push({ type: 'delete', revision: event.revision, published: deletedAt(previous, event.revision), previous })
          continue
        }
        const published = this.#publish(event.entry)
        if (published) changes.push({ type: 'put', revision: event.revision, published, ...(previous && { previous }) })
      }
    }
    return changes
  }

  #indexCovers(index: IndexedBy | undefined, change: Change<T>): boolean {
    if (index === undefined) return true
    const valueOf = this.#indexes[index.name]!
    return valueOf(change.published.object) === index.value || (!!change.previous && valueOf(change.previous.object) === index.value)
  }
}

function dropFrom<T>(byValue: Map<string, OrderedMap<T>>, value: string, key: string): void {
  const objects = byValue.get(value)
  objects?.delete(key)
  if (objects?.size === 0) byValue.delete(value)
}

function deletedAt<T extends KubeObject>(last: Published<T>, revision: Revision): Published<T> {
  return new Published(last.resource, last.key, revision, withRevision(last.object, revision))
}

function withRevision<T extends KubeObject>(object: T, revision: Revision): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}
