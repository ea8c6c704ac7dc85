/** Watches a resource: initial events, changes as the selection sees them, bookmarks, and a clean end. */

import { listOptionsInvalid, parseResourceVersion } from './list.ts'
import { withMetadata, type Registry } from './registry.ts'
import { indexOf, type Selection } from './selection.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { PublishedEvent } from '#apiserver/answer.ts'
import { Published } from '#apiserver/cache/published.ts'
import { SlowWatcher, type CacheEvent } from '#apiserver/cache/watch-cache.ts'
import { expired, internalError } from '#apiserver/endpoints/errors.ts'
import { StatusError } from '#client/client.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { Compacted, FutureRevision, type Revision } from '#store/store.ts'

export interface WatchQuery {
  readonly namespace: string
  readonly selection: Selection
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly allowBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
  readonly timeoutSeconds: number
}

interface WatchParts {
  readonly clock: Clock
  readonly random: Random
}

const TIMEOUT_MIN_SECONDS = 1800 // upstream's --min-request-timeout; each watch gets between one and two of it
const BOOKMARK_MS = 60_000 // upstream's bookmark frequency
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/**
 * Refuses contradictions at once; what goes wrong later, and a revision too old, comes as an ERROR event. What `began` gives is
 * disposed of when the watch is over.
 */
export async function watchObjects(
  registry: Registry,
  parts: WatchParts,
  query: WatchQuery,
  signal: AbortSignal,
  began?: () => Disposable | undefined,
): Promise<AsyncIterable<readonly PublishedEvent[]>> {
  refuseContradictions(query)
  const asked = parseResourceVersion(query.resourceVersion)
  if (asked === undefined || query.sendInitialEvents) {
    if (asked === undefined) await registry.fresh()
    else if (asked > 0) await registry.reached(asked)
  }
  const initial = query.sendInitialEvents ?? (asked === undefined || asked === 0)
  return events(registry, parts, query, initial, asked, signal, began)
}

async function* events(
  registry: Registry,
  parts: WatchParts,
  query: WatchQuery,
  initial: boolean,
  asked: Revision | undefined,
  outer: AbortSignal,
  began?: () => Disposable | undefined,
): AsyncGenerator<readonly PublishedEvent[]> {
  using _going = began?.()
  const seconds = query.timeoutSeconds > 0 ? query.timeoutSeconds : TIMEOUT_MIN_SECONDS * (1 + parts.random.next())
  const ending = new AbortController()
  const { signal } = ending
  const leave = () => ending.abort()
  // not AbortSignal.any, which is slow to ask: ten thousand watchers ask at each event
  outer.addEventListener('abort', leave, { once: true })
  if (outer.aborted) leave()
  const end = parts.clock.timer(seconds * 1000, leave)
  const folder = query.namespace === '' ? registry.prefix : `${registry.prefix}${query.namespace}/`
  let reached: Revision
  try {
    if (initial) {
      const { items: stored, revision } = registry.cache.list(folder, indexOf(registry, query.selection))
      const items = await registry.show(stored)
      const chosen = items.filter((item) => query.selection.matches(item.object))
      if (chosen.length > 0) yield chosen.map((published) => ({ type: 'ADDED', published }))
      if (query.sendInitialEvents && query.allowBookmarks) yield [bookmark(registry.resource, revision, true)]
      reached = revision
    } else reached = asked === undefined || asked === 0 ? registry.cache.revision : asked

    const changes = registry.cache.watch({
      prefix: folder,
      from: reached,
      signal,
      ...(query.allowBookmarks && { progressEveryMs: BOOKMARK_MS }),
      ...indexOf(registry, query.selection),
    })
    for await (const batch of changes) {
      const seen: PublishedEvent[] = []
      for (const change of registry.form === undefined ? batch : await shownChanges(registry, batch)) {
        const event = asSelected(registry.resource, change, query.selection)
        if (event) seen.push(event)
      }
      if (seen.length > 0) yield seen
    }
  } catch (error) {
    // A watcher that was too slow is simply ended: its client resumes from the last event it got.
    if (error instanceof SlowWatcher || (signal.aborted && !(error instanceof Compacted))) return
    yield [{ type: 'ERROR', error: asStatus(error, asked ?? 0, registry.cache.revision) }]
  } finally {
    outer.removeEventListener('abort', leave)
    end[Symbol.dispose]()
  }
}

/** Changes of objects that are not kept as they are shown. */
async function shownChanges(registry: Registry, batch: readonly CacheEvent[]): Promise<readonly CacheEvent[]> {
  const stored = batch.flatMap((e) =>
    e.type === 'progress' ? [] : e.type === 'delete' ? [e.previous] : e.previous ? [e.published, e.previous] : [e.published],
  )
  const shown = await registry.show(stored)
  const as = new Map(stored.map((published, i) => [published, shown[i]!]))
  return batch.map((event) => {
    if (event.type === 'progress') return event
    const previous = event.previous && as.get(event.previous)!
    // what is deleted was shown already: only its version is another
    if (event.type === 'delete')
      return previous === event.previous ? event : { ...event, previous: previous!, published: left(previous!, event.revision) }
    const published = as.get(event.published)!
    // the very event where it can be, as its bytes are remembered for all watchers
    if (published === event.published && previous === event.previous) return event
    return { ...event, published, ...(previous && { previous }) }
  })
}

/** One change as a watcher with this selection sees it: entering is ADDED, leaving is DELETED. */
function asSelected(resource: Resource, change: CacheEvent, selection: Selection): PublishedEvent | undefined {
  switch (change.type) {
    case 'progress':
      return bookmark(resource, change.revision, false)
    case 'delete':
      return selection.matches(change.previous.object) ? { type: 'DELETED', published: change.published } : undefined
    case 'put': {
      const { published, previous } = change
      const now = selection.matches(published.object)
      const before = previous !== undefined && selection.matches(previous.object)
      if (now) return { type: before ? 'MODIFIED' : 'ADDED', published }
      return before ? { type: 'DELETED', published: left(previous!, published.revision) } : undefined
    }
  }
}

/** The last state that was selected, under the revision at which it no longer was. */
function left(previous: Published, revision: Revision): Published {
  return new Published(previous.resource, previous.key, revision, withMetadata(previous.object, { resourceVersion: String(revision) }))
}

function bookmark(resource: Pick<Resource, 'kind' | 'apiVersion'>, revision: Revision, initialEnd: boolean): PublishedEvent {
  const metadata = {
    resourceVersion: String(revision),
    ...(initialEnd && { annotations: { [INITIAL_EVENTS_END]: 'true' } }),
  }
  return { type: 'BOOKMARK', object: { kind: resource.kind, apiVersion: resource.apiVersion, metadata } as unknown as KubeObject }
}

function asStatus(error: unknown, asked: Revision, current: Revision): unknown {
  if (error instanceof StatusError) return error.status
  if (error instanceof Compacted) return expired(`too old resource version: ${asked} (${error.compacted})`).status
  if (error instanceof FutureRevision) return expired(`too large resource version: ${asked} (${current})`).status
  return internalError(error).status
}

function refuseContradictions(query: WatchQuery): void {
  const { resourceVersionMatch: match, sendInitialEvents } = query
  if (sendInitialEvents !== undefined) {
    if (match !== 'NotOlderThan')
      throw listOptionsInvalid('Forbidden', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    return
  }
  if (match !== '')
    throw listOptionsInvalid('Forbidden', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
}
