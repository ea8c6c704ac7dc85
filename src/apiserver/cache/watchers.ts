/** The watchers of one cache, found by what they look at, each with a bounded buffer of events it has not taken. */

import type { KubeObject } from '#schema/resource.ts'
import type { Revision } from '#store/store.ts'
import type { Change } from './event-window.ts'
import { SlowWatcher, type CacheEvent, type IndexedBy } from './watch-cache.ts'

export const WATCH_BUFFER_EVENTS = 4096 // a burst of a large rollout; the events are shared, so this bounds delay rather than memory

export class Watcher<T extends KubeObject> {
  readonly prefix: string
  readonly index: IndexedBy | undefined
  readonly #from: Revision
  #buffer: CacheEvent<T>[] = []
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(prefix: string, index: IndexedBy | undefined, from: Revision) {
    this.prefix = prefix
    this.index = index
    this.#from = from
  }

  push(event: CacheEvent<T>): void {
    if (event.revision <= this.#from && event.type !== 'progress') return
    if (this.#buffer.length >= WATCH_BUFFER_EVENTS) this.fail(new SlowWatcher(`over ${WATCH_BUFFER_EVENTS} events wait to be taken`))
    if (this.#failure) return
    this.#buffer.push(event)
    this.#wake?.()
  }

  /** Ends the watch after what is buffered, except that one too slow gets nothing more. */
  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    if (error instanceof SlowWatcher) this.#buffer = []
    this.#wake?.()
  }

  wake(): void {
    this.#wake?.()
  }

  /** What has gathered since the last call; waits for something if there is nothing. Empty only when `signal` aborted. */
  async take(signal: AbortSignal): Promise<readonly CacheEvent<T>[]> {
    while (this.#buffer.length === 0) {
      if (signal.aborted) return []
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    const taken = this.#buffer
    this.#buffer = []
    return taken
  }
}

export class Watchers<T extends KubeObject> {
  readonly #all = new Set<Watcher<T>>()
  readonly #byPrefix = new Map<string, Set<Watcher<T>>>()
  /** By index name, then value. */
  readonly #byIndex = new Map<string, Map<string, Set<Watcher<T>>>>()
  readonly #indexes: Readonly<Record<string, (object: T) => string>>

  constructor(indexes: Readonly<Record<string, (object: T) => string>>) {
    this.#indexes = indexes
  }

  add(w: Watcher<T>): void {
    this.#all.add(w)
    const home = this.#home(w)
    const key = w.index?.value ?? w.prefix
    const set = home.get(key)
    if (set) set.add(w)
    else home.set(key, new Set([w]))
  }

  delete(w: Watcher<T>): void {
    this.#all.delete(w)
    const home = this.#home(w)
    const key = w.index?.value ?? w.prefix
    const set = home.get(key)
    set?.delete(w)
    if (set?.size === 0) home.delete(key)
  }

  push(event: Change<T>): void {
    const { key } = event.published
    pushAll(this.#byPrefix.get(key), event)
    pushAll(this.#byPrefix.get(''), event)
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1))
      pushAll(this.#byPrefix.get(key.slice(0, slash + 1)), event)
    for (const [name, watching] of this.#byIndex) {
      const valueOf = this.#indexes[name]!
      const now = valueOf(event.published.object)
      const before = event.previous && valueOf(event.previous.object)
      pushUnder(watching.get(now), key, event)
      if (before !== undefined && before !== now) pushUnder(watching.get(before), key, event)
    }
  }

  failAll(error: Error): void {
    for (const w of this.#all) w.fail(error)
  }

  #home(w: Watcher<T>): Map<string, Set<Watcher<T>>> {
    if (w.index === undefined) return this.#byPrefix
    let home = this.#byIndex.get(w.index.name)
    if (home === undefined) this.#byIndex.set(w.index.name, (home = new Map()))
    return home
  }
}

/** Whether a key lies in what a watch or list looks at: a subtree, or exactly one key. */
export function covers(prefix: string, key: string): boolean {
  return prefix === '' || prefix.endsWith('/') ? key.startsWith(prefix) : key === prefix
}

function pushAll<T extends KubeObject>(watchers: Iterable<Watcher<T>> | undefined, event: CacheEvent<T>): void {
  if (watchers) for (const w of watchers) w.push(event)
}

function pushUnder<T extends KubeObject>(watchers: Iterable<Watcher<T>> | undefined, key: string, event: CacheEvent<T>): void {
  if (watchers) for (const w of watchers) if (covers(w.prefix, key)) w.push(event)
}
