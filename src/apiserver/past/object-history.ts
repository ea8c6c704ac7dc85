/** `GET` of one object with `history=true`: every revision of it that the store still has, the oldest first. */

import type { Answer } from '#apiserver/answer.ts'
import { Published } from '#apiserver/cache/published.ts'
import { notFound } from '#apiserver/endpoints/errors.ts'
import type { Endpoint } from '#apiserver/endpoints/resource-endpoint.ts'
import { withMetadata } from '#apiserver/registry/registry.ts'
import { storageKey } from '#apiserver/registry/storage-key.ts'
import type { KubeObject } from '#schema/resource.ts'
import { Compacted, type Entry, type Revision, type Store } from '#store/store.ts'

export interface ObjectHistory {
  readonly kind: 'ObjectHistory'
  readonly apiVersion: 'k8ts.io/v1'
  /** As of when. */
  readonly metadata: { readonly resourceVersion: string }
  /** Where the store's history begins; the time is absent where the store does not keep times. */
  readonly oldest: { readonly resourceVersion: string; readonly time?: string }
  /** Items before these, which are too many to give. */
  readonly omitted?: number
  readonly items: readonly HistoryItem[]
}

export interface HistoryItem {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resourceVersion: string
  /** When it was written, to a second. */
  readonly time?: string
  /** Of a deletion, the last state. */
  readonly object: KubeObject
}

interface Change {
  readonly type: HistoryItem['type']
  readonly revision: Revision
  readonly entry: Entry
}

const ITEMS_MAX = 1000 // a Pod's status some hundred times over
const TRIES = 3 // compaction is seldom, and comes between two steps below more seldom still

export async function objectHistory(
  { served, registry }: Endpoint,
  store: Store,
  at: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Answer> {
  const newest = await registry.fresh()
  const { oldest, changes } = await readChanges(store, storageKey(registry.resource, at.namespace, at.name), signal)
  if (changes.length === 0) throw notFound(served.resource, at.name)
  const given = changes.slice(-ITEMS_MAX)
  const published = given.map(({ revision, entry }) => {
    const object = withMetadata(registry.read(entry.value), { resourceVersion: String(revision) })
    return new Published(registry.cache.resource, entry.key, revision, object)
  })
  const shown = (await registry.show(published)).map((p) => (served.view ? served.view.show(p) : p))
  const times = await store.times?.of(given.map((c) => c.revision))
  const began = await store.times?.oldest()
  const history: ObjectHistory = {
    kind: 'ObjectHistory',
    apiVersion: 'k8ts.io/v1',
    metadata: { resourceVersion: String(newest) },
    oldest: { resourceVersion: String(oldest), ...timeOf(began) },
    ...(changes.length > given.length && { omitted: changes.length - given.length }),
    items: given.map(({ type, revision }, i) => ({
      type,
      resourceVersion: String(revision),
      ...timeOf(times?.[i]),
      object: shown[i]!.object,
    })),
  }
  return { type: 'object', status: 200, object: history }
}

/** What is kept in memory only reaches back less far than the rest; it says so itself. */
async function readChanges(store: Store, key: string, signal: AbortSignal) {
  let oldest = await store.compacted()
  for (let tries = 1; ; tries++) {
    try {
      return { oldest, changes: await changesSince(store, key, oldest, signal) }
    } catch (error) {
      if (!(error instanceof Compacted) || tries === TRIES) throw error
      oldest = error.compacted
    }
  }
}

async function changesSince(store: Store, key: string, oldest: Revision, signal: AbortSignal): Promise<readonly Change[]> {
  const first = await store.get(key, oldest)
  const changes: Change[] = first === undefined ? [] : [putOf(first)]
  const stop = new AbortController()
  for await (const events of store.watch(key, oldest, AbortSignal.any([signal, stop.signal]))) {
    if (events.length === 0) break // all there was
    for (const e of events)
      if (e.type === 'put') {
        if (e.entry.key === key) changes.push(putOf(e.entry))
      } else if (e.key === key && e.previous !== undefined) changes.push({ type: 'DELETED', revision: e.revision, entry: e.previous })
  }
  stop.abort()
  return changes
}

function putOf(entry: Entry): Change {
  return { type: entry.version === 1 ? 'ADDED' : 'MODIFIED', revision: entry.modRevision, entry }
}

function timeOf(time: number | undefined): { readonly time?: string } {
  return time === undefined ? {} : { time: new Date(time).toISOString() }
}
