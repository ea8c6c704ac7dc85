/** Runs controllers: queues keys, reads snapshots, carries plans out, and waits until the cache has seen its own writes. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, StatusError, type Client } from '#client/client.ts'
import type { EventRecorder } from '#client/event-recorder.ts'
import { keyOf, type Change, type Informer, type Informers, type Key } from '#client/informer.ts'
import type { QueueMetrics } from '#client/queue-metrics.ts'
import { WorkQueue } from '#client/work-queue.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'
import { controllerOf, type Action, type Announcement, type Cache, type Controller, type EventText, type Failure } from './controller.ts'

export interface RunnerParts {
  readonly client: Client
  readonly informers: Informers
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly log: Log
  readonly queues?: QueueMetrics
}

const WORKERS = 5 // upstream's number for most controllers
const LOOK_AGAIN_MS = 5_000 // for a write whose own event never comes: its object was gone again before a new list
const SEEN_WITHIN_MS = 300_000 // upstream's expectations time-out: a write that never shows up must not block a key for good

/**
 * Prepares a controller: informers and indexes are asked for at once, so call it before they start. The returned function runs
 * until `signal` aborts.
 */
export function prepareController<S>(controller: Controller<S>, parts: RunnerParts): (signal: AbortSignal) => Promise<void> {
  const { client, recorder, clock } = parts
  const log = parts.log.with({ controller: controller.name })
  const queue = new WorkQueue<Key>(clock, parts.queues?.(controller.name))
  const cache = cacheOf(parts.informers)
  const failures = new Map<Key, Failure>()
  const seen = new OwnWrites(clock, (key) => queue.add(key))

  for (const { resource, name, values } of controller.indexes ?? []) parts.informers.for(resource).addIndex(name, values)
  const subscriptions: { readonly informer: Informer<KubeObject>; readonly keys: (object: KubeObject) => readonly Key[] }[] = []
  if (controller.primary !== undefined)
    subscriptions.push({ informer: parts.informers.for(controller.primary), keys: (object) => [keyOf(object)] })
  for (const rule of controller.watches)
    subscriptions.push({ informer: parts.informers.for(rule.resource), keys: (object) => rule.keys(object, cache) })

  async function reconcile(key: Key): Promise<void> {
    if (!seen.ready(key, cache)) return queue.addAfter(key, LOOK_AGAIN_MS) // most often woken before, by the write's own event
    const snapshot = await controller.read(key, cache, client)
    if (snapshot === undefined) return
    const plan = controller.decide(snapshot, clock.now(), failures.get(key))
    failures.delete(key)
    if (plan.requeueAfterMs !== undefined) queue.addAfter(key, plan.requeueAfterMs)
    for (const group of alike(plan.actions)) await carryOut(group, key)
  }

  /** One action first, then twice as many each time: a create that is bound to fail fails once, not five hundred times. */
  async function carryOut(group: readonly Action[], key: Key): Promise<void> {
    for (let done = 0, batch = 1; done < group.length; done += batch, batch *= 2) {
      const results = await Promise.allSettled(group.slice(done, done + batch).map((action) => act(action, key)))
      const failed = results.find((r) => r.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
  }

  async function act(action: Action, key: Key): Promise<void> {
    if (action.type === 'event')
      return recorder.record(named(action.about, controller.primary), action.event.type, action.event.reason, action.event.message)
    const say = 'say' in action ? action.say : undefined
    try {
      const name = await write(action, key)
      announce(say, say?.done, { name })
    } catch (error) {
      if (isNamespaceTerminating(error)) return // it is being emptied: what would be made would only have to go again
      failures.set(key, {
        action: action.type,
        resource: 'resource' in action ? action.resource : undefined,
        message: (error as Error).message,
      })
      announce(say, say?.failed, { error: (error as Error).message, name: 'ref' in action ? action.ref.name : '' })
      throw error
    }
  }

  async function write(action: Exclude<Action, { type: 'event' }>, key: Key): Promise<string> {
    switch (action.type) {
      case 'create': {
        const made = await client.create(action.resource, action.object)
        seen.expect(key, action.resource, made, 'present')
        return made.metadata.name
      }
      case 'update': {
        const made = await client.update(
          action.resource,
          action.object,
          action.subresource === undefined ? {} : { subresource: action.subresource },
        )
        seen.expect(key, action.resource, made, 'present')
        return made.metadata.name
      }
      case 'patch': {
        const made = await client.patch(
          action.resource,
          action.ref,
          action.patchType,
          action.patch,
          action.subresource === undefined ? {} : { subresource: action.subresource },
        )
        seen.expect(key, action.resource, made, 'present')
        return made.metadata.name
      }
      case 'deleteCollection':
        await client.deleteCollection(action.resource, { namespace: action.namespace, propagationPolicy: 'Background' })
        return ''
      case 'subresource':
        await client.update(action.resource, action.object, { subresource: action.subresource })
        return action.ref.name
      case 'delete': {
        try {
          const { uid, resourceVersion } = action
          const preconditions = { uid, ...(resourceVersion !== undefined && { resourceVersion }) }
          await client.delete(action.resource, action.ref, { ...action.options, preconditions })
        } catch (error) {
          // With the uid alone, a conflict says that the name has gone to another
          const gone = isReason(error, 'NotFound') || (isReason(error, 'Conflict') && action.resourceVersion === undefined)
          if (!gone) throw error
        }
        const cached = cache.get(action.resource, action.ref.namespace ? `${action.ref.namespace}/${action.ref.name}` : action.ref.name)
        if (cached?.metadata.uid === action.uid) seen.expect(key, action.resource, cached, 'deleted')
        return action.ref.name
      }
    }
  }

  function announce(
    say: Announcement | undefined,
    text: EventText | undefined,
    fill: { readonly name: string; readonly error?: string },
  ): void {
    if (say === undefined || text === undefined) return
    const message = text.message.replace('{name}', () => fill.name).replace('{error}', () => fill.error ?? '')
    recorder.record(named(say.about, controller.primary), text.type, text.reason, message)
  }

  async function work(): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        await reconcile(key)
        queue.forget(key)
      } catch (error) {
        const passing = error instanceof StatusError && ['Conflict', 'NotFound', 'AlreadyExists'].includes(error.reason)
        log[passing ? 'debug' : 'warn']('reconcile failed, will retry', { key, error: (error as Error).message })
        queue.addRateLimited(key)
      } finally {
        queue.done(key)
      }
    }
  }

  return async (signal) => {
    await parts.informers.synced(signal)
    const open = subscriptions.map(({ informer, keys }) =>
      informer.subscribe((change: Change<KubeObject>) => {
        seen.observe(change.object)
        for (const key of keys(change.object)) queue.add(key)
        if (change.type === 'updated') for (const key of keys(change.previous)) queue.add(key)
      }),
    )
    const stop = () => queue.close()
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    await Promise.all(Array.from({ length: controller.workers ?? WORKERS }, work))
    for (const subscription of open) subscription[Symbol.dispose]()
  }
}

