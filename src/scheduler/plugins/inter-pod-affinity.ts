/** InterPodAffinity: places pods near the pods they want and away from those they or the others do not. */

import type { NodeInfo } from '../node-info.ts'
import type { AffinityTerm, NamespaceLabels, PodInfo } from '../pod-info.ts'
import { reject, SCORE_MAX, skip, type Plugin } from '../plugin.ts'

const NO_AFFINITY = reject("node(s) didn't match pod affinity rules", false)
const ANTI_AFFINITY = reject("node(s) didn't match pod anti-affinity rules", true)
const EXISTING_ANTI_AFFINITY = reject("node(s) didn't satisfy existing pods anti-affinity rules", true)
const HARD_AFFINITY_WEIGHT = 1 // what another pod's required affinity to this one adds to a domain's score

/** Counts by topology key, then value. */
type Counts = Map<string, Map<string, number>>

interface State {
  readonly namespaceLabels: NamespaceLabels
  /** Pods that match all the pod's required affinity terms. */
  readonly affinity: Counts
  /** Pods that match one of its required anti-affinity terms. */
  readonly antiAffinity: Counts
  /** Terms of other pods that do not want this one. */
  readonly existingAntiAffinity: Counts
  readonly scores: Counts
}

export const interPodAffinity: Plugin<State> = {
  name: 'InterPodAffinity',
  retryOn: [
    { kind: 'NodeAdded' },
    { kind: 'NodeLabelsChanged' },
    { kind: 'PodAssigned' },
    { kind: 'PodLabelsChanged' },
    { kind: 'PodDeleted' },
    { kind: 'NamespaceChanged' },
  ],
  prepare(pod, snapshot) {
    const own =
      pod.requiredAffinity.length + pod.requiredAntiAffinity.length + pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0
    if (!own && snapshot.withAffinity.size === 0) return skip
    const state: State = {
      namespaceLabels: snapshot.namespaceLabels,
      affinity: new Map(),
      antiAffinity: new Map(),
      existingAntiAffinity: new Map(),
      scores: new Map(),
    }
    for (const node of snapshot.withRequiredAntiAffinity)
      if (node.present) for (const other of node.podsWithRequiredAntiAffinity) countExisting(state, pod, other, node, 1)
    if (pod.requiredAffinity.length > 0 || pod.requiredAntiAffinity.length > 0)
      for (const node of snapshot.nodes) for (const other of node.pods.values()) countOwn(state, pod, other, node, 1)
    return state
  },
  filter(state, pod, node) {
    if (pod.requiredAffinity.length > 0 && !affinityHolds(state, pod, node)) return NO_AFFINITY
    const labels = node.node.metadata.labels ?? {}
    for (const term of pod.requiredAntiAffinity) {
      const value = labels[term.topologyKey]
      if (value !== undefined && (state.antiAffinity.get(term.topologyKey)?.get(value) ?? 0) > 0) return ANTI_AFFINITY
    }
    for (const [key, values] of state.existingAntiAffinity) {
      const value = labels[key]
      if (value !== undefined && (values.get(value) ?? 0) > 0) return EXISTING_ANTI_AFFINITY
    }
    return undefined
  },
  prepareScore(state, pod, _nodes, snapshot) {
    const wants = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0
    const { scores, namespaceLabels } = state
    for (const node of wants ? snapshot.nodes : snapshot.withAffinity) {
      if (!node.present) continue
      const labels = node.node.metadata.labels ?? {}
      const weigh = (term: AffinityTerm, about: PodInfo, weight: number) => {
        const value = labels[term.topologyKey]
        if (value !== undefined && weight !== 0 && term.matches(about.pod, namespaceLabels)) count(scores, term.topologyKey, value, weight)
      }
      for (const other of wants ? node.pods.values() : node.podsWithAffinity) {
        for (const term of pod.preferredAffinity) weigh(term, other, term.weight)
        for (const term of pod.preferredAntiAffinity) weigh(term, other, -term.weight)
        for (const term of other.requiredAffinity) weigh(term, pod, HARD_AFFINITY_WEIGHT)
        for (const term of other.preferredAffinity) weigh(term, pod, term.weight)
        for (const term of other.preferredAntiAffinity) weigh(term, pod, -term.weight)
      }
    }
    return scores.size > 0
  },
  score(state, _pod, node) {
    const labels = node.node.metadata.labels ?? {}
    let sum = 0
    for (const [key, values] of state.scores) {
      const value = labels[key]
      if (value !== undefined) sum += values.get(value) ?? 0
    }
    return sum
  },
  normalize(_state, _nodes, scores) {
    let least = Infinity
    let most = -Infinity
    for (const s of scores) {
      least = Math.min(least, s)
      most = Math.max(most, s)
    }
    for (let i = 0; i < scores.length; i++) scores[i] = most === least ? 0 : Math.trunc((SCORE_MAX * (scores[i]! - least)) / (most - least))
  },
  copy: (state) => ({
    ...state,
    affinity: copied(state.affinity),
    antiAffinity: copied(state.antiAffinity),
    existingAntiAffinity: copied(state.existingAntiAffinity),
  }),
  change(state, pod, other, node, sign) {
    countExisting(state, pod, other, node, sign)
    countOwn(state, pod, other, node, sign)
  },
}

/** Each term finds its pods in the node's domain; the first pod of a group that wants its own kind may go anywhere with the labels. */
function affinityHolds(state: State, pod: PodInfo, node: NodeInfo): boolean {
  const labels = node.node.metadata.labels ?? {}
  let found = true
  for (const { topologyKey } of pod.requiredAffinity) {
    const value = labels[topologyKey]
    if (value === undefined) return false
    if ((state.affinity.get(topologyKey)?.get(value) ?? 0) <= 0) found = false
  }
  return found || (isEmpty(state.affinity) && pod.requiredAffinity.every((t) => t.matches(pod.pod, state.namespaceLabels)))
}

function countOwn(state: State, pod: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1): void {
  const labels = node.node.metadata.labels ?? {}
  if (pod.requiredAffinity.length > 0 && pod.requiredAffinity.every((t) => t.matches(other.pod, state.namespaceLabels)))
    for (const { topologyKey } of pod.requiredAffinity) {
      const value = labels[topologyKey]
      if (value !== undefined) count(state.affinity, topologyKey, value, by)
    }
  for (const term of pod.requiredAntiAffinity) {
    const value = labels[term.topologyKey]
    if (value !== undefined && term.matches(other.pod, state.namespaceLabels)) count(state.antiAffinity, term.topologyKey, value, by)
  }
}

function countExisting(state: State, pod: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1): void {
  const labels = node.node.metadata.labels ?? {}
  for (const term of other.requiredAntiAffinity) {
    const value = labels[term.topologyKey]
    if (value !== undefined && term.matches(pod.pod, state.namespaceLabels)) count(state.existingAntiAffinity, term.topologyKey, value, by)
  }
}

function count(counts: Counts, key: string, value: string, by: number): void {
  const values = counts.get(key) ?? new Map<string, number>()
  values.set(value, (values.get(value) ?? 0) + by)
  counts.set(key, values)
}

function copied(counts: Counts): Counts {
  return new Map([...counts].map(([key, values]) => [key, new Map(values)]))
}

function isEmpty(counts: Counts): boolean {
  for (const values of counts.values()) for (const n of values.values()) if (n > 0) return false
  return true
}
