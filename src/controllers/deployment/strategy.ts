/** How far a rollout may go at once: maxSurge and maxUnavailable, and how replicas are shared out. */

import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { MAX_REPLICAS, oldestFirst } from './revisions.ts'

/** Pods that may be unavailable at any time; 0 for Recreate's purposes means all at once. */
export function maxUnavailable(d: Deployment): number {
  if (!isRolling(d) || (d.spec.replicas ?? 1) === 0) return 0
  const bound = resolved(d).unavailable
  return Math.min(bound, d.spec.replicas ?? 1)
}

/** Pods that may run beyond the wanted ones. */
export function maxSurge(d: Deployment): number {
  return isRolling(d) ? resolved(d).surge : 0
}

export function isRolling(d: Deployment): boolean {
  return d.spec.strategy.type !== 'Recreate'
}

/** Surge rounds up, unavailable down; both zero could never move, so then one may be unavailable. */
function resolved(d: Deployment): { readonly surge: number; readonly unavailable: number } {
  const replicas = d.spec.replicas ?? 1
  const rolling = d.spec.strategy.rollingUpdate
  const surge = scaled(rolling?.maxSurge ?? 0, replicas, Math.ceil)
  const unavailable = scaled(rolling?.maxUnavailable ?? 0, replicas, Math.floor)
  return surge === 0 && unavailable === 0 ? { surge: 0, unavailable: 1 } : { surge, unavailable }
}

function scaled(value: number | string, of: number, round: (n: number) => number): number {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)
  return percent === null ? 0 : round((Number(percent[1]) * of) / 100)
}

/** Replicas the new ReplicaSet should have now, given that all of them together stay within the surge. */
export function newReplicas(d: Deployment, newSet: ReplicaSet | undefined, all: readonly ReplicaSet[]): number {
  const wanted = d.spec.replicas ?? 1
  if (!isRolling(d)) return wanted
  const current = all.reduce((n, rs) => n + replicasOf(rs), 0)
  const room = wanted + maxSurge(d) - current
  const own = newSet === undefined ? 0 : replicasOf(newSet)
  if (room <= 0) return own
  return Math.min(wanted, own + Math.min(room, wanted - own))
}

/** The replicas each old ReplicaSet should have now: unhealthy pods go first, then as many as stay available without them. */
export function oldReplicas(d: Deployment, newSet: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const result = new Map(old.map((rs) => [rs, replicasOf(rs)]))
  const all = newSet === undefined ? old : [...old, newSet]
  const total = all.reduce((n, rs) => n + replicasOf(rs), 0)
  const minAvailable = (d.spec.replicas ?? 1) - maxUnavailable(d)
  const newUnavailable = newSet === undefined ? 0 : replicasOf(newSet) - (newSet.status.availableReplicas ?? 0)
  let scaleDown = total - minAvailable - newUnavailable
  if (scaleDown <= 0) return result
  const oldest = old.toSorted(oldestFirst)
  for (const rs of oldest) {
    const replicas = result.get(rs)!
    const unhealthy = Math.min(Math.max(0, replicas - (rs.status.availableReplicas ?? 0)), scaleDown)
    result.set(rs, replicas - unhealthy)
    scaleDown -= unhealthy
  }
  let spare = all.reduce((n, rs) => n + (rs.status.availableReplicas ?? 0), 0) - minAvailable
  for (const rs of oldest) {
    const replicas = result.get(rs)!
    const down = Math.min(replicas, Math.max(0, spare))
    result.set(rs, replicas - down)
    spare -= down
  }
  return result
}

/** Shares a change of the wanted number out over ReplicaSets that are all active, in proportion to their sizes (largest first, newest breaks ties). */
export function proportional(d: Deployment, active: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const allowed = (d.spec.replicas ?? 1) > 0 ? (d.spec.replicas ?? 1) + maxSurge(d) : 0
  const total = active.reduce((n, rs) => n + replicasOf(rs), 0)
  const toAdd = allowed - total
  const bySize = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)))
  const result = new Map<ReplicaSet, number>()
  let added = 0
  for (const rs of bySize) {
    const share = toAdd === 0 ? 0 : fraction(rs, d, allowed, toAdd, added)
    result.set(rs, replicasOf(rs) + share)
    added += share
  }
  const first = bySize[0]
  if (first !== undefined && added !== toAdd) result.set(first, Math.max(0, result.get(first)! + toAdd - added))
  return result
}

function fraction(rs: ReplicaSet, d: Deployment, allowed: number, toAdd: number, added: number): number {
  const left = toAdd - added
  if (replicasOf(rs) === 0 || left === 0) return 0
  const annotated = Number(rs.metadata.annotations?.[MAX_REPLICAS] ?? d.status.replicas ?? 0)
  const grown = (d.spec.replicas ?? 1) === 0 ? -replicasOf(rs) : Math.round((replicasOf(rs) * allowed) / (annotated || 1)) - replicasOf(rs)
  return toAdd > 0 ? Math.min(grown, left) : Math.max(grown, left)
}

export function replicasOf(rs: ReplicaSet): number {
  return rs.spec.replicas ?? 1
}
