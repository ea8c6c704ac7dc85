/** PodTopologySpread: keeps the numbers of a pod's like in zones, nodes or other domains close to each other. */

import type { Labels, LabelMatcher } from '../selectors.ts'
import { labelMatcher } from '../selectors.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import type { Snapshot } from '../snapshot.ts'
import { reject, SCORE_MAX, skip, type Plugin } from '../plugin.ts'
import { nodeAllowed } from './node-affinity.ts'
import { tolerates } from './tolerates.ts'

const TOO_UNEVEN = reject("node(s) didn't match pod topology spread constraints", true)
const NO_LABEL = reject("node(s) didn't match pod topology spread constraints (missing required label)", false)
const HOSTNAME = 'kubernetes.io/hostname'

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly matches: LabelMatcher
  readonly honorAffinity: boolean
  readonly honorTaints: boolean
  /** 1 when the pod counts among those it is spread with. */
  readonly self: 0 | 1
}

interface State {
  readonly hard: readonly Constraint[]
  readonly soft: readonly Constraint[]
  /** Per hard constraint: pods by domain, with every eligible domain there. */
  readonly counts: readonly Map<string, number>[]
  /** Nodes that lack one of the soft constraints' labels are left out of the scores; the defaults do without. */
  readonly needsAll: boolean
  /** Per soft constraint, once scoring is prepared. */
  softCounts: readonly Map<string, number>[]
  softWeights: readonly number[]
  readonly ignored: Set<NodeInfo>
}

export const podTopologySpread: Plugin<State> = {
  name: 'PodTopologySpread',
  retryOn: [
    { kind: 'NodeAdded' },
    { kind: 'NodeLabelsChanged' },
    { kind: 'NodeTaintsChanged' },
    { kind: 'PodAssigned' },
    { kind: 'PodLabelsChanged' },
    { kind: 'PodDeleted' },
  ],
  prepare(pod, snapshot) {
    const declared = pod.pod.spec.topologySpreadConstraints
    if (declared === undefined || declared.length === 0) return byDefault(pod, snapshot)
    const hard = constraints(pod, 'DoNotSchedule')
    const soft = constraints(pod, 'ScheduleAnyway')
    const counts = hard.map(() => new Map<string, number>())
    if (hard.length > 0)
      for (const node of snapshot.nodes) {
        const labels = labelsOf(node)
        if (!hard.every((c) => labels[c.key] !== undefined)) continue
        hard.forEach((c, i) => {
          if (!counted(c, pod, node)) return
          const domain = labels[c.key]!
          counts[i]!.set(domain, (counts[i]!.get(domain) ?? 0) + matching(c, pod, node))
        })
      }
    return { hard, soft, counts, needsAll: true, softCounts: [], softWeights: [], ignored: new Set() }
  },
  filter(state, _pod, node) {
    const labels = labelsOf(node)
    for (let i = 0; i < state.hard.length; i++) {
      const c = state.hard[i]!
      const domain = labels[c.key]
      if (domain === undefined) return NO_LABEL
      const counts = state.counts[i]!
      let least = counts.size < c.minDomains ? 0 : Infinity
      for (const n of counts.values()) if (n < least) least = n
      if (least === Infinity) least = 0
      if ((counts.get(domain) ?? 0) + c.self - least > c.maxSkew) return TOO_UNEVEN
    }
    return undefined
  },
  prepareScore(state, pod, nodes, snapshot) {
    const { soft } = state
    if (soft.length === 0) return false
    const domains = soft.map(() => new Map<string, number>())
    for (const node of nodes) {
      const labels = labelsOf(node)
      if (state.needsAll && !soft.every((c) => labels[c.key] !== undefined)) state.ignored.add(node)
      else soft.forEach((c, i) => c.key !== HOSTNAME && labels[c.key] !== undefined && domains[i]!.set(labels[c.key]!, 0))
    }
    if (domains.some((d) => d.size > 0))
      for (const node of snapshot.nodes) {
        const labels = labelsOf(node)
        if (state.needsAll && !soft.every((c) => labels[c.key] !== undefined)) continue
        soft.forEach((c, i) => {
          const domain = labels[c.key]
          if (domain === undefined || !domains[i]!.has(domain) || !counted(c, pod, node)) return
          domains[i]!.set(domain, domains[i]!.get(domain)! + matching(c, pod, node))
        })
      }
    state.softCounts = domains
    state.softWeights = soft.map((c, i) => Math.log((c.key === HOSTNAME ? nodes.length - state.ignored.size : domains[i]!.size) + 2))
    return true
  },
  score(state, pod, node) {
    if (state.ignored.has(node)) return 0
    let score = 0
    state.soft.forEach((c, i) => {
      if (labelsOf(node)[c.key] === undefined) return
      const count = c.key === HOSTNAME ? matching(c, pod, node) : (state.softCounts[i]!.get(labelsOf(node)[c.key]!) ?? 0)
      score += count * state.softWeights[i]! + (c.maxSkew - 1)
    })
    return Math.round(score)
  },
  normalize(state, nodes, scores) {
    let least = Infinity
    let most = 0
    nodes.forEach((node, i) => {
      if (state.ignored.has(node)) return
      least = Math.min(least, scores[i]!)
      most = Math.max(most, scores[i]!)
    })
    nodes.forEach((node, i) => {
      if (state.ignored.has(node)) scores[i] = 0
      else scores[i] = most === 0 ? SCORE_MAX : Math.trunc((SCORE_MAX * (most + least - scores[i]!)) / most)
    })
  },
  copy: (state) => ({ ...state, counts: state.counts.map((m) => new Map(m)) }),
  change(state, pod, other, node, sign) {
    if (other.pod.metadata.namespace !== pod.pod.metadata.namespace) return
    const labels = labelsOf(node)
    if (!state.hard.every((c) => labels[c.key] !== undefined)) return
    state.hard.forEach((c, i) => {
      const domain = labels[c.key]!
      if (c.matches(other.pod.metadata.labels ?? {}) && counted(c, pod, node))
        state.counts[i]!.set(domain, (state.counts[i]!.get(domain) ?? 0) + sign)
    })
  },
}

