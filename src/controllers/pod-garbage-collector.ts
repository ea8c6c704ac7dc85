/** Pod garbage collector: removes pods of nodes that are gone, pods deleted before they had a node, and finished ones beyond a threshold. */

import { nodes } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { isReason } from '#client/client.ts'
import { patch, remove, type Action, type Controller } from './controller.ts'

const PERIOD_MS = 20_000 // upstream's
const TERMINATED_PODS_MAX = 12_500 // upstream's --terminated-pod-gc-threshold

interface Snapshot {
  readonly finished: readonly Pod[]
  readonly orphaned: readonly Pod[]
  readonly unscheduled: readonly Pod[]
}

const EVERYTHING = 'all' // its one key: the whole cluster

/** Works on all pods at a time, every 20 s. */
export function podGarbageCollector(terminatedMax = TERMINATED_PODS_MAX): Controller<Snapshot> {
  return {
    name: 'pod-garbage-collector',
    watches: [{ resource: nodes, keys: () => [EVERYTHING] }],
    workers: 1,

    async read(_, cache, live) {
      const all = cache.of(pods).list()
      const lost = new Set(
        all.flatMap((p) => (p.spec.nodeName && cache.get(nodes, p.spec.nodeName) === undefined ? [p.spec.nodeName] : [])),
      )
      for (const name of lost) {
        try {
          await live.get(nodes, { name })
          lost.delete(name) // the cache is only late
        } catch (error) {
          if (!isReason(error, 'NotFound')) throw error
        }
      }
      return {
        finished: all.filter((p) => p.status.phase === 'Succeeded' || p.status.phase === 'Failed'),
        orphaned: all.filter((p) => lost.has(p.spec.nodeName ?? '')),
        unscheduled: all.filter((p) => p.metadata.deletionTimestamp !== undefined && !p.spec.nodeName),
      }
    },

    decide({ finished, orphaned, unscheduled }, now) {
      const surplus =
        terminatedMax > 0
          ? finished
              .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
              .slice(0, Math.max(0, finished.length - terminatedMax))
          : []
      return {
        actions: [...orphaned.flatMap((p) => [...failed(p, now), gone(p)]), ...unscheduled.map(gone), ...surplus.map(gone)],
        requeueAfterMs: PERIOD_MS,
      }
    },
  }
}

function gone(pod: Pod): Action {
  return remove(pods, pod, undefined, { gracePeriodSeconds: 0 })
}

/** A pod that had not finished is Failed: whoever waits for it must not wait for ever. */
function failed(pod: Pod, now: Instant): readonly Action[] {
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return []
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: timestamp(now),
  }
  return [
    patch(
      pods,
      pod,
      'application/strategic-merge-patch+json',
      { metadata: { uid: pod.metadata.uid }, status: { phase: 'Failed', conditions: [condition] } },
      'status',
    ),
  ]
}
