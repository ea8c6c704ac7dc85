/** Hands commits to the store's watchers, in order; one that falls behind reads on from the history. */

import { Compacted, FutureRevision, type Revision, type StoreEvent } from './store.ts'

/** Some of the history: every event with `from` < revision <= `upTo`. */
export interface HistoryPart {
  readonly batches: readonly (readonly StoreEvent[])[]
  readonly upTo: Revision
}

export interface HubParts {
  /** The newest revision handed to `publish`. */
  readonly revision: () => Revision
  /** The oldest revision from which the events under `prefix` are all known. */
  readonly oldest: (prefix: string) => Revision
  /**
   * Calls `take` once with the next part of the history, or with the error that stands in the way. When `upTo` is
   * `revision()`, no commit may be published between the reading of the part and the call.
   */
  readonly history: (prefix: string, from: Revision, take: (part: HistoryPart | Error) => void) => void
}

const QUEUED_EVENTS_MAX = 20_000 // per watcher, about 40 MB of objects of 2 KB; beyond it the history is read instead

interface Watcher {
  readonly prefix: string
  queue: StoreEvent[][]
  queued: number
  /** Events up to here have been queued or did not concern it; kept while not `live`. */
  seen: Revision
  live: boolean
  reading: boolean
  failure: Error | undefined
  wake: () => void
}

export class WatchHub {
  readonly #parts: HubParts
  readonly #watchers = new Set<Watcher>()
  #ended: Error | undefined

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** The events of one commit, in the order of its writes. */
  publish(events: readonly StoreEvent[]): void {
    for (const w of this.#watchers) {
      if (!w.live) continue
      const mine = w.prefix === '' ? (events as StoreEvent[]) : events.filter((e) => keyOf(e).startsWith(w.prefix))
      if (mine.length === 0) continue
      if (w.queued + mine.length > QUEUED_EVENTS_MAX) {
        w.live = false // what is queued is still delivered, then the history is read
        w.seen = mine[0]!.revision - 1
        continue
      }
      w.queue.push(mine)
      w.queued += mine.length
      w.wake()
    }
  }

  /** Ends every watch with `error`. */
  end(error: Error): void {
    this.#ended = error
    for (const w of this.#watchers) {
      w.failure = error
      w.wake()
    }
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<readonly StoreEvent[]> {
    if (this.#ended) throw this.#ended
    if (from > this.#parts.revision()) throw new FutureRevision(from, this.#parts.revision())
    const w: Watcher = { prefix, queue: [], queued: 0, seen: from, live: false, reading: false, failure: undefined, wake: () => {} }
    const abort = () => w.wake()
    signal.addEventListener('abort', abort, { once: true })
    this.#watchers.add(w)
    let caughtUp = false
    try {
      this.#readHistory(w)
      while (!signal.aborted) {
        const batch = w.queue.shift()
        if (batch !== undefined) {
          w.queued -= batch.length
          yield batch
          continue
        }
        if (w.failure) throw w.failure
        if (w.live && !caughtUp) {
          caughtUp = true
          yield []
          continue
        }
        const woken = new Promise<void>((resolve) => (w.wake = resolve))
        if (!w.live) this.#readHistory(w)
        if (w.queue.length > 0 || w.failure) continue
        await woken
      }
    } finally {
      this.#watchers.delete(w)
      signal.removeEventListener('abort', abort)
    }
  }

  #readHistory(w: Watcher): void {
    if (w.reading) return
    const oldest = this.#parts.oldest(w.prefix)
    if (w.seen < oldest) {
      w.failure = new Compacted(oldest)
      return
    }
    if (w.seen >= this.#parts.revision()) {
      w.live = true
      return
    }
    w.reading = true
    this.#parts.history(w.prefix, w.seen, (part) => {
      w.reading = false
      if (part instanceof Error) w.failure = part
      else {
        for (const batch of part.batches) {
          w.queue.push(batch as StoreEvent[])
          w.queued += batch.length
        }
        w.seen = part.upTo
        w.live = part.upTo >= this.#parts.revision()
      }
      w.wake()
    })
  }
}

function keyOf(e: StoreEvent): string {
  return e.type === 'put' ? e.entry.key : e.key
}
