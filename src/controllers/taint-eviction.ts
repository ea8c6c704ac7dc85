/** Evicts pods from nodes with NoExecute taints that they do not, or no longer, tolerate. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import type { Clock, Instant } from '#base/clock.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { event, nothing, remove, type Action, type Controller } from './controller.ts'
import { markDisrupted } from './disruption-target.ts'
import { tolerates } from './tolerations.ts'

export interface PodUnderTaints {
  readonly pod: Pod
  /** When the pod has to go: now or past for what is not tolerated, undefined when it may stay. */
  readonly deadline: Instant | undefined
  /** It was to go, and that is called off. */
  readonly reprieved: boolean
}

/** The state it keeps is when it first saw taints that do not say when they were added, and which pods are to go. */
export function taintEvictionController(clock: Clock): Controller<PodUnderTaints> {
  const firstSeen = new Map<string, Map<string, Instant>>()
  const doomed = new Set<Key>()

  function since(node: Node, taint: Taint): Instant {
    if (taint.timeAdded !== undefined) return Date.parse(taint.timeAdded)
    let seen = firstSeen.get(node.metadata.uid)
    if (seen === undefined) firstSeen.set(node.metadata.uid, (seen = new Map<string, Instant>()))
    const id = `${taint.key}=${taint.value ?? ''}`
    let at = seen.get(id)
    if (at === undefined) seen.set(id, (at = clock.now()))
    return at
  }

  return {
    name: 'taint-eviction',
    primary: pods,
    watches: [
      {
        resource: nodes,
        keys(object, cache) {
          if (noExecute(object as Node).length === 0 && !firstSeen.has(object.metadata.uid)) return []
          return cache.of(pods).by('node', object.metadata.name).map(keyOf)
        },
      },
    ],
    indexes: [{ resource: pods, name: 'node', values: (p) => ((p as Pod).spec.nodeName ? [(p as Pod).spec.nodeName!] : []) }],
    workers: 8, // upstream's
    read(key, cache) {
      const pod = cache.get(pods, key)
      const node = pod?.spec.nodeName ? cache.get(nodes, pod.spec.nodeName) : undefined
      if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) {
        doomed.delete(key)
        return undefined
      }
      const taints = noExecute(node)
      forget(firstSeen, node, taints)
      const deadline = evictionTime(pod, taints, (taint) => since(node, taint))
      const reprieved = deadline === undefined && doomed.delete(key)
      if (deadline !== undefined) doomed.add(key)
      return { pod, deadline, reprieved }
    },
    decide({ pod, deadline, reprieved }, now) {
      const name = keyOf(pod)
      if (reprieved) return { actions: [event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${name}`)] }
      if (deadline === undefined) return nothing
      if (deadline > now) return { actions: [], requeueAfterMs: deadline - now }
      const actions: Action[] = [
        event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${name}`),
        markDisrupted(pod, 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint', now),
        remove(pods, pod),
      ]
      return { actions }
    },
  }
}

/** Undefined when all taints are tolerated for good. */
export function evictionTime(pod: Pod, taints: readonly Taint[], since: (taint: Taint) => Instant): Instant | undefined {
  let earliest: Instant | undefined
  for (const taint of taints) {
    const toleration = pod.spec.tolerations?.find((t) => tolerates(t, taint))
    const seconds = toleration === undefined ? 0 : toleration.tolerationSeconds
    if (seconds === undefined) continue
    const at = since(taint) + Math.max(0, seconds) * 1000
    if (earliest === undefined || at < earliest) earliest = at
  }
  return earliest
}

function noExecute(node: Node): readonly Taint[] {
  return node.spec.taints?.filter((t) => t.effect === 'NoExecute') ?? []
}

/** A taint that goes and comes back starts its count anew. */
function forget(firstSeen: Map<string, Map<string, Instant>>, node: Node, taints: readonly Taint[]): void {
  const seen = firstSeen.get(node.metadata.uid)
  if (seen === undefined) return
  const present = new Set(taints.map((t) => `${t.key}=${t.value ?? ''}`))
  for (const id of seen.keys()) if (!present.has(id)) seen.delete(id)
  if (seen.size === 0) firstSeen.delete(node.metadata.uid)
}
