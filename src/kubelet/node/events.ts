/** The kubelet's events: written in the background, repeated ones counted instead of piling up. */

import type { Event } from '#api/core/v1/event.ts'
import { events } from '#api/core/v1/event.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'

export interface EventSubject {
  readonly kind: 'Pod' | 'Node'
  readonly namespace?: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion?: string
  /** `spec.containers{web}` */
  readonly fieldPath?: string
}

export interface KubeletEvents {
  record(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** Resolves once everything recorded so far was sent or given up. */
  flush(): Promise<void>
}

const REMEMBERED_MAX = 4096 // keys whose count is kept, as many as client-go keeps
const BURST = 25 // events per subject before the rest is dropped, refilled one in five minutes: client-go's spam filter
const REFILL_MS = 300_000

export interface KubeletEventParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
}

export function createKubeletEvents({ client, clock, log, nodeName }: KubeletEventParts): KubeletEvents {
  const known = new Map<string, { name: string; count: number }>()
  const budgets = new Map<string, { left: number; at: number }>()
  let tail: Promise<void> = Promise.resolve()
  let serial = 0

  function mayRecord(uid: string): boolean {
    const now = clock.now()
    const budget = budgets.get(uid) ?? { left: BURST, at: now }
    const refilled = Math.floor((now - budget.at) / REFILL_MS)
    const left = Math.min(BURST, budget.left + refilled)
    budgets.set(uid, { left: Math.max(0, left - 1), at: refilled > 0 ? now : budget.at })
    if (budgets.size > REMEMBERED_MAX) budgets.delete(budgets.keys().next().value!)
    return left > 0
  }

  async function send(subject: EventSubject, type: string, reason: string, message: string, at: number): Promise<void> {
    const namespace = subject.namespace ?? 'default'
    const key = [subject.uid, subject.fieldPath, type, reason, message].join('\n')
    const before = known.get(key)
    const when = timestamp(at)
    if (before !== undefined) {
      try {
        await client.patch(events, { namespace, name: before.name }, 'application/merge-patch+json', {
          count: before.count + 1,
          lastTimestamp: when,
        })
        before.count++
        return
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }
    const name = `${subject.name}.${(BigInt(Math.floor(at)) * 1_000_000n + BigInt(serial++ % 1_000_000)).toString(16)}`
    const { kind, name: subjectName, uid, resourceVersion, fieldPath } = subject
    await client.create<Event>(events, {
      metadata: { name, namespace },
      involvedObject: {
        kind,
        apiVersion: 'v1',
        name: subjectName,
        uid,
        ...(subject.namespace !== undefined && { namespace: subject.namespace }),
        ...(resourceVersion !== undefined && { resourceVersion }),
        ...(fieldPath !== undefined && { fieldPath }),
      },
      reason,
      message,
      source: { component: 'kubelet', host: nodeName },
      firstTimestamp: when,
      lastTimestamp: when,
      count: 1,
      type,
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
    })
    known.set(key, { name, count: 1 })
    if (known.size > REMEMBERED_MAX) known.delete(known.keys().next().value!)
  }

  return {
    record(subject, type, reason, message) {
      if (!mayRecord(subject.uid)) return
      const at = clock.now()
      tail = tail
        .then(() => send(subject, type, reason, message, at))
        .catch((error: unknown) => log.debug('event not recorded', { reason, subject: subject.name, error: String(error) }))
    },
    flush: () => tail,
  }
}
