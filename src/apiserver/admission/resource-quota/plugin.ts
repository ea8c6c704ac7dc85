/** Lets writes take of their namespace's quotas what is left, exactly, however many come at once. */

import { decideCharge, type Charge } from './charge.ts'
import type { LimitedResource } from './configuration.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { NamespaceLookup } from '../namespace-lookup.ts'
import { refused } from '../refused.ts'
import { chargesFor, quotaEvaluator, type QuotaEvaluator } from '#api/core/v1/quota/evaluator.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { isReason } from '#client/client.ts'
import { groupResource, type Resource } from '#schema/resource.ts'

export interface ResourceQuotaParts {
  readonly list: NamespaceLookup<ResourceQuota>
  /** All of a namespace, as of now. */
  readonly fresh: (namespace: string) => Promise<readonly ResourceQuota[]>
  /** Writes the status of a quota that is still as it was read; else a Conflict. */
  readonly store: (quota: ResourceQuota) => Promise<void>
  /** Whether what is to be made is there already. */
  readonly exists: (request: AdmissionRequest) => boolean
  readonly limited: readonly LimitedResource[]
  readonly now: () => number
}

const TRIES = 10 // each lost to another server or the controller, which do not write often
/** What comes and goes too often to be counted. */
const UNCOUNTED: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io', 'bindings', 'namespaces'])

interface Waiting {
  readonly charge: Charge
  readonly onlyJudged: boolean
  readonly settle: (refusal?: string) => void
  readonly fail: (error: unknown) => void
}

export function resourceQuota(parts: ResourceQuotaParts): AdmissionPlugin {
  /** Who waits for a namespace's quotas while those before are written: they are then settled all at once. */
  const waiting = new Map<string, Waiting[]>()
  const busy = new Set<string>()
  const evaluators = new WeakMap<object, QuotaEvaluator>()
  const evaluatorOf = (resource: Resource) => {
    const known = evaluators.get(resource) ?? quotaEvaluator(resource)
    evaluators.set(resource, known)
    return known
  }

  return {
    name: 'ResourceQuota',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const { resource, namespace, object, oldObject, dryRun } = request
      if (namespace === '' || object === undefined) return
      if (!chargesFor(evaluatorOf(resource as Resource), request)) return
      if (UNCOUNTED.has(groupResource(resource))) return
      const known = parts.list(namespace)
      const quotas = Array.isArray(known) ? (known as readonly ResourceQuota[]) : await known
      if (quotas.length === 0 && parts.limited.length === 0) return
      const refusal = await new Promise<string | undefined>((settle, fail) => {
        const line = waiting.get(namespace) ?? []
        // what will not be made takes nothing, and its maker is told the same
        const onlyJudged = dryRun || (request.operation === 'CREATE' && parts.exists(request as AdmissionRequest))
        line.push({ charge: { resource, object, ...(oldObject && { oldObject }) }, onlyJudged, settle, fail })
        waiting.set(namespace, line)
        if (!busy.has(namespace)) void serve(namespace)
      })
      if (refusal !== undefined) throw refused(request as AdmissionRequest, refusal)
    },
  }

  async function serve(namespace: string): Promise<void> {
    busy.add(namespace)
    for (let line = waiting.get(namespace); line !== undefined; line = waiting.get(namespace)) {
      waiting.delete(namespace)
      await settleAll(namespace, line).catch((error: unknown) => line?.forEach((w) => w.fail(error)))
    }
    busy.delete(namespace)
  }

  async function settleAll(namespace: string, all: readonly Waiting[]): Promise<void> {
    let line = all
    let quotas = await parts.fresh(namespace)
    for (let tries = 1; ; tries++) {
      let running = quotas
      const charged: Waiting[] = []
      for (const one of line) {
        const { quotas: next, refusal } = decideCharge(running, one.charge, parts.limited, parts.now())
        if (refusal !== undefined || one.onlyJudged || next.every((quota, index) => quota === running[index])) one.settle(refusal)
        else {
          charged.push(one)
          running = next
        }
      }
      const lost = new Set<string>()
      for (const [index, quota] of running.entries()) {
        if (quota === quotas[index]) continue
        try {
          await parts.store(quota)
        } catch (error) {
          const passing = isReason(error, 'Conflict') || isReason(error, 'NotFound')
          if (!passing || tries === TRIES) return charged.forEach((one) => one.fail(error))
          lost.add(quota.metadata.name)
        }
      }
      if (lost.size === 0) return charged.forEach((one) => one.settle())
      // those that were written have counted it already
      quotas = (await parts.fresh(namespace)).filter((quota) => lost.has(quota.metadata.name))
      line = charged
    }
  }
}
