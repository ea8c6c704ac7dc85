/** Records Events about objects as upstream's components do: repeats are counted on one Event, floods are held back. */

import { events, type Event } from '#api/core/v1/event.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { KubeObject } from '#schema/resource.ts'
import { isReason, type Client } from './client.ts'

export interface EventRecorder {
  /** Never throws and does not wait: an Event that cannot be written is logged and dropped. */
  record(about: ObjectName, type: 'Normal' | 'Warning', reason: string, message: string): void
}

export interface ObjectName {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>
  readonly fieldPath?: string
}

export interface EventRecorderParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** `source.component` and `reportingComponent`. */
  readonly component: string
  /** `source.host`: the node's name, for what runs on nodes. */
  readonly host?: string
}

const KNOWN_EVENTS = 4096 // client-go's cache size
const SPAM_BURST = 25 // events about one object from one source, refilled one in five minutes
const SPAM_REFILL_MS = 300_000

export function createEventRecorder(parts: EventRecorderParts): EventRecorder {
  const { client, clock, log, component, host } = parts
  const known = new Map<string, Event>()
  const budgets = new Map<string, { tokens: number; at: number }>()
  let queue: Promise<void> = Promise.resolve()
  let sequence = 0

  /** Whether one more event about this object may be written. */
  function allowed(object: string): boolean {
    const now = clock.monotonic()
    const budget = budgets.get(object) ?? { tokens: SPAM_BURST, at: now }
    const tokens = Math.min(SPAM_BURST, budget.tokens + (now - budget.at) / SPAM_REFILL_MS)
    remember(budgets, object, { tokens: tokens < 1 ? tokens : tokens - 1, at: now })
    return tokens >= 1
  }

  async function write(about: ObjectName, type: string, reason: string, message: string): Promise<void> {
    const namespace = about.metadata.namespace || 'default'
    const object = `${component}/${about.kind}/${namespace}/${about.metadata.name}/${about.metadata.uid}`
    if (!allowed(object)) return
    const id = `${object}/${about.fieldPath ?? ''}/${type}/${reason}/${message}`
    const now = timestamp(clock.now())
    const old = known.get(id)
    if (old !== undefined) {
      try {
        const patch = { count: (old.count ?? 1) + 1, lastTimestamp: now }
        const name = { namespace, name: old.metadata.name }
        return remember(known, id, await client.patch(events, name, 'application/strategic-merge-patch+json', patch))
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error // it ran out: a new one starts
      }
    }
    const created = await client.create(events, {
      metadata: { name: `${about.metadata.name}.${(BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(sequence++)).toString(16)}`, namespace },
      involvedObject: {
        kind: about.kind,
        namespace: about.metadata.namespace ?? '',
        name: about.metadata.name,
        uid: about.metadata.uid,
        apiVersion: about.apiVersion,
        resourceVersion: about.metadata.resourceVersion,
        ...(about.fieldPath !== undefined && { fieldPath: about.fieldPath }),
      },
      reason,
      message,
      source: { component, ...(host !== undefined && { host }) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: host ?? '',
    } as never)
    remember(known, id, created)
  }

  return {
    record(about, type, reason, message) {
      queue = queue
        .then(() => write(about, type, reason, message))
        .catch((error: unknown) => {
          log.debug('event not written', { reason, object: about.metadata.name, error: (error as Error).message })
        })
    },
  }
}

/** Keeps the newest `KNOWN_EVENTS`. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > KNOWN_EVENTS) map.delete(map.keys().next().value!)
}