/** The cache that controllers read, over shared informers. */
export function cacheOf(informers: Informers): Cache {
  return {
    of: (resource) => informers.for(resource),
    get: (resource, key) => informers.for(resource).get(key),
    ownedBy: (resource, owner) =>
      informers
        .for(resource)
        .by('owner', owner.metadata.uid)
        .filter((o) => controllerOf(o)?.uid === owner.metadata.uid),
  }
}

function named(
  object: KubeObject,
  primary: Pick<Resource, 'apiVersion' | 'kind'> | undefined,
): { readonly apiVersion: string; readonly kind: string; readonly metadata: KubeObject['metadata'] } {
  return { apiVersion: object.apiVersion ?? primary?.apiVersion ?? '', kind: object.kind ?? primary?.kind ?? '', metadata: object.metadata }
}

/** Groups neighbours that do the same to the same resource. */
function alike(actions: readonly Action[]): readonly (readonly Action[])[] {
  const groups: Action[][] = []
  const sort = (a: Action) => `${a.type} ${'resource' in a ? groupResource(a.resource) : ''}`
  for (const action of actions) {
    const last = groups.at(-1)
    if (last !== undefined && sort(last[0]!) === sort(action)) last.push(action)
    else groups.push([action])
  }
  return groups
}

interface Awaited {
  readonly resource: Resource
  readonly key: Key
  readonly uid: string
  readonly version: number
  readonly state: 'present' | 'deleted'
  readonly until: number
}

/** Writes that the cache has not shown yet, by the key they were made for. */
class OwnWrites {
  readonly #awaited = new Map<Key, Awaited[]>()
  readonly #waiting = new Map<string, Set<Key>>()
  readonly #clock: Clock
  readonly #wake: (key: Key) => void

  constructor(clock: Clock, wake: (key: Key) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  expect(key: Key, resource: Resource, object: KubeObject, state: Awaited['state']): void {
    const { uid, resourceVersion } = object.metadata
    const entry = {
      resource,
      key: keyOf(object),
      uid,
      version: Number(resourceVersion),
      state,
      until: this.#clock.monotonic() + SEEN_WITHIN_MS,
    }
    const list = this.#awaited.get(key)
    if (list === undefined) this.#awaited.set(key, [entry])
    else list.push(entry)
    const waiting = this.#waiting.get(uid)
    if (waiting === undefined) this.#waiting.set(uid, new Set([key]))
    else waiting.add(key)
  }

  /** A change of an object wakes the keys that wait for one of their writes to it. */
  observe(object: KubeObject): void {
    const waiting = this.#waiting.get(object.metadata.uid)
    if (waiting === undefined) return
    this.#waiting.delete(object.metadata.uid)
    for (const key of waiting) this.#wake(key)
  }

  /** Whether the cache shows all writes made for this key. */
  ready(key: Key, cache: Cache): boolean {
    const list = this.#awaited.get(key)
    if (list === undefined) return true
    const open = list.filter((w) => w.until > this.#clock.monotonic() && !shown(w, cache))
    if (open.length === 0) {
      this.#awaited.delete(key)
      return true
    }
    this.#awaited.set(key, open)
    for (const { uid } of open) {
      const waiting = this.#waiting.get(uid)
      if (waiting === undefined) this.#waiting.set(uid, new Set([key]))
      else waiting.add(key)
    }
    return false
  }
}

function shown(w: Awaited, cache: Cache): boolean {
  const cached = cache.get(w.resource, w.key)
  if (w.state === 'deleted') return cached === undefined || cached.metadata.uid !== w.uid || cached.metadata.deletionTimestamp !== undefined
  // an object that came and went again would never show: the informer's own position says that it has passed
  const passed = Number((cache.of(w.resource) as { readonly resourceVersion?: string }).resourceVersion ?? 0) >= w.version
  return passed || (cached?.metadata.uid === w.uid && Number(cached.metadata.resourceVersion) >= w.version)
}

function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof StatusError && error.status.details?.causes?.some((c) => c.reason === 'NamespaceTerminating') === true
}
