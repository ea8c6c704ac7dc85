/** TaintToleration: keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer discouraging ones. */

import type { Toleration } from '#api/core/v1/toleration.ts'
import type { PodInfo } from '../pod-info.ts'
import { normalizeToHighest, reject, type ClusterChange, type Plugin } from '../plugin.ts'
import { tolerates } from './tolerates.ts'

const REFUSAL = reject('node(s) had untolerated taint(s)', false)

interface State {
  readonly all: readonly Toleration[]
  /** Those that speak of discouraging taints. */
  readonly soft: readonly Toleration[]
}

export const taintToleration: Plugin<State> = {
  name: 'TaintToleration',
  retryOn: [
    { kind: 'NodeAdded', helps: nodeIsTolerated },
    { kind: 'NodeTaintsChanged', helps: nodeIsTolerated },
  ],
  prepare(pod) {
    const all = pod.pod.spec.tolerations ?? []
    return { all, soft: all.filter((t) => !t.effect || t.effect === 'PreferNoSchedule') }
  },
  filter(state, _pod, node) {
    for (const taint of node.hardTaints) if (!tolerates(state.all, taint)) return REFUSAL
    return undefined
  },
  prepareScore: (_state, _pod, nodes) => nodes.some((n) => n.softTaints.length > 0),
  score(state, _pod, node) {
    let untolerated = 0
    for (const taint of node.softTaints) if (!tolerates(state.soft, taint)) untolerated++
    return untolerated
  },
  normalize: (_state, _nodes, scores) => normalizeToHighest(scores, true),
}

function nodeIsTolerated(pod: PodInfo, change: ClusterChange): boolean {
  return 'node' in change && change.node.hardTaints.every((t) => tolerates(pod.pod.spec.tolerations, t))
}
