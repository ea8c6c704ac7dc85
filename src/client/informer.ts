/** Informers: a live, indexed copy of a resource. Objects are shared with everyone else and must not be modified. */

import type { KubeObject, Resource } from '#schema/resource.ts'

/** `namespace/name`, or `name` for cluster-scoped objects: client-go's key. */
export type Key = string

export function keyOf(object: KubeObject): Key {
  return object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name
}

/** Splits a key; the namespace is '' for cluster-scoped objects. */
export function splitKey(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/** Reads of one resource's copy. Lists are in no particular order unless said. */
export interface Lister<T extends KubeObject> {
  get(key: Key): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects whose indexed values under `index` include `value`; see `Informer.addIndex`. */
  by(index: string, value: string): readonly T[]
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly resource: Resource<T>
  /** True once the first full list has been delivered to subscribers. */
  readonly synced: boolean
  /** The resourceVersion up to which this copy is complete. */
  readonly resourceVersion: string
  /** Must be called before the informer starts. Built in: `uid`, and `owner` (uid of each ownerReference). */
  addIndex(name: string, values: (object: T) => readonly string[]): void
  /** Delivers what is known now as `added`, then every change, synchronously and in order. */
  subscribe(onChange: (change: Change<T>) => void): Disposable
}

/** One informer per resource (and optional selector), shared by all that ask. */
export interface Informers {
  for<T extends KubeObject>(
    resource: Resource<T>,
    filter?: { readonly fieldSelector?: string; readonly labelSelector?: string; readonly namespace?: string },
  ): Informer<T>
  /** Starts those not started; returns at once. They stop when `signal` aborts. */
  start(signal: AbortSignal): void
  /** Resolves once all that were started have synced. */
  synced(signal: AbortSignal): Promise<void>
}
