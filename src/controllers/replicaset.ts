/** ReplicaSet: keeps as many pods of one template as wanted. */

import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets, type ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { pods } from '#api/core/v1/pod.ts'
import { labelSelectorOf } from '#schema/selector.ts'
import { controllerOf, ownedBy, updateStatus, type Cache, type Controller } from './controller.ts'
import { isActive, type NodeCrowd } from './pods.ts'
import { decideReplicas, findPods, orphanIndex, sameStatus, withReplicaFailure, type Found, type Wanted } from './replicas.ts'

interface Snapshot {
  readonly rs: ReplicaSet
  readonly found: Found
}

export const replicaSetController: Controller<Snapshot> = {
  name: 'replicaset',
  primary: replicaSets,
  watches: [
    ownedBy(pods, replicaSets),
    {
      // A pod without a controller may be one that some ReplicaSet should adopt.
      resource: pods,
      keys: (pod, cache) =>
        controllerOf(pod) !== undefined
          ? []
          : cache
              .of(replicaSets)
              .list(pod.metadata.namespace)
              .filter((rs) => labelSelectorOf(rs.spec.selector).matches(pod.metadata.labels ?? {}))
              .map((rs) => `${rs.metadata.namespace}/${rs.metadata.name}`),
    },
  ],
  indexes: [orphanIndex],

  read(key, cache) {
    const rs = cache.get(replicaSets, key)
    return rs && { rs, found: findPods(cache, wantedBy(rs), crowdOf(rs, cache)) }
  },

  decide({ rs, found }, now, failure) {
    const { actions, counts, requeueAfterMs } = decideReplicas(wantedBy(rs), found, now)
    const conditions = withReplicaFailure(rs.status.conditions, failure, now)
    const status = {
      ...counts,
      ...(rs.metadata.generation !== undefined && { observedGeneration: rs.metadata.generation }),
      ...(conditions && { conditions }),
    }
    const change = sameStatus(status, rs.status) ? [] : [updateStatus(replicaSets, { ...rs, status })]
    // While pods cannot be made, the status must not wait for them
    return {
      actions: failure === undefined ? [...actions, ...change] : [...change, ...actions],
      ...(requeueAfterMs !== undefined && { requeueAfterMs }),
    }
  },
}

function wantedBy(rs: ReplicaSet): Wanted {
  return {
    owner: rs,
    resource: replicaSets,
    replicas: rs.spec.replicas ?? 1,
    minReadySeconds: rs.spec.minReadySeconds ?? 0,
    selector: labelSelectorOf(rs.spec.selector),
    template: rs.spec.template,
  }
}

/** Counts, per node, the pods of all ReplicaSets of the same Deployment; only a ReplicaSet that gives pods up needs it. */
function crowdOf(rs: ReplicaSet, cache: Cache): NodeCrowd {
  const crowd = new Map<string, number>()
  const mine = cache.ownedBy(pods, rs)
  if (mine.length <= (rs.spec.replicas ?? 1)) return crowd
  const owner = controllerOf(rs)
  const deployment = owner?.kind === 'Deployment' ? cache.get(deployments, `${rs.metadata.namespace}/${owner.name}`) : undefined
  const family = deployment === undefined ? [rs] : cache.ownedBy(replicaSets, deployment)
  for (const sibling of family) {
    for (const pod of cache.ownedBy(pods, sibling)) {
      if (isActive(pod) && pod.spec.nodeName) crowd.set(pod.spec.nodeName, (crowd.get(pod.spec.nodeName) ?? 0) + 1)
    }
  }
  return crowd
}
