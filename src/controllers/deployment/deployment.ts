/** Deployment: moves pods from one ReplicaSet to the next, within the bounds of its strategy. */

import { deployments, type Deployment } from '#api/apps/v1/deployment.ts'
import { replicaSets, type ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#base/clock.ts'
import type { Key } from '#client/informer.ts'
import type { Draft } from '#schema/resource.ts'
import { labelSelectorOf } from '#schema/selector.ts'
import {
  controllerOf,
  controllerReference,
  create,
  nothing,
  ownedBy,
  patch,
  remove,
  update,
  updateStatus,
  type Action,
  type Cache,
  type Controller,
  type Plan,
} from '../controller.ts'
import { sameStatus } from '../replicas.ts'
import {
  DESIRED_REPLICAS,
  findNew,
  HASH_LABEL,
  MAX_REPLICAS,
  newAnnotations,
  oldestFirst,
  REVISION,
  revisionOf,
  templateHash,
} from './revisions.ts'
import { isComplete, statusOf, untilDeadlineMs } from './status.ts'
import { isRolling, maxSurge, newReplicas, oldReplicas, proportional, replicasOf } from './strategy.ts'

interface Snapshot {
  readonly d: Deployment
  /** The ReplicaSets it controls. */
  readonly sets: readonly ReplicaSet[]
  readonly orphans: readonly ReplicaSet[]
  /** Pods of old ReplicaSets that have not finished; only Recreate waits for them. */
  readonly oldPods: readonly Pod[]
  /** A ReplicaSet of the name the next one would get, that is not ours. */
  readonly collision: ReplicaSet | undefined
}

export const deploymentController: Controller<Snapshot> = {
  name: 'deployment',
  primary: deployments,
  watches: [
    ownedBy(replicaSets, deployments),
    {
      resource: replicaSets,
      keys: (rs, cache) =>
        controllerOf(rs) !== undefined
          ? []
          : cache
              .of(deployments)
              .list(rs.metadata.namespace)
              .filter((d) => labelSelectorOf(d.spec.selector).matches(rs.metadata.labels ?? {}))
              .map(keyOf),
    },
    {
      // Recreate goes on once the last old pod is gone.
      resource: pods,
      keys: (pod, cache) => {
        const owner = controllerOf(pod)
        const rs = owner?.kind === 'ReplicaSet' ? cache.get(replicaSets, `${pod.metadata.namespace}/${owner.name}`) : undefined
        const above = rs && controllerOf(rs)
        const d = above?.kind === 'Deployment' ? cache.get(deployments, `${pod.metadata.namespace}/${above.name}`) : undefined
        return d !== undefined && !isRolling(d) ? [keyOf(d)] : []
      },
    },
  ],

  read(key, cache) {
    const d = cache.get(deployments, key)
    if (d === undefined) return undefined
    const sets = cache.ownedBy(replicaSets, d)
    const selector = labelSelectorOf(d.spec.selector)
    const orphans = cache
      .of(replicaSets)
      .list(d.metadata.namespace)
      .filter(
        (rs) => controllerOf(rs) === undefined && rs.metadata.deletionTimestamp === undefined && selector.matches(rs.metadata.labels ?? {}),
      )
    const newSet = findNew(d, sets)
    const collision = newSet === undefined ? cache.get(replicaSets, `${d.metadata.namespace}/${nextName(d)}`) : undefined
    return { d, sets, orphans, oldPods: isRolling(d) ? [] : oldPods(cache, sets, newSet), collision }
  },

  decide({ d, sets, orphans, oldPods, collision }, now) {
    if (d.metadata.deletionTimestamp !== undefined) return finish(d, sets, findNew(d, sets), now)
    if (orphans.length > 0) return { actions: orphans.map((rs) => adopt(rs, d)) }
    const newSet = findNew(d, sets)
    const old = sets.filter((rs) => rs !== newSet)
    if (d.spec.paused || scalingEvent(d, sets)) return finish(d, sets, newSet, now, rescale(d, newSet, sets, old))
    if (newSet === undefined) {
      // Recreate makes the new ReplicaSet only once nothing of the old ones runs any more.
      if (!isRolling(d)) {
        const down = old.filter((rs) => replicasOf(rs) > 0).map((rs) => scaleTo(d, rs, 0))
        if (down.length > 0 || oldPods.length > 0) return finish(d, sets, newSet, now, down)
      }
      if (collision !== undefined)
        return {
          actions: [updateStatus(deployments, { ...d, status: { ...d.status, collisionCount: (d.status.collisionCount ?? 0) + 1 } })],
        }
      return makeNew(d, sets, old, now)
    }
    const renewed = refresh(d, newSet, old)
    if (renewed.length > 0) return { actions: renewed }
    return finish(d, sets, newSet, now, roll(d, newSet, sets, old, oldPods))
  },
}

/** One step of the rollout: up first, and down only when there was nothing to bring up. */
function roll(
  d: Deployment,
  newSet: ReplicaSet,
  sets: readonly ReplicaSet[],
  old: readonly ReplicaSet[],
  oldPods: readonly Pod[],
): readonly Action[] {
  if (!isRolling(d)) {
    const down = old.filter((rs) => replicasOf(rs) > 0).map((rs) => scaleTo(d, rs, 0))
    if (down.length > 0 || oldPods.length > 0) return down
  }
  const wanted = d.spec.replicas ?? 1
  const up = replicasOf(newSet) > wanted ? wanted : newReplicas(d, newSet, sets)
  if (up !== replicasOf(newSet)) return [scaleTo(d, newSet, up)]
  const targets = oldReplicas(d, newSet, old)
  return old.flatMap((rs) => (targets.get(rs) === replicasOf(rs) ? [] : [scaleTo(d, rs, targets.get(rs)!)]))
}

/** Actions, then old history cleaned up once complete, then the status if it changed. */
function finish(
  d: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  now: Instant,
  actions: readonly Action[] = [],
): Plan {
  const status = statusOf(d, newSet, sets, now, newSet === undefined ? undefined : { found: newSet.metadata.name })
  const cleanup =
    d.metadata.deletionTimestamp === undefined && actions.length === 0 && isComplete(d, status)
      ? expired(
          d,
          sets.filter((rs) => rs !== newSet),
        )
      : []
  const change = sameStatus(status, d.status) ? [] : [updateStatus(deployments, { ...d, status })]
  const requeueAfterMs = untilDeadlineMs(d, status, now)
  return actions.length + cleanup.length + change.length === 0 && requeueAfterMs === undefined
    ? nothing
    : { actions: [...actions, ...cleanup, ...change], ...(requeueAfterMs !== undefined && { requeueAfterMs }) }
}

function makeNew(d: Deployment, sets: readonly ReplicaSet[], old: readonly ReplicaSet[], now: Instant): Plan {
  const name = nextName(d)
  const hash = templateHash(d.spec.template, d.status.collisionCount)
  const revision = nextRevision(old)
  const replicas = newReplicas(d, undefined, sets)
  const selector = d.spec.selector
  const rs = {
    metadata: {
      name,
      namespace: d.metadata.namespace!,
      labels: { ...d.spec.template.metadata.labels, [HASH_LABEL]: hash },
      annotations: { ...newAnnotations(d, undefined, revision), ...scaleAnnotations(d) },
      ownerReferences: [controllerReference(d, deployments)],
    },
    spec: {
      replicas,
      ...(d.spec.minReadySeconds !== undefined && { minReadySeconds: d.spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: {
        ...d.spec.template,
        metadata: { ...d.spec.template.metadata, labels: { ...d.spec.template.metadata.labels, [HASH_LABEL]: hash } },
      },
    },
  } as unknown as Draft<ReplicaSet>
  const say = {
    about: d,
    ...(replicas > 0 && {
      done: { type: 'Normal', reason: 'ScalingReplicaSet', message: `Scaled up replica set ${name} from 0 to ${replicas}` } as const,
    }),
    failed: { type: 'Warning', reason: 'FailedCreate', message: `Failed to create new replica set "${name}": {error}` } as const,
  }
  return {
    actions: [create(replicaSets, rs, say), ...report(d, revision, statusOf(d, undefined, sets, now, { created: name }))],
  }
}

/** Writes status and revision where they are not there yet, in one call: the status path takes annotations along. */
function report(d: Deployment, revision: number, status: Deployment['status'] = d.status): readonly Action[] {
  if (d.metadata.annotations?.[REVISION] === String(revision) && sameStatus(status, d.status)) return []
  const annotations = { ...d.metadata.annotations, [REVISION]: String(revision) }
  return [updateStatus(deployments, { ...d, metadata: { ...d.metadata, annotations }, status })]
}

/** Brings the new ReplicaSet's annotations and minReadySeconds and the Deployment's revision up to date; empty when they are. */
function refresh(d: Deployment, newSet: ReplicaSet, old: readonly ReplicaSet[]): readonly Action[] {
  const revision = Math.max(nextRevision(old), revisionOf(newSet))
  const annotations = newAnnotations(d, newSet, revision)
  const minReadySeconds = d.spec.minReadySeconds ?? 0
  const changed =
    Object.entries(annotations).some(([k, v]) => newSet.metadata.annotations?.[k] !== v) ||
    minReadySeconds !== (newSet.spec.minReadySeconds ?? 0)
  const renewed = { ...newSet, metadata: { ...newSet.metadata, annotations }, spec: { ...newSet.spec, minReadySeconds } }
  return [...(changed ? [update(replicaSets, renewed)] : []), ...report(d, revision)]
}

/** The wanted number changed since the ReplicaSets were last sized: resize before anything else moves. */
function scalingEvent(d: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some(
    (rs) =>
      replicasOf(rs) > 0 &&
      rs.metadata.annotations?.[DESIRED_REPLICAS] !== undefined &&
      Number(rs.metadata.annotations[DESIRED_REPLICAS]) !== (d.spec.replicas ?? 1),
  )
}

function rescale(
  d: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  old: readonly ReplicaSet[],
): readonly Action[] {
  const wanted = d.spec.replicas ?? 1
  const active = sets.filter((rs) => replicasOf(rs) > 0)
  const only = active.length === 1 ? active[0] : active.length === 0 ? (newSet ?? sets.toSorted(oldestFirst).at(-1)) : undefined
  if (only !== undefined) return replicasOf(only) === wanted && current(d, only) ? [] : [scaleTo(d, only, wanted)]
  // The new one is saturated: what is left of the old ones goes.
  if (newSet !== undefined && replicasOf(newSet) === wanted && (newSet.status.availableReplicas ?? 0) === wanted) {
    return old.filter((rs) => replicasOf(rs) > 0).map((rs) => scaleTo(d, rs, 0))
  }
  if (!isRolling(d)) return []
  return [...proportional(d, active)].flatMap(([rs, replicas]) =>
    replicas === replicasOf(rs) && current(d, rs) ? [] : [scaleTo(d, rs, replicas)],
  )
}

function current(d: Deployment, rs: ReplicaSet): boolean {
  return rs.metadata.annotations?.[DESIRED_REPLICAS] === String(d.spec.replicas ?? 1)
}

function scaleTo(d: Deployment, rs: ReplicaSet, replicas: number): Action {
  const from = replicasOf(rs)
  const scaled = {
    ...rs,
    metadata: { ...rs.metadata, annotations: { ...rs.metadata.annotations, ...scaleAnnotations(d) } },
    spec: { ...rs.spec, replicas },
  }
  const action = update(replicaSets, scaled)
  if (from === replicas) return action
  const message = `Scaled ${from < replicas ? 'up' : 'down'} replica set ${rs.metadata.name} from ${from} to ${replicas}`
  return { ...action, say: { about: d, done: { type: 'Normal', reason: 'ScalingReplicaSet', message } } } as Action
}

function scaleAnnotations(d: Deployment): Readonly<Record<string, string>> {
  const replicas = d.spec.replicas ?? 1
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(d)) }
}

/** Old ReplicaSets beyond the history limit, oldest revision first; only those that are empty and settled. */
function expired(d: Deployment, old: readonly ReplicaSet[]): readonly Action[] {
  const limit = d.spec.revisionHistoryLimit
  if (limit === undefined || limit === 2 ** 31 - 1) return []
  const settled = old.filter((rs) => rs.metadata.deletionTimestamp === undefined)
  return settled
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, settled.length - limit))
    .filter(
      (rs) => rs.status.replicas === 0 && replicasOf(rs) === 0 && (rs.status.observedGeneration ?? 0) >= (rs.metadata.generation ?? 0),
    )
    .map((rs) => remove(replicaSets, rs))
}

function adopt(rs: ReplicaSet, d: Deployment): Action {
  return patch(replicaSets, rs, 'application/merge-patch+json', {
    metadata: { uid: rs.metadata.uid, ownerReferences: [...(rs.metadata.ownerReferences ?? []), controllerReference(d, deployments)] },
  })
}

function oldPods(cache: Cache, sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): readonly Pod[] {
  return sets
    .filter((rs) => rs !== newSet)
    .flatMap((rs) => cache.ownedBy(pods, rs).filter((p) => p.status.phase !== 'Failed' && p.status.phase !== 'Succeeded'))
}

function nextName(d: Deployment): string {
  return `${d.metadata.name}-${templateHash(d.spec.template, d.status.collisionCount)}`
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1
}

function keyOf(d: { readonly metadata: { readonly namespace?: string; readonly name: string } }): Key {
  return `${d.metadata.namespace}/${d.metadata.name}`
}
