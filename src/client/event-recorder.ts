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
const SIMILAR_MAX = 10 // the tenth of events alike but for their message, and what follows, is counted on one event
const SIMILAR_INTERVAL_MS = 600_000
const COMBINED = '(combined from similar events): '
const NANOS_PER_MS = 1_000_000

export function createEventRecorder(parts: EventRecorderParts): EventRecorder {
  const { client, clock, log, component, host } = parts
  const known = new Map<string, Event>()
  const budgets = new Map<string, { tokens: number; at: number }>()
  const similar = new Map<string, { readonly messages: ReadonlySet<string>; readonly at: number }>()
  let queue: Promise<void> = Promise.resolve()
  // Names end in a time in nanoseconds. The clock gives milliseconds, so the rest tells recorders and their events apart.
  let sequence = seedOf(`${component}/${host ?? ''}`)

  function nextStamp(): string {
    sequence = (sequence + 1) % NANOS_PER_MS
    return (BigInt(Math.floor(clock.now())) * BigInt(NANOS_PER_MS) + BigInt(sequence)).toString(16)
  }

  /** Whether one more event about this object may be written. */
  function allowed(object: string): boolean {
    const now = clock.monotonic()
    const budget = budgets.get(object) ?? { tokens: SPAM_BURST, at: now }
    const tokens = Math.min(SPAM_BURST, budget.tokens + (now - budget.at) / SPAM_REFILL_MS)
    remember(budgets, object, { tokens: tokens < 1 ? tokens : tokens - 1, at: now })
    return tokens >= 1
  }

  /** Whether there are so many events alike that they are told as one. */
  function combined(group: string, message: string): boolean {
    const now = clock.monotonic()
    const before = similar.get(group)
    const messages = before === undefined || now - before.at > SIMILAR_INTERVAL_MS ? new Set<string>() : before.messages
    const next = messages.size >= SIMILAR_MAX ? messages : new Set([...messages, message])
    remember(similar, group, { messages: next, at: now })
    return next.size >= SIMILAR_MAX
  }

  async function write(about: ObjectName, type: string, reason: string, text: string): Promise<void> {
    const namespace = about.metadata.namespace || 'default'
    const object = `${component}/${about.kind}/${namespace}/${about.metadata.name}/${about.metadata.uid}`
    if (!allowed(object)) return
    const group = `${object}/${about.fieldPath ?? ''}/${type}/${reason}`
    const many = combined(group, text)
    const message = many ? `${COMBINED}${text}` : text
    const id = many ? group : `${group}/${text}`
    const now = timestamp(clock.now())
    const old = known.get(id)
    if (old !== undefined) {
      try {
        const patch = { count: (old.count ?? 1) + 1, lastTimestamp: now, message }
        const name = { namespace, name: old.metadata.name }
        return remember(known, id, await client.patch(events, name, 'application/strategic-merge-patch+json', patch))
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error // it ran out: a new one starts
      }
    }
    const created = await client.create(events, {
      metadata: {
        name: `${about.metadata.name}.${nextStamp()}`,
        namespace,
      },
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

function seedOf(text: string): number {
  let hash = 0
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)!) % NANOS_PER_MS
  return hash
}

/** Keeps the newest `KNOWN_EVENTS`. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > KNOWN_EVENTS) map.delete(map.keys().next().value!)
}
