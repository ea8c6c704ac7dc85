/** Informers over a client: list, then watch and resume, and list again only when the server has forgotten where we were. */

import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { StatusError, type Client } from './client.ts'
import { keyOf, type Change, type Informer, type Informers, type Key } from './informer.ts'

export interface InformerParts {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Filter = { readonly fieldSelector?: string; readonly labelSelector?: string; readonly namespace?: string }

/** One informer for each resource and filter, however many ask. */
export function createInformers(parts: InformerParts): Informers {
  const made = new Map<string, SharedInformer<KubeObject>>()
  const running = new Set<SharedInformer<KubeObject>>()
  let started: AbortSignal | undefined
  const start = (informer: SharedInformer<KubeObject>) => {
    if (started === undefined || running.has(informer)) return
    running.add(informer)
    void informer.run(started)
  }
  return {
    for<T extends KubeObject>(resource: Resource<T>, filter: Filter = {}): Informer<T> {
      const id = `${resource.group}/${resource.plural}?${filter.namespace ?? ''}&${filter.labelSelector ?? ''}&${filter.fieldSelector ?? ''}`
      let informer = made.get(id)
      if (informer === undefined) {
        informer = new SharedInformer(resource as unknown as Resource, filter, parts)
        made.set(id, informer)
      }
      return informer as unknown as Informer<T>
    },
    start(signal) {
      started = signal
      for (const informer of made.values()) start(informer)
    },
    async synced(signal) {
      await Promise.all([...running].map((informer) => informer.whenSynced(signal)))
    },
  }
}

const BACKOFF_MS_MIN = 800 // client-go's reflector: 0.8 s to 30 s, doubled and jittered
const BACKOFF_MS_MAX = 30_000
const BACKOFF_RESET_MS = 120_000
const WATCH_SECONDS_MIN = 300 // each watch ends after 5 to 10 minutes, so that clients spread over servers anew

class SharedInformer<T extends KubeObject> implements Informer<T> {
  readonly resource: Resource<T>
  readonly #filter: Filter
  readonly #parts: InformerParts
  readonly #objects = new Map<Key, T>()
  readonly #byNamespace = new Map<string, Map<Key, T>>()
  readonly #indexes = new Map<string, { readonly values: (object: T) => readonly string[]; readonly entries: Map<string, Map<Key, T>> }>()
  readonly #subscribers = new Set<(change: Change<T>) => void>()
  readonly #waiting = new Set<() => void>()
  #resourceVersion = ''
  #synced = false
  #started = false

  constructor(resource: Resource<T>, filter: Filter, parts: InformerParts) {
    this.resource = resource
    this.#filter = filter
    this.#parts = parts
    this.addIndex('uid', (o) => [o.metadata.uid])
    this.addIndex('owner', (o) => o.metadata.ownerReferences?.map((r) => r.uid) ?? [])
  }

  get synced(): boolean {
    return this.#synced
  }

  get resourceVersion(): string {
    return this.#resourceVersion
  }

  get(key: Key): T | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string): readonly T[] {
    return [...(namespace === undefined ? this.#objects : (this.#byNamespace.get(namespace) ?? new Map<Key, T>())).values()]
  }

  by(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index)
    if (found === undefined) throw new Error(`the informer of ${this.resource.plural} has no index ${index}`)
    return [...(found.entries.get(value)?.values() ?? [])]
  }

  addIndex(name: string, values: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) return
    if (this.#started) throw new Error(`index ${name} of ${this.resource.plural} must be added before the informer starts`)
    this.#indexes.set(name, { values, entries: new Map() })
  }

  subscribe(onChange: (change: Change<T>) => void): Disposable {
    this.#subscribers.add(onChange)
    for (const object of this.#objects.values()) onChange({ type: 'added', object })
    return { [Symbol.dispose]: () => void this.#subscribers.delete(onChange) }
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(done)
        reject(signal.reason)
      }
      const done = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(done)
    })
  }

  /** Lists and watches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#started = true
    const { clock, random, log } = this.#parts
    let backoffMs = BACKOFF_MS_MIN
    let healthySince = clock.monotonic()
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#relist(signal)
        await this.#watch(signal)
        healthySince = clock.monotonic()
        backoffMs = BACKOFF_MS_MIN
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof StatusError && error.code === 410) {
          this.#resourceVersion = ''
          continue
        }
        if (clock.monotonic() - healthySince > BACKOFF_RESET_MS) backoffMs = BACKOFF_MS_MIN
        log.debug('watch broken off', { resource: this.resource.plural, error: (error as Error).message })
        await sleep(clock, backoffMs * (1 + random.next()), signal).catch(() => {})
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    // "0": whatever the server's cache has will do, the watch brings the rest
    const { items, resourceVersion } = await this.#parts.client.list(this.resource, { ...this.#filter, resourceVersion: '0', signal })
    const seen = new Set<Key>()
    for (const object of items) {
      seen.add(keyOf(object))
      this.#apply(object)
    }
    for (const [key, object] of this.#objects) if (!seen.has(key)) this.#remove(key, object)
    this.#resourceVersion = resourceVersion
    if (this.#synced) return
    this.#synced = true
    for (const done of this.#waiting) done()
    this.#waiting.clear()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#parts
    const events = client.watch(this.resource, {
      ...this.#filter,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(WATCH_SECONDS_MIN * (1 + random.next())),
      signal,
    })
    for await (const { type, object } of events) {
      if (type === 'DELETED') this.#remove(keyOf(object), object)
      else if (type !== 'BOOKMARK') this.#apply(object)
      this.#resourceVersion = object.metadata.resourceVersion
    }
  }

  #apply(object: T): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) this.#remove(key, previous)
    else if (previous !== undefined) this.#unindex(key, previous)
    this.#objects.set(key, object)
    into(this.#byNamespace, object.metadata.namespace ?? '', key, object)
    for (const { values, entries } of this.#indexes.values()) for (const value of values(object)) into(entries, value, key, object)
    const change: Change<T> =
      previous === undefined || previous.metadata.uid !== object.metadata.uid
        ? { type: 'added', object }
        : { type: 'updated', object, previous }
    this.#tell(change)
  }

  #remove(key: Key, last: T): void {
    const previous = this.#objects.get(key)
    if (previous === undefined) return
    this.#unindex(key, previous)
    this.#objects.delete(key)
    this.#tell({ type: 'deleted', object: last })
  }

  #unindex(key: Key, object: T): void {
    outOf(this.#byNamespace, object.metadata.namespace ?? '', key)
    for (const { values, entries } of this.#indexes.values()) for (const value of values(object)) outOf(entries, value, key)
  }

  #tell(change: Change<T>): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(change)
      } catch (error) {
        this.#parts.log.error('informer subscriber failed', { resource: this.resource.plural, error: (error as Error).stack })
      }
    }
  }
}

function into<V>(index: Map<string, Map<Key, V>>, value: string, key: Key, object: V): void {
  let entries = index.get(value)
  if (entries === undefined) index.set(value, (entries = new Map()))
  entries.set(key, object)
}

function outOf<V>(index: Map<string, Map<Key, V>>, value: string, key: Key): void {
  const entries = index.get(value)
  if (entries?.delete(key) && entries.size === 0) index.delete(value)
}
