/** A store as it stood at one revision: read whole, then held in memory, so that nobody has to keep history for it. */

import { OrderedMap } from './ordered-map.ts'
import {
  Compacted,
  FutureRevision,
  StoreUnavailable,
  type Entry,
  type RangeOptions,
  type Ranged,
  type Revision,
  type Store,
} from './store.ts'

const PAGE_ENTRIES = 2000 // about 4 MB a page

/** `from` may be closed afterwards. Throws `Compacted` and `FutureRevision`. */
export async function pastStore(from: Store, at: Revision): Promise<Store> {
  const entries = new OrderedMap<Entry>()
  for (let after: string | undefined; ;) {
    const page = await from.range('', { at, limit: PAGE_ENTRIES, counted: false, ...(after !== undefined && { after }) })
    for (const entry of page.entries) entries.set(entry.key, entry)
    after = page.entries.at(-1)?.key
    if (page.more === 0 || after === undefined) return new PastStore(entries, at)
  }
}

class PastStore implements Store {
  readonly #entries: OrderedMap<Entry>
  readonly #at: Revision
  readonly #closed = new AbortController()

  constructor(entries: OrderedMap<Entry>, at: Revision) {
    this.#entries = entries
    this.#at = at
  }

  async get(key: string, at = this.#at): Promise<Entry | undefined> {
    this.#check(at)
    return this.#entries.get(key)
  }

  async range(prefix: string, { at = this.#at, after, limit = 0 }: RangeOptions = {}): Promise<Ranged> {
    this.#check(at)
    const { values, more } = this.#entries.under(prefix, after, limit)
    return { entries: values, revision: this.#at, more }
  }

  async commit(): Promise<never> {
    throw new StoreUnavailable('read-only', `the store is shown as it stood at revision ${this.#at}: nothing can be written`)
  }

  /** Nothing comes: what was after it is not shown. */
  async *watch(_prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<readonly []> {
    this.#check(from)
    yield []
    const ended = AbortSignal.any([signal, this.#closed.signal])
    if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }))
    if (!signal.aborted) throw new StoreUnavailable('closed', 'the store has been closed')
  }

  async revision(): Promise<Revision> {
    return this.#at
  }

  async compacted(): Promise<Revision> {
    return this.#at
  }

  compact(): Promise<never> {
    return this.commit()
  }

  grantLease(): Promise<never> {
    return this.commit()
  }

  snapshot(): never {
    throw new StoreUnavailable('read-only', 'a store that shows the past gives no snapshots: ask the one it was read from')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
  }

  #check(at: Revision): void {
    if (this.#closed.signal.aborted) throw new StoreUnavailable('closed', 'the store has been closed')
    if (at < this.#at) throw new Compacted(this.#at)
    if (at > this.#at) throw new FutureRevision(at, this.#at)
  }
}
