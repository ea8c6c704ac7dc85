/** The scheduler's events: events.k8s.io objects, repeats counted as a series on the first one. */

import { events, type Event } from '#api/events/v1/event.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { microTimestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'

export interface EventRecorder {
  record(about: Pod, e: { type: 'Normal' | 'Warning'; reason: string; action: string; note: string; related?: Pod }): void
}

const NOTE_BYTES_MAX = 1024 // the API server refuses longer notes
const SERIES_MS_MAX = 6 * 60_000 // a series that rests this long is over: the next event starts a new object
const SERIES_MAX = 4096 // remembered at once, about 1 KB each
const WRITES_AT_ONCE_MAX = 64 // events must not crowd out bindings
const WAITING_MAX = 100_000 // beyond this events are dropped, as upstream's broadcaster does

interface Series {
  readonly created: Promise<Event | undefined>
  readonly name: string
  count: number
  last: number
}

/** `reporter` is the profile's name. Recording never throws and never waits; an event that cannot be written is logged. */
export function createEventRecorder(parts: {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly reporter: string
  readonly instance: string
}): EventRecorder {
  const { client, clock, log } = parts
  const series = new Map<string, Series>()
  const waiting: (() => Promise<void>)[] = []
  let busy = 0
  let unique = 0

  function later(work: () => Promise<void>): void {
    if (waiting.length >= WAITING_MAX) return
    waiting.push(work)
    if (busy < WRITES_AT_ONCE_MAX) void drain()
  }

  async function drain(): Promise<void> {
    busy++
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) {
      try {
        await work()
      } catch (error) {
        log.warn('event not recorded', { error: String(error) })
      }
    }
    busy--
  }

  return {
    record(about, { type, reason, action, note, related }) {
      const now = clock.now()
      const key = [about.metadata.uid, related?.metadata.uid ?? '', type, reason, action].join('|')
      const known = series.get(key)
      if (known !== undefined && now - known.last < SERIES_MS_MAX) {
        known.count++
        known.last = now
        const { count } = known
        later(async () => {
          const created = await known.created
          if (created === undefined) return
          try {
            await client.patch(
              events,
              { namespace: created.metadata.namespace!, name: known.name },
              'application/strategic-merge-patch+json',
              {
                series: { count, lastObservedTime: microTimestamp(now) },
              },
            )
          } catch (error) {
            if (!isReason(error, 'NotFound')) throw error
            series.delete(key)
          }
        })
        return
      }
      const namespace = about.metadata.namespace ?? 'default'
      // Upstream's names end in nanoseconds; ours count within the millisecond.
      const nanoseconds = BigInt(Math.floor(now)) * 1_000_000n + BigInt(unique++ % 1_000_000)
      const name = `${about.metadata.name}.${nanoseconds.toString(16)}`
      const { promise, resolve } = Promise.withResolvers<Event | undefined>()
      if (series.size >= SERIES_MAX) series.delete(series.keys().next().value!)
      if (type === 'Warning') series.set(key, { created: promise, name, count: 1, last: now })
      later(async () => {
        try {
          resolve(
            await client.create(events, {
              apiVersion: 'events.k8s.io/v1',
              kind: 'Event',
              metadata: { namespace, name },
              eventTime: microTimestamp(now),
              reportingController: parts.reporter,
              reportingInstance: parts.instance,
              action,
              reason,
              regarding: referenceTo(about),
              ...(related && { related: referenceTo(related) }),
              note: truncated(note),
              type,
            }),
          )
        } finally {
          resolve(undefined)
        }
      })
    },
  }
}

function referenceTo(pod: Pod) {
  return {
    kind: 'Pod',
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    apiVersion: 'v1',
    resourceVersion: pod.metadata.resourceVersion,
  }
}

function truncated(note: string): string {
  const end = ' ...'
  return note.length <= NOTE_BYTES_MAX ? note : note.slice(0, NOTE_BYTES_MAX - end.length) + end
}
