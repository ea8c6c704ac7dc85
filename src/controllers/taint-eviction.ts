/** Taint eviction: deletes pods that do not tolerate a NoExecute taint of their node, at once or when their toleration ends. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import type { Clock, Instant } from '#base/clock.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { event, nothing, remove, type Controller } from './controller.ts'
import { markDisrupted } from './disruption-target.ts'
import { tolerates } from './tolerations.ts'

export interface PodUnderTaints {
  readonly pod: Pod
  /** When the pod has to go, now or past for what it does not tolerate; undefined: it may stay. */
  readonly deadline: Instant | undefined
  /** It was to go, and that is called off. */
  readonly reprieved: boolean
}

/** What it remembers: when it first saw a taint that does not say when it was added, and which pods are to go. */
export function taintEvictionController(clock: Clock): Controller<PodUnderTaints> {
  const firstSeen = new Map<string, Map<string, Instant>>()
  const doomed = new Set<Key>()

  function since(node: Node, taint: Taint): Instant {
    if (taint.timeAdded !== undefined) return Date.parse(taint.timeAdded)
    let seen = firstSeen.get(node.metadata.uid)
    if (seen === undefined) firstSeen.set(node.metadata.uid, (seen = new Map<string, Instant>()))
    let at = seen.get(idOf(taint))
    if (at === undefined) seen.set(idOf(taint), (at = clock.now()))
    return at
  }

  /** A taint that goes and comes back starts its count anew. */
  function forget(node: Node, taints: readonly Taint[]): void {
    const seen = firstSeen.get(node.metadata.uid)
    if (seen === undefined) return
    const present = new Set(taints.map(idOf))
    for (const id of seen.keys()) if (!present.has(id)) seen.delete(id)
    if (seen.size === 0) firstSeen.delete(node.metadata.uid)
  }

  return {
    name: 'taint-eviction',
    primary: pods,
    watches: [
      {
        resource: nodes,
        // Heartbeats of untainted nodes concern nobody; a taint that went is in the state before
        keys: (node, cache) => (noExecute(node as Node).length === 0 ? [] : cache.of(pods).by('node', node.metadata.name).map(keyOf)),
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
      forget(node, taints)
      const deadline = evictionTime(pod, taints, (taint) => since(node, taint))
      const reprieved = deadline === undefined && doomed.delete(key)
      if (deadline !== undefined) doomed.add(key)
      return { pod, deadline, reprieved }
    },

    decide({ pod, deadline, reprieved }, now) {
      const say = (message: string) => event(pod, 'Normal', 'TaintManagerEviction', `${message} Pod ${keyOf(pod)}`)
      if (reprieved) return { actions: [say('Cancelling deletion of')] }
      if (deadline === undefined) return nothing
      if (deadline > now) return { actions: [], requeueAfterMs: deadline - now }
      const mark = markDisrupted(pod, 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint', now)
      return { actions: [say('Marking for deletion'), mark, remove(pods, pod)] }
    },
  }
}

/** At once for a taint that is not tolerated, else when the shortest toleration ends; undefined when all are tolerated for good. */
export function evictionTime(pod: Pod, taints: readonly Taint[], since: (taint: Taint) => Instant): Instant | undefined {
  let earliest: Instant | undefined
  for (const taint of taints) {
    const toleration = pod.spec.tolerations?.find((t) => tolerates(t, taint))
    if (toleration !== undefined && toleration.tolerationSeconds === undefined) continue
    const end = since(taint) + Math.max(0, toleration?.tolerationSeconds ?? 0) * 1000
    if (earliest === undefined || end < earliest) earliest = end
  }
  return earliest
}

function noExecute(node: Node): readonly Taint[] {
  return node.spec.taints?.filter((t) => t.effect === 'NoExecute') ?? []
}

function idOf(taint: Taint): string {
  return `${taint.key}=${taint.value ?? ''}`
}