// upstream's system defaults: they steer, and never keep a pod from a node
const DEFAULTS = [
  { key: HOSTNAME, maxSkew: 3 },
  { key: 'topology.kubernetes.io/zone', maxSkew: 5 },
]

function byDefault(pod: PodInfo, snapshot: Snapshot): State | typeof skip {
  const matches = snapshot.siblings(pod.pod)
  if (matches === undefined) return skip
  const soft = DEFAULTS.map((d): Constraint => ({ ...d, minDomains: 1, matches, honorAffinity: true, honorTaints: false, self: 1 }))
  return { hard: [], soft, counts: [], needsAll: false, softCounts: [], softWeights: [], ignored: new Set() }
}

function labelsOf(node: NodeInfo): Labels {
  return node.node.metadata.labels ?? {}
}

function constraints(pod: PodInfo, when: 'DoNotSchedule' | 'ScheduleAnyway'): readonly Constraint[] {
  const labels = pod.pod.metadata.labels ?? {}
  return (pod.pod.spec.topologySpreadConstraints ?? [])
    .filter((c) => c.whenUnsatisfiable === when)
    .map((c) => {
      const extra = (c.matchLabelKeys ?? [])
        .filter((k) => k in labels)
        .map((key) => ({ key, operator: 'In' as const, values: [labels[key]!] }))
      const matches = labelMatcher(
        c.labelSelector && extra.length > 0
          ? { ...c.labelSelector, matchExpressions: [...(c.labelSelector.matchExpressions ?? []), ...extra] }
          : c.labelSelector,
      )
      return {
        key: c.topologyKey,
        maxSkew: c.maxSkew,
        minDomains: c.minDomains ?? 1,
        matches,
        honorAffinity: (c.nodeAffinityPolicy ?? 'Honor') === 'Honor',
        honorTaints: c.nodeTaintsPolicy === 'Honor',
        self: matches(labels) ? 1 : 0,
      }
    })
}

/** Whether the constraint's policies let the node's pods count. */
function counted(c: Constraint, pod: PodInfo, node: NodeInfo): boolean {
  if (c.honorAffinity && !nodeAllowed(pod, node)) return false
  return !c.honorTaints || node.hardTaints.every((t) => tolerates(pod.pod.spec.tolerations, t))
}

function matching(c: Constraint, pod: PodInfo, node: NodeInfo): number {
  let count = 0
  for (const other of node.pods.values()) {
    const { metadata } = other.pod
    if (metadata.namespace === pod.pod.metadata.namespace && metadata.deletionTimestamp === undefined && c.matches(metadata.labels ?? {}))
      count++
  }
  return count
}
