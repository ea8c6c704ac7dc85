/** NodeResourcesFit: a node must have room for what the pod requests, and the emptier one is preferred. */

import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { SCORE_MAX, type ClusterChange, type Plugin, type Reject } from '../plugin.ts'

/** What the pod alone asks for: worked out once, compared per node. */
type State = true

export const nodeResourcesFit: Plugin<State> = {
  name: 'NodeResourcesFit',
  retryOn: [
    { kind: 'NodeAdded', helps: nodeHasRoom },
    { kind: 'NodeAllocatableChanged', helps: nodeHasRoom },
    { kind: 'PodDeleted' },
    { kind: 'PodRequestsReduced' },
  ],
  prepare: () => true,
  filter: (_state, pod, node) => lacking(pod, node),
  /** Least allocated: the share of cpu and of memory that stays free, averaged. */
  score(_state, pod, node) {
    const cpu = free(node.milliCpu, node.nonZeroMilliCpu + pod.nonZeroMilliCpu)
    const memory = free(node.memory, node.nonZeroMemory + pod.nonZeroMemory)
    const weights = (node.milliCpu > 0 ? 1 : 0) + (node.memory > 0 ? 1 : 0)
    return weights === 0 ? 0 : Math.trunc((cpu + memory) / weights)
  },
}

function free(allocatable: number, requested: number): number {
  return allocatable === 0 || requested > allocatable ? 0 : Math.trunc(((allocatable - requested) * SCORE_MAX) / allocatable)
}

function lacking(pod: PodInfo, node: NodeInfo): Reject | undefined {
  const r = pod.requests
  let reasons: string[] | undefined
  let resolvable = true
  if (node.pods.size + 1 > node.podsMax) {
    reasons = ['Too many pods']
    resolvable = node.podsMax > 0
  }
  if (r.milliCpu > 0 && r.milliCpu > node.milliCpu - node.requestedMilliCpu) {
    ;(reasons ??= []).push('Insufficient cpu')
    if (r.milliCpu > node.milliCpu) resolvable = false
  }
  if (r.memory > 0 && r.memory > node.memory - node.requestedMemory) {
    ;(reasons ??= []).push('Insufficient memory')
    if (r.memory > node.memory) resolvable = false
  }
  if (r.ephemeralStorage > 0 && r.ephemeralStorage > node.ephemeralStorage - node.requestedEphemeralStorage) {
    ;(reasons ??= []).push('Insufficient ephemeral-storage')
    if (r.ephemeralStorage > node.ephemeralStorage) resolvable = false
  }
  for (const [name, amount] of r.scalars) {
    const allocatable = node.scalars.get(name) ?? 0
    if (amount > allocatable - (node.requestedScalars.get(name) ?? 0)) {
      ;(reasons ??= []).push(`Insufficient ${name}`)
      if (amount > allocatable) resolvable = false
    }
  }
  if (reasons === undefined) return undefined
  return shared(reasons, resolvable)
}

const refusals = new Map<string, Reject>()

/** One object per combination of reasons: thousands of nodes refuse for the same few. */
function shared(reasons: readonly string[], resolvable: boolean): Reject {
  const key = `${resolvable ? 1 : 0}${reasons.join()}`
  let known = refusals.get(key)
  if (known === undefined) refusals.set(key, (known = { reject: true, reasons, resolvable }))
  return known
}

function nodeHasRoom(pod: PodInfo, change: ClusterChange): boolean {
  return 'node' in change && lacking(pod, change.node) === undefined
}
