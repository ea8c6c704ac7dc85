/** The watch cache of one resource: every stored object once, in key order, and the recent changes for watches. */

import type { Log } from '#base/log.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Revision } from '#store/store.ts'
import type { Published } from './published.ts'
import type { StoreFeed } from './store-feed.ts'

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
   * `from`, `SlowWatcher` when over `WATCH_BUFFER_EVENTS` wait to be taken, and ends quietly when `signal` aborts.
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
  throw new Error(`the watch cache of ${parts.prefix} cannot be opened yet`)
}
