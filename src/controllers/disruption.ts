/** Disruption: keeps each PodDisruptionBudget's count of how many of its pods may be evicted now. */

import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { pods as podResource, type Pod } from '#api/core/v1/pod.ts'
import { replicationControllers } from '#api/core/v1/replication-controller.ts'
import { podDisruptionBudgets, type PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { KubeObject } from '#schema/resource.ts'
import { labelSelectorOf } from '#schema/selector.ts'
import { controllerOf, updateStatus, type Cache, type Controller } from './controller.ts'
import { isReady } from './pods.ts'
import { sameStatus } from './replicas.ts'

const EVICTION_MS = 120_000 // upstream's: an eviction that has not begun by then never will

interface Snapshot {
  readonly budget: PodDisruptionBudget
  readonly pods: readonly Pod[]
  /** Replicas wanted by the pods' controllers together; undefined when a pod has none, or one of an unknown kind. */
  readonly scale: number | undefined
}

export const disruptionController: Controller<Snapshot> = {
  name: 'disruption',
  primary: podDisruptionBudgets,
  watches: [
    {
      resource: podResource,
      keys: (pod, cache) =>
        cache
          .of(podDisruptionBudgets)
          .list(pod.metadata.namespace)
          .filter((b) => b.spec.selector !== undefined && labelSelectorOf(b.spec.selector).matches(pod.metadata.labels ?? {}))
          .map((b) => `${b.metadata.namespace}/${b.metadata.name}`),
    },
    ...[deployments, replicaSets, replicationControllers].map((resource) => ({
      resource,
      keys: (owner: KubeObject, cache: Cache) =>
        cache
          .of(podDisruptionBudgets)
          .list(owner.metadata.namespace)
          .map((b) => `${b.metadata.namespace}/${b.metadata.name}`),
    })),
  ],

  read(key, cache) {
    const budget = cache.get(podDisruptionBudgets, key)
    if (budget === undefined) return undefined
    const selector = budget.spec.selector === undefined ? undefined : labelSelectorOf(budget.spec.selector)
    const pods =
      selector === undefined
        ? []
        : cache
            .of(podResource)
            .list(budget.metadata.namespace)
            .filter((p) => selector.matches(p.metadata.labels ?? {}))
    return { budget, pods, scale: scaleOf(pods, cache) }
  },

  decide({ budget, pods, scale }, now) {
    const disrupted = stillDisrupted(budget, pods, now)
    const healthy = pods.filter(
      (p) => isReady(p) && p.metadata.deletionTimestamp === undefined && disrupted[p.metadata.name] === undefined,
    ).length
    const wanted = demand(budget, pods.length, scale)
    const conditions = budget.status.conditions ?? []
    if (wanted === undefined) {
      const message = 'found no controllers for pods, or controllers of a kind without a scale'
      const status = {
        ...budget.status,
        disruptionsAllowed: 0,
        conditions: withAllowed(conditions, 'False', 'SyncFailed', message, budget, now),
      }
      return { actions: sameStatus(status, budget.status) ? [] : [updateStatus(podDisruptionBudgets, { ...budget, status })] }
    }
    const allowed = wanted.expected <= 0 ? 0 : Math.max(0, healthy - wanted.desired)
    const status = {
      ...(budget.metadata.generation !== undefined && { observedGeneration: budget.metadata.generation }),
      ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: wanted.desired,
      expectedPods: wanted.expected,
      conditions:
        allowed > 0
          ? withAllowed(conditions, 'True', 'SufficientPods', '', budget, now)
          : withAllowed(conditions, 'False', 'InsufficientPods', '', budget, now),
    }
    const change = sameStatus(status, budget.status)
      ? []
      : [updateStatus(podDisruptionBudgets, { ...budget, status } as PodDisruptionBudget)]
    return { actions: change, ...(Object.keys(disrupted).length > 0 && { requeueAfterMs: EVICTION_MS }) }
  },
}

/** How many pods there should be, and how many of them healthy. */
function demand(
  budget: PodDisruptionBudget,
  count: number,
  scale: number | undefined,
): { readonly expected: number; readonly desired: number } | undefined {
  const { minAvailable, maxUnavailable } = budget.spec
  if (maxUnavailable !== undefined)
    return scale === undefined ? undefined : { expected: scale, desired: Math.max(0, scale - share(maxUnavailable, scale)) }
  if (minAvailable === undefined) return { expected: count, desired: 1 }
  if (typeof minAvailable === 'number') return { expected: count, desired: minAvailable }
  return scale === undefined ? undefined : { expected: scale, desired: share(minAvailable, scale) }
}

function share(value: number | string, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * of) / 100)
}

function scaleOf(pods: readonly Pod[], cache: Cache): number | undefined {
  const replicas = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    const key = `${pod.metadata.namespace}/${owner?.name ?? ''}`
    const set =
      owner?.kind === 'ReplicaSet'
        ? cache.get(replicaSets, key)
        : owner?.kind === 'ReplicationController'
          ? cache.get(replicationControllers, key)
          : undefined
    if (set === undefined) return undefined
    const above = controllerOf(set)
    const deployment = above?.kind === 'Deployment' ? cache.get(deployments, `${pod.metadata.namespace}/${above.name}`) : undefined
    const scaled = deployment ?? set
    replicas.set(scaled.metadata.uid, scaled.spec.replicas ?? 1)
  }
  return [...replicas.values()].reduce((sum, n) => sum + n, 0)
}

/** Evictions granted a while ago whose pods are still there: they count as gone. */
function stillDisrupted(budget: PodDisruptionBudget, pods: readonly Pod[], now: Instant): Readonly<Record<string, string>> {
  const entries = Object.entries(budget.status.disruptedPods ?? {})
  return Object.fromEntries(
    entries.filter(([name, at]) => {
      const pod = pods.find((p) => p.metadata.name === name)
      return pod !== undefined && pod.metadata.deletionTimestamp === undefined && Date.parse(at) + EVICTION_MS > now
    }),
  )
}

type Conditions = NonNullable<PodDisruptionBudget['status']['conditions']>

function withAllowed(
  conditions: Conditions,
  status: 'True' | 'False',
  reason: string,
  message: string,
  budget: PodDisruptionBudget,
  now: Instant,
): Conditions {
  const old = conditions.find((c) => c.type === 'DisruptionAllowed')
  const next = {
    type: 'DisruptionAllowed',
    status,
    reason,
    message,
    ...(budget.metadata.generation !== undefined && { observedGeneration: budget.metadata.generation }),
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : timestamp(now),
  }
  return [...conditions.filter((c) => c.type !== 'DisruptionAllowed'), next]
}
