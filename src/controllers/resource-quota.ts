/** Counts what namespaces use of their quotas: when a quota is made or changed, when something counted goes, and now and then anyhow. */

import { only, plus, sameAmounts, type Amounts } from '#api/core/v1/quota/amounts.ts'
import { countName, quotaEvaluator, usageChanges, usageOf, type QuotaEvaluator } from '#api/core/v1/quota/evaluator.ts'
import { resourceQuotas, type ResourceQuota, type ResourceQuotaStatus } from '#api/core/v1/resource-quota.ts'
import { keyOf, type Informer, type Key } from '#client/informer.ts'
import { WorkQueue } from '#client/work-queue.ts'
import { compareQuantity } from '#schema/quantity.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { syncFailed } from './keyed-loop.ts'
import type { RunnerParts } from './runner.ts'

export interface ResourceQuotaOptions {
  /** Upstream's `--resource-quota-sync-period`. */
  readonly resyncMs?: number
  /** Quotas counted at a time. */
  readonly workers?: number
}

/** A resource whose objects quotas can count. */
interface Counted {
  readonly evaluator: QuotaEvaluator
  /** Whether an object can come to take another amount while it is there. */
  readonly varies: boolean
  readonly informer: Informer<KubeObject>
}

const RESYNC_MS = 5 * 60_000
const WORKERS = 5
const SETTLE_MS = 250 // longer than a write takes from being charged to being seen here

export function prepareResourceQuota(
  resources: readonly Resource[],
  parts: RunnerParts,
  options: ResourceQuotaOptions = {},
): (signal: AbortSignal) => Promise<void> {
  const { client, clock, informers, queues } = parts
  const log = parts.log.with({ controller: 'resourcequota' })
  const quotas = informers.for(resourceQuotas)
  const counted = resources.filter(isCounted).map((resource): Counted => {
    const evaluator = quotaEvaluator(resource)
    return { evaluator, varies: evaluator.inScope !== undefined || evaluator.charges !== undefined, informer: informers.for(resource) }
  })
  /** Since when the state of a quota that is to be lowered is the same. */
  const settling = new Map<Key, { readonly resourceVersion: string; readonly since: number }>()

  /** How long to wait before looking again; undefined: nothing is left to do. */
  async function sync(key: Key): Promise<number | undefined> {
    const quota = quotas.get(key)
    if (quota === undefined) {
      settling.delete(key)
      return undefined
    }
    const namespace = quota.metadata.namespace ?? ''
    const names = Object.keys(quota.spec.hard ?? {})
    const usage = counted
      .filter(({ evaluator }) => names.some(evaluator.counts))
      .map(({ evaluator, informer }) => usageOf(quota, evaluator, informer.list(namespace), clock.now()))
    const status = decideQuotaStatus(quota, plus(...usage))
    if (status === undefined) {
      settling.delete(key)
      return undefined
    }
    const waitMs = lowers(status, quota.status) ? unsettledMs(key, quota.metadata.resourceVersion) : 0
    if (waitMs > 0) return waitMs
    settling.delete(key)
    await client.update(resourceQuotas, { ...quota, status } as ResourceQuota, { subresource: 'status' })
    return undefined
  }

  /**
   * What was charged a moment ago may belong to an object that is not seen here yet. Every charge changes the quota, so once it has stayed
   * the same for a while all that was charged can be seen; and a charge that comes later makes the write a conflict.
   */
  function unsettledMs(key: Key, resourceVersion: string): number {
    const now = clock.monotonic()
    const before = settling.get(key)
    if (before?.resourceVersion === resourceVersion) return Math.max(before.since + SETTLE_MS - now, 0)
    settling.set(key, { resourceVersion, since: now })
    return SETTLE_MS
  }

  return async (signal) => {
    await informers.synced(signal)
    if (signal.aborted) return
    const queue = new WorkQueue<Key>(clock, queues?.('resourcequota'))
    signal.addEventListener('abort', () => queue.close(), { once: true })
    /** Keys of the quotas of each namespace that has any. */
    const held = new Map<string, Set<Key>>()
    const owners = (namespace = '', { evaluator }: Counted) =>
      [...(held.get(namespace) ?? [])].filter((key) => Object.keys(quotas.get(key)?.spec.hard ?? {}).some(evaluator.counts))
    using subscriptions = new DisposableStack()
    subscriptions.use(
      quotas.subscribe((change) => {
        const { namespace = '' } = change.object.metadata
        const keys = held.get(namespace) ?? new Set()
        if (change.type === 'deleted') keys.delete(keyOf(change.object))
        else keys.add(keyOf(change.object))
        if (keys.size === 0) held.delete(namespace)
        else held.set(namespace, keys)
        // its status changes with everything that is made in the namespace, and was counted by who changed it
        if (change.type === 'updated' && sameAmounts(change.object.spec.hard ?? {}, change.previous.spec.hard ?? {})) return
        queue.add(keyOf(change.object))
      }),
    )
    for (const one of counted)
      subscriptions.use(
        one.informer.subscribe((change) => {
          if (change.type === 'added' || (change.type === 'updated' && !one.varies)) return
          const found = owners(change.object.metadata.namespace, one)
          if (found.length === 0) return
          if (change.type === 'updated' && !usageChanges(one.evaluator, change.object, change.previous, clock.now())) return
          for (const key of found) queue.add(key)
        }),
      )
    const again = () => {
      for (const quota of quotas.list()) queue.add(keyOf(quota))
      resync = clock.timer(options.resyncMs ?? RESYNC_MS, again)
    }
    let resync = clock.timer(options.resyncMs ?? RESYNC_MS, again)
    signal.addEventListener('abort', () => resync[Symbol.dispose](), { once: true })

    const failed = syncFailed(log, signal)
    await Promise.all(Array.from({ length: options.workers ?? WORKERS }, () => queue.workOff(sync, failed)))
  }
}

/** The status a quota should have by what is used; undefined when it has it. */
export function decideQuotaStatus({ spec, status }: ResourceQuota, usage: Amounts): ResourceQuotaStatus | undefined {
  const hard = spec.hard ?? {}
  const names = Object.keys(hard)
  const used = only({ ...status.used, ...usage }, names)
  const known = status.hard !== undefined && status.used !== undefined
  if (known && sameAmounts(hard, status.hard) && sameAmounts(used, status.used)) return undefined
  if (names.length === 0 && !known) return undefined
  return { hard, used }
}

function lowers(next: ResourceQuotaStatus, { used = {} }: ResourceQuotaStatus): boolean {
  return Object.entries(next.used ?? {}).some(([name, amount]) => used[name] !== undefined && compareQuantity(amount, used[name]) < 0)
}

/** Events come and go too often to be counted. */
function isCounted(resource: Resource): boolean {
  const { verbs, scope } = resource
  return scope === 'Namespaced' && verbs.includes('list') && verbs.includes('watch') && countName(resource).split('.')[0] !== 'count/events'
}
