/** What controllers ask of pods: whether they count, are ready or available, and which to give up first. */

import type { Pod } from '#api/core/v1/pod.ts'
import type { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import type { Instant } from '#base/clock.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'
import { controllerReference } from './controller.ts'

/** Neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  return pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined
}

/** On its way out, and not done. */
export function isTerminating(pod: Pod): boolean {
  return pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed' && pod.metadata.deletionTimestamp !== undefined
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: Instant): boolean {
  const condition = readyCondition(pod)
  if (condition?.status !== 'True') return false
  if (minReadySeconds === 0) return true
  return condition.lastTransitionTime !== undefined && Date.parse(condition.lastTransitionTime) + minReadySeconds * 1000 <= now
}

/** Milliseconds until a pod that is ready becomes available; undefined when it is or is not ready. */
export function untilAvailableMs(pod: Pod, minReadySeconds: number, now: Instant): number | undefined {
  const condition = readyCondition(pod)
  if (minReadySeconds === 0 || condition?.status !== 'True' || condition.lastTransitionTime === undefined) return undefined
  const left = Date.parse(condition.lastTransitionTime) + minReadySeconds * 1000 - now
  return left > 0 ? left : undefined
}

function readyCondition(pod: Pod) {
  return pod.status.conditions?.find((c) => c.type === 'Ready')
}

/** A new pod of a template, owned by `owner`; the server ends its name. */
export function podOf(
  owner: KubeObject,
  resource: Pick<Resource, 'apiVersion' | 'kind'>,
  template: PodTemplateSpec | undefined,
): Draft<Pod> {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace!,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner, resource)],
    },
    spec: template?.spec,
  } as unknown as Draft<Pod>
}

/** How many pods that match run on each node, from all owners of the same workload: crowded nodes give theirs up first. */
export type NodeCrowd = ReadonlyMap<string, number>

/**
 * Orders pods so that the ones to delete come first (upstream's ranking): unscheduled, then unknown or pending, not ready, with the
 * lower deletion cost, on the more crowded node, ready for a shorter time, with more restarts, younger.
 */
export function leastUsefulFirst(crowd: NodeCrowd, now: Instant): (a: Pod, b: Pod) => number {
  return (a, b) =>
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    PHASE_RANK[a.status.phase ?? 'Pending'] - PHASE_RANK[b.status.phase ?? 'Pending'] ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    (crowd.get(b.spec.nodeName ?? '') ?? 0) - (crowd.get(a.spec.nodeName ?? '') ?? 0) ||
    doublings(now - readySince(a)) - doublings(now - readySince(b)) ||
    restarts(b) - restarts(a) ||
    doublings(now - Date.parse(a.metadata.creationTimestamp)) - doublings(now - Date.parse(b.metadata.creationTimestamp)) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1)
}

const PHASE_RANK = { Pending: 0, Unknown: 1, Running: 2, Succeeded: 2, Failed: 2 } as const

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0'
  return /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0
}

function readySince(pod: Pod): number {
  const condition = readyCondition(pod)
  return condition?.status === 'True' && condition.lastTransitionTime !== undefined ? Date.parse(condition.lastTransitionTime) : 0
}

// Ages compare by their order of magnitude, so that among pods of about one age the choice is not always the youngest.
function doublings(ageMs: number): number {
  return ageMs <= 1 ? 0 : Math.floor(Math.log2(ageMs))
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status.containerStatuses?.map((s) => s.restartCount ?? 0) ?? []))
}
