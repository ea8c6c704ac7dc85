/** Taint eviction: deletes pods that do not tolerate a NoExecute taint of their node, at once or when their toleration ends. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Taint, Toleration } from '#api/core/v1/toleration.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { event, nothing, patch, remove, type Controller } from './controller.ts'

interface Snapshot {
  readonly pod: Pod
  readonly taints: readonly Taint[]
}

export const taintEvictionController: Controller<Snapshot> = {
  name: 'taint-eviction',
  primary: pods,
  watches: [
    {
      resource: nodes,
      keys: (node, cache) =>
        cache
          .of(pods)
          .by('node', node.metadata.name)
          .map((p) => `${p.metadata.namespace}/${p.metadata.name}`),
    },
  ],
  indexes: [{ resource: pods, name: 'node', values: (p) => ((p as Pod).spec.nodeName ? [(p as Pod).spec.nodeName!] : []) }],

  read(key, cache) {
    const pod = cache.get(pods, key)
    if (pod === undefined || !pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) return undefined
    const node: Node | undefined = cache.get(nodes, pod.spec.nodeName)
    const taints = node?.spec.taints?.filter((t) => t.effect === 'NoExecute') ?? []
    return taints.length === 0 ? undefined : { pod, taints }
  },

  decide({ pod, taints }, now) {
    const at = evictionTime(pod, taints, now)
    if (at === undefined) return nothing
    if (at > now) return { actions: [], requeueAfterMs: at - now }
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: timestamp(now),
    }
    return {
      actions: [
        event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`),
        patch(
          pods,
          pod,
          'application/strategic-merge-patch+json',
          { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } },
          'status',
        ),
        remove(pods, pod),
      ],
    }
  },
}

/** When the pod must go: now if a taint is not tolerated, at the end of the shortest toleration else; undefined: never. */
function evictionTime(pod: Pod, taints: readonly Taint[], now: Instant): Instant | undefined {
  let earliest: Instant | undefined
  for (const taint of taints) {
    const matching = pod.spec.tolerations?.filter((t) => tolerates(t, taint)) ?? []
    if (matching.length === 0) return now
    const limits = matching.flatMap((t) => (t.tolerationSeconds === undefined ? [] : [Math.max(0, t.tolerationSeconds)]))
    if (limits.length === 0) continue
    const since = taint.timeAdded === undefined ? now : Date.parse(taint.timeAdded)
    const end = since + Math.min(...limits) * 1000
    if (earliest === undefined || end < earliest) earliest = end
  }
  return earliest
}

function tolerates(t: Toleration, taint: Taint): boolean {
  if (t.effect && t.effect !== taint.effect) return false
  if (t.key && t.key !== taint.key) return false
  return t.operator === 'Exists' || (t.key !== undefined && (t.value ?? '') === (taint.value ?? ''))
}
