/** What ReplicaSet and ReplicationController share: keep as many matching pods as wanted. */

import { pods as podResource, type Pod } from '#api/core/v1/pod.ts'
import type { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { LabelSelector_ } from '#schema/selector.ts'
import { controllerOf, controllerReference, create, patch, remove, type Action, type Cache, type Failure, type Plan } from './controller.ts'
import { isActive, isAvailable, isReady, isTerminating, leastUsefulFirst, podOf, untilAvailableMs, type NodeCrowd } from './pods.ts'

/** Pods created or deleted at one go (upstream's burst). */
const BURST_REPLICAS = 500

/** The owner reduced to what the decision needs. */
export interface Wanted {
  readonly owner: KubeObject
  readonly resource: Pick<Resource, 'apiVersion' | 'kind'>
  readonly replicas: number
  readonly minReadySeconds: number
  readonly selector: LabelSelector_
  readonly template: PodTemplateSpec | undefined
}

export interface Found {
  /** Pods it owns that match, active or not. */
  readonly mine: readonly Pod[]
  /** Pods without a controller that match. */
  readonly orphans: readonly Pod[]
  /** Pods it owns that no longer match. */
  readonly strays: readonly Pod[]
  /** Where the pods of the whole workload are. */
  readonly crowd: NodeCrowd
}

export interface ReplicaCounts {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly terminatingReplicas?: number
}

/** Sorts the namespace's pods by what they are to the owner. */
export function findPods(cache: Cache, wanted: Wanted, crowd: NodeCrowd = new Map()): Found {
  const { owner, selector } = wanted
  const owned = cache.ownedBy(podResource, owner)
  const matches = (p: Pod) => selector.matches(p.metadata.labels ?? {})
  const orphans = cache
    .of(podResource)
    .by('orphan', owner.metadata.namespace ?? '')
    .filter((p) => isActive(p) && matches(p))
  return { mine: owned.filter(matches), orphans, strays: owned.filter((p) => !matches(p) && isActive(p)), crowd }
}

/** Adopts, releases, creates and deletes pods; answers the actions and the counts the status will show. */
export function decideReplicas(
  wanted: Wanted,
  found: Found,
  now: Instant,
): { readonly actions: readonly Action[]; readonly counts: ReplicaCounts } & Pick<Plan, 'requeueAfterMs'> {
  const { owner, replicas, minReadySeconds, resource } = wanted
  const deleting = owner.metadata.deletionTimestamp !== undefined
  const active = found.mine.filter(isActive)
  const adopt = deleting
    ? []
    : found.orphans.map((p) => patch(podResource, p, 'application/merge-patch+json', adoption(p, owner, resource)))
  const release = found.strays.map((p) =>
    patch(podResource, p, 'application/merge-patch+json', {
      metadata: { uid: p.metadata.uid, ownerReferences: p.metadata.ownerReferences?.filter((r) => r.uid !== owner.metadata.uid) ?? [] },
    }),
  )
  const missing = replicas - active.length - adopt.length
  const scale = deleting
    ? []
    : missing > 0
      ? times(Math.min(missing, BURST_REPLICAS), () => newPod(wanted))
      : missing < 0
        ? surplus(wanted, found, active, -missing, now)
        : []
  const waits = active.flatMap((p) => untilAvailableMs(p, minReadySeconds, now) ?? [])
  const available = active.filter((p) => isAvailable(p, minReadySeconds, now)).length
  return {
    actions: [...adopt, ...release, ...scale],
    counts: {
      replicas: active.length,
      ...positive('fullyLabeledReplicas', active.filter((p) => carries(p, wanted.template?.metadata.labels ?? {})).length),
      ...positive('readyReplicas', active.filter(isReady).length),
      ...positive('availableReplicas', available),
      terminatingReplicas: found.mine.filter(isTerminating).length,
    },
    ...(waits.length > 0 && { requeueAfterMs: Math.min(...waits) }),
  }
}

function newPod(wanted: Wanted): Action {
  return create(podResource, podOf(wanted.owner, wanted.resource, wanted.template), {
    about: wanted.owner,
    done: { type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
    failed: { type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
  })
}

function surplus(wanted: Wanted, found: Found, active: readonly Pod[], count: number, now: Instant): readonly Action[] {
  const chosen = count >= active.length ? active : active.toSorted(leastUsefulFirst(found.crowd, now))
  return chosen.slice(0, Math.min(count, BURST_REPLICAS)).map((p) =>
    remove(podResource, p, {
      about: wanted.owner,
      done: { type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
      failed: { type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
    }),
  )
}

function adoption(pod: Pod, owner: KubeObject, resource: Pick<Resource, 'apiVersion' | 'kind'>): object {
  return {
    metadata: { uid: pod.metadata.uid, ownerReferences: [...(pod.metadata.ownerReferences ?? []), controllerReference(owner, resource)] },
  }
}

/** The conditions with ReplicaFailure as the last try left it: kept while pods cannot be made or deleted, gone once they can. */
export function withReplicaFailure<C extends { readonly type: string; readonly status: string; readonly lastTransitionTime?: string }>(
  conditions: readonly C[] | undefined,
  failure: Failure | undefined,
  now: Instant,
): readonly C[] | undefined {
  const failed = failure?.resource?.plural === 'pods' && (failure.action === 'create' || failure.action === 'delete')
  const present = conditions?.some((c) => c.type === 'ReplicaFailure') === true
  if (failed === present) return conditions
  if (failed) {
    const reason = failure.action === 'create' ? 'FailedCreate' : 'FailedDelete'
    return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message: failure.message } as unknown as C, now)
  }
  const rest = conditions!.filter((c) => c.type !== 'ReplicaFailure')
  return rest.length === 0 ? undefined : rest
}

/** Pods without a controller, by namespace: the index `findPods` reads orphans from. */
export const orphanIndex = {
  resource: podResource,
  name: 'orphan',
  values: (o: KubeObject) => (controllerOf(o) === undefined ? [o.metadata.namespace ?? ''] : []),
}

/** Whether a status changed; a difference in generation counts. */
export function sameStatus(a: object, b: object): boolean {
  const text = (o: object) =>
    JSON.stringify(
      Object.entries(o)
        .filter(([, v]) => v !== undefined)
        .toSorted(([x], [y]) => (x < y ? -1 : 1)),
    )
  return text(a) === text(b)
}

/** Sets a condition, keeping the time of its last change while its status stays. */
export function withCondition<C extends { readonly type: string; readonly status: string; readonly lastTransitionTime?: string }>(
  conditions: readonly C[] | undefined,
  next: Omit<C, 'lastTransitionTime'> & { readonly type: string; readonly status: string },
  now: Instant,
): readonly C[] {
  const old = conditions?.find((c) => c.type === next.type)
  const lastTransitionTime = old?.status === next.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : timestamp(now)
  return [...(conditions?.filter((c) => c.type !== next.type) ?? []), { ...next, lastTransitionTime } as unknown as C]
}

function carries(pod: Pod, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([k, v]) => pod.metadata.labels?.[k] === v)
}

function positive<K extends string>(name: K, value: number): { readonly [P in K]?: number } {
  return (value > 0 ? { [name]: value } : {}) as { readonly [P in K]?: number }
}

function times<T>(count: number, make: () => T): readonly T[] {
  return Array.from({ length: count }, make)
}
