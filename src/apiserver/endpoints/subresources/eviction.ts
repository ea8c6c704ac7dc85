/** Eviction: a deletion that asks the pod's disruption budget first. */

import { badRequest, forbidden, internalError, methodNotServed, tooManyRequests } from '../errors.ts'
import { writeOptions } from '../options.ts'
import { inNamespace, writeFor, type Endpoint, type EndpointParts } from '../resource-endpoint.ts'
import { created } from './created.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { Eviction } from '#api/policy/v1/eviction.ts'
import { podDisruptionBudgets, type PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Answer } from '#apiserver/answer.ts'
import { readBody } from '#apiserver/encode/read-body.ts'
import type { DeletionOptions, Stored } from '#apiserver/registry/strategy.ts'
import { statusFacet } from '#apiserver/registry/update.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { labelSelectorOf } from '#schema/selector.ts'

const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
const RETRY_SECONDS = 10 // what upstream advises while a budget's status lags behind its spec
const DISRUPTED_PODS_MAX = 2000 // upstream's: evicted pods that the budget's controller has not seen go yet

/** `budgets` is absent when disruption budgets are not served; then nothing holds an eviction up. */
export async function evictPod(pods: Endpoint, budgets: Endpoint | undefined, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { info } = ctx
  if (info.verb !== 'create') throw methodNotServed()
  const query = writeOptions(ctx, 'CreateOptions')
  const expected = { apiVersion: 'policy/v1', kind: 'Eviction', message: Eviction.schema, alike: ['policy/v1beta1'] }
  const body = (await readBody(ctx, expected, query.fieldValidation)) as Eviction | undefined
  const eviction = inNamespace(body ?? ({ metadata: { name: info.name } } as Eviction), info.namespace)
  if (eviction.metadata.name && eviction.metadata.name !== info.name) throw badRequest('name in URL does not match name in Eviction object')
  const options = (eviction.deleteOptions ?? {}) as DeletionOptions
  const dryRun = query.dryRun || (options.dryRun?.length ?? 0) > 0
  const at = { namespace: info.namespace, name: info.name }
  const admission = writeFor(pods, 'CREATE', 'eviction', at, dryRun, ctx, parts)
  const pod = (await pods.registry.get(at.namespace, at.name)).object as unknown as Pod
  await admission.admit(eviction, undefined)
  await admission.check(eviction, undefined)
  if (budgets && !needsNoBudget(pod)) await takeFromBudget(pod, budgets, ctx, parts, dryRun)
  // the eviction was admitted, so the deletion that it is need not be
  await pods.registry.delete(at, options, { ...writeFor(pods, 'DELETE', '', at, dryRun, ctx, parts), check: async () => {} })
  return created()
}

/** What does not serve, or is going anyway, disrupts nothing. */
function needsNoBudget(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(pod.status.phase ?? '')
}

async function takeFromBudget(pod: Pod, budgets: Endpoint, ctx: RequestContext, parts: EndpointParts, dryRun: boolean): Promise<void> {
  const { namespace = '', name, labels = {} } = pod.metadata
  await budgets.registry.fresh()
  const { items } = budgets.registry.cache.list(`${budgets.registry.prefix}${namespace}/`)
  const guarding = items
    .map((item) => item.object as unknown as PodDisruptionBudget)
    .filter((budget) => budget.spec.selector !== undefined && labelSelectorOf(budget.spec.selector).matches(labels))
  const [budget, other] = guarding
  if (budget === undefined) return
  if (other !== undefined)
    throw internalError(new Error('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'))
  const at = { namespace, name: budget.metadata.name }
  const facet = statusFacet<Stored>(
    (_, old) => ({ ...old, status: taken(old as unknown as PodDisruptionBudget, name, parts.clock.now()) }) as unknown as Stored,
  )
  await budgets.registry.update(at, facet, (shown) => shown, writeFor(budgets, 'UPDATE', 'status', at, dryRun, ctx, parts))
}

function taken(budget: PodDisruptionBudget, pod: string, now: Instant): PodDisruptionBudget['status'] {
  const { name, generation = 0 } = budget.metadata
  const { status } = budget
  const allowed = status.disruptionsAllowed ?? 0
  const refuse = (message: string) => forbidden(podDisruptionBudgets, name, message)
  if ((status.observedGeneration ?? 0) < generation)
    throw tooManyRequests(VIOLATES, {
      causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${name} is still being processed by the server.` }],
      retryAfterSeconds: RETRY_SECONDS,
    })
  if (allowed < 0) throw refuse('pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_PODS_MAX)
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status
    throw tooManyRequests(VIOLATES, {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
        },
      ],
    })
  }
  return { ...status, disruptionsAllowed: allowed - 1, disruptedPods: { ...status.disruptedPods, [pod]: timestamp(now) } }
}
