/** ReplicationController: the older form of ReplicaSet, with the same decisions. */

import { pods } from '#api/core/v1/pod.ts'
import { replicationControllers, type ReplicationController } from '#api/core/v1/replication-controller.ts'
import { selectorFromSet } from '#schema/selector.ts'
import { controllerOf, ownedBy, updateStatus, type Controller } from './controller.ts'
import { decideReplicas, findPods, orphanIndex, sameStatus, withReplicaFailure, type Found, type Wanted } from './replicas.ts'

interface Snapshot {
  readonly rc: ReplicationController
  readonly found: Found
}

export const replicationControllerController: Controller<Snapshot> = {
  name: 'replicationcontroller',
  primary: replicationControllers,
  watches: [
    ownedBy(pods, replicationControllers),
    {
      resource: pods,
      keys: (pod, cache) =>
        controllerOf(pod) !== undefined
          ? []
          : cache
              .of(replicationControllers)
              .list(pod.metadata.namespace)
              .filter((rc) => selectorFromSet(rc.spec.selector ?? {}).matches(pod.metadata.labels ?? {}))
              .map((rc) => `${rc.metadata.namespace}/${rc.metadata.name}`),
    },
  ],
  indexes: [orphanIndex],

  read(key, cache) {
    const rc = cache.get(replicationControllers, key)
    return rc && { rc, found: findPods(cache, wantedBy(rc)) }
  },

  decide({ rc, found }, now, failure) {
    const { actions, counts, requeueAfterMs } = decideReplicas(wantedBy(rc), found, now)
    const { terminatingReplicas: _, ...shown } = counts
    const conditions = withReplicaFailure(rc.status.conditions, failure, now)
    const status = {
      ...shown,
      ...(rc.metadata.generation !== undefined && { observedGeneration: rc.metadata.generation }),
      ...(conditions && { conditions }),
    }
    const change = sameStatus(status, rc.status) ? [] : [updateStatus(replicationControllers, { ...rc, status })]
    // While pods cannot be made, the status must not wait for them
    return {
      actions: failure === undefined ? [...actions, ...change] : [...change, ...actions],
      ...(requeueAfterMs !== undefined && { requeueAfterMs }),
    }
  },
}

function wantedBy(rc: ReplicationController): Wanted {
  return {
    owner: rc,
    resource: replicationControllers,
    replicas: rc.spec.replicas ?? 1,
    minReadySeconds: rc.spec.minReadySeconds ?? 0,
    selector: selectorFromSet(rc.spec.selector ?? {}),
    template: rc.spec.template,
  }
}
