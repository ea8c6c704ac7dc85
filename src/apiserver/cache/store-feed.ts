/** The one subscription to the store that all watch caches of a server share, so that each knows how far the store has got. */

import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Compacted, StoreUnavailable, type Revision, type Store, type StoreEvent } from '#store/store.ts'

export interface StoreFeed extends AsyncDisposable {
  readonly store: Store
  readonly clock: Clock
  /** Everything up to here has been handed to the caches. */
  readonly revision: Revision
  /** Resolves to true once `revision` has been handed over, to false after `timeoutMs`. */
  waitUntil(revision: Revision, timeoutMs: number): Promise<boolean>
  /** Hands over every event under `prefix` (ending with `/`) from `revision` on. One subscriber a prefix. */
  subscribe(prefix: string, subscriber: FeedSubscriber): Disposable
}

export interface FeedSubscriber {
  /** The subscriber's events of one commit; called synchronously, before `revision` moves. */
  apply(events: readonly StoreEvent[]): void
  /** Events were missed: read everything anew, as of `at`. Nothing is handed over until it is done. */
  reload(at: Revision): Promise<void>
}

export interface StoreFeedParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/** Follows `store` from its present revision on. */
export async function openStoreFeed(parts: StoreFeedParts): Promise<StoreFeed> {
  return new Feed(parts, await parts.store.revision())
}

interface Waiter {
  readonly revision: Revision
  readonly resolve: () => void
}

const RETRY_MS = 1000 // an etcd that has gone away; the embedded stores do not come back

class Feed implements StoreFeed {
  readonly store: Store
  readonly clock: Clock
  revision: Revision
  readonly #log: Log
  readonly #subscribers = new Map<string, FeedSubscriber>()
  readonly #waiters = new Set<Waiter>()
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor({ store, clock, log }: StoreFeedParts, revision: Revision) {
    this.store = store
    this.clock = clock
    this.revision = revision
    this.#log = log
    this.#done = this.#run()
  }

  async waitUntil(revision: Revision, timeoutMs: number): Promise<boolean> {
    if (this.revision >= revision) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    using _timer = this.clock.timer(timeoutMs, () => resolve(false))
    const waiter: Waiter = { revision, resolve: () => resolve(true) }
    this.#waiters.add(waiter)
    try {
      return await promise
    } finally {
      this.#waiters.delete(waiter)
    }
  }

  subscribe(prefix: string, subscriber: FeedSubscriber): Disposable {
    if (this.#subscribers.has(prefix)) throw new Error(`${prefix} is followed already`)
    this.#subscribers.set(prefix, subscriber)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(prefix) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        for await (const events of this.store.watch('', this.revision, signal)) if (events.length > 0) this.#handOver(events)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof StoreUnavailable && error.reason === 'closed') return
        this.#log.error('lost track of the store', { error })
        if (!(error instanceof Compacted)) await sleep(this.clock, RETRY_MS, signal).catch(() => {})
        await this.#reload(signal)
      }
    }
  }

  #handOver(events: readonly StoreEvent[]): void {
    if (events.length === 1) this.#subscriberOf(keyOf(events[0]!))?.apply(events)
    else for (const [subscriber, mine] of Map.groupBy(events, (e) => this.#subscriberOf(keyOf(e)))) subscriber?.apply(mine)
    this.#advance(events[0]!.revision)
  }

  #subscriberOf(key: string): FeedSubscriber | undefined {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const subscriber = this.#subscribers.get(key.slice(0, slash + 1))
      if (subscriber) return subscriber
    }
    return undefined
  }

  #advance(revision: Revision): void {
    this.revision = revision
    for (const w of this.#waiters) if (w.revision <= revision) w.resolve()
  }

  async #reload(signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        const revision = await this.store.revision()
        for (const subscriber of this.#subscribers.values()) await subscriber.reload(revision)
        this.#advance(revision)
        return
      } catch (error) {
        if (error instanceof StoreUnavailable && error.reason === 'closed') return
        this.#log.error('could not read the store anew', { error })
        await sleep(this.clock, RETRY_MS, signal).catch(() => {})
      }
  }
}

function keyOf(e: StoreEvent): string {
  return e.type === 'put' ? e.entry.key : e.key
}
