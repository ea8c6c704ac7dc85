/** A Deployment's status: counts over its ReplicaSets, and the Available and Progressing conditions. */

import type { Deployment, DeploymentCondition } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { maxUnavailable } from './strategy.ts'

type Status = Deployment['status']

/** The status for these ReplicaSets; `created` names a ReplicaSet made just now, `found` one taken over. */
export function statusOf(
  d: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  now: Instant,
  progress?: { readonly created?: string; readonly found?: string },
): Status {
  const sum = (count: (rs: ReplicaSet) => number | undefined) => sets.reduce((total, rs) => total + (count(rs) ?? 0), 0)
  const replicas = d.spec.replicas ?? 1
  const total = sum((rs) => rs.status.replicas)
  const available = sum((rs) => rs.status.availableReplicas)
  const counts = {
    replicas: total,
    updatedReplicas: newSet?.status.replicas ?? 0,
    readyReplicas: sum((rs) => rs.status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum((rs) => rs.spec.replicas ?? 1) - available),
  }
  let conditions = d.status.conditions ?? []
  conditions =
    available >= replicas - maxUnavailable(d)
      ? put(conditions, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
      : put(conditions, 'Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now)
  conditions = progressing(d, { ...counts, conditions }, newSet, now, progress)
  conditions = replicaFailure(conditions, newSet, sets)
  return {
    ...(d.metadata.generation !== undefined && { observedGeneration: d.metadata.generation }),
    ...Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0)),
    // Known only once every ReplicaSet has said
    ...(sets.every((rs) => rs.status.terminatingReplicas !== undefined) && {
      terminatingReplicas: sum((rs) => rs.status.terminatingReplicas),
    }),
    ...(conditions.length > 0 && { conditions }),
    ...(d.status.collisionCount !== undefined && { collisionCount: d.status.collisionCount }),
  } as Status
}

/** What keeps a ReplicaSet from its pods is the Deployment's to tell too; the new one's trouble comes first. */
function replicaFailure(
  conditions: readonly DeploymentCondition[],
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): readonly DeploymentCondition[] {
  const found = [...(newSet === undefined ? [] : [newSet]), ...sets].flatMap(
    (rs) => rs.status.conditions?.find((c) => c.type === 'ReplicaFailure') ?? [],
  )[0]
  const old = conditions.find((c) => c.type === 'ReplicaFailure')
  if (found !== undefined && old?.status === found.status && old.reason === found.reason) return conditions
  const rest = conditions.filter((c) => c.type !== 'ReplicaFailure')
  if (found === undefined) return old === undefined ? conditions : rest
  const { lastTransitionTime, ...condition } = found
  return [...rest, { ...condition, ...(lastTransitionTime !== undefined && { lastTransitionTime, lastUpdateTime: lastTransitionTime }) }]
}

/** All pods are the new template's, and available. */
export function isComplete(d: Deployment, status: Status): boolean {
  const replicas = d.spec.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (d.metadata.generation ?? 0)
  )
}

function progressing(
  d: Deployment,
  next: Status,
  newSet: ReplicaSet | undefined,
  now: Instant,
  progress?: { readonly created?: string; readonly found?: string },
): readonly DeploymentCondition[] {
  const conditions = next.conditions ?? []
  if (d.spec.progressDeadlineSeconds === undefined || d.spec.progressDeadlineSeconds === 2 ** 31 - 1)
    return conditions.filter((c) => c.type !== 'Progressing')
  const old = conditions.find((c) => c.type === 'Progressing')
  if (d.spec.paused) {
    return old?.reason === 'ProgressDeadlineExceeded'
      ? conditions
      : put(conditions, 'Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now, old?.reason !== 'DeploymentPaused')
  }
  if (old?.reason === 'DeploymentPaused')
    return put(conditions, 'Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now, true)
  const name = newSet === undefined ? `Deployment "${d.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`
  if (progress?.created !== undefined)
    return put(conditions, 'Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${progress.created}"`, now, true)
  if (progress?.found !== undefined && old === undefined)
    return put(conditions, 'Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${progress.found}"`, now, true)
  const rolledOut = (next.replicas ?? 0) === (next.updatedReplicas ?? 0) && old?.reason === 'NewReplicaSetAvailable'
  if (rolledOut) return conditions
  if (isComplete(d, { ...next, observedGeneration: d.metadata.generation ?? 0 }))
    return put(conditions, 'Progressing', 'True', 'NewReplicaSetAvailable', `${name} has successfully progressed.`, now, true)
  if (advanced(d.status, next)) return put(conditions, 'Progressing', 'True', 'ReplicaSetUpdated', `${name} is progressing.`, now, true)
  if (timedOut(d, old, now))
    return put(conditions, 'Progressing', 'False', 'ProgressDeadlineExceeded', `${name} has timed out progressing.`, now, true)
  return conditions
}

/** More new pods, fewer old ones, or more that are ready or available. */
function advanced(before: Status, after: Status): boolean {
  const old = (s: Status) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function timedOut(d: Deployment, condition: DeploymentCondition | undefined, now: Instant): boolean {
  if (condition === undefined || condition.reason === 'NewReplicaSetAvailable') return false
  if (condition.reason === 'ProgressDeadlineExceeded') return true
  return now >= Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') + (d.spec.progressDeadlineSeconds ?? 600) * 1000
}

/** Milliseconds until the progress deadline, when one is running. */
export function untilDeadlineMs(d: Deployment, status: Status, now: Instant): number | undefined {
  if (d.spec.paused || d.spec.progressDeadlineSeconds === undefined || isComplete(d, status)) return undefined
  const condition = status.conditions?.find((c) => c.type === 'Progressing')
  if (condition === undefined || condition.status === 'False' || condition.reason === 'NewReplicaSetAvailable') return undefined
  return Math.max(0, Date.parse(condition.lastUpdateTime ?? '') + d.spec.progressDeadlineSeconds * 1000 - now) + 1000 // timestamps carry whole seconds
}

function put(
  conditions: readonly DeploymentCondition[],
  type: string,
  status: string,
  reason: string,
  message: string,
  now: Instant,
  touch = false,
): readonly DeploymentCondition[] {
  const old = conditions.find((c) => c.type === type)
  if (!touch && old?.status === status && old.reason === reason) return conditions
  const at = timestamp(now)
  const next = {
    type,
    status,
    lastUpdateTime: at,
    lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? at) : at,
    reason,
    message,
  }
  return old === undefined ? [...conditions, next] : conditions.map((c) => (c.type === type ? next : c))
}
