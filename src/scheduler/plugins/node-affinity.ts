/** NodeAffinity: node selectors and affinity to nodes, required and preferred. */

import type { NodeSelectorTerm } from '#api/core/v1/node-selector.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { normalizeToHighest, reject, skip, type ClusterChange, type Plugin } from '../plugin.ts'
import { matchesAnyTerm, matchesTerm } from '../selectors.ts'

const REFUSAL = reject("node(s) didn't match Pod's node affinity/selector", false)
const CONFLICT = reject('pod affinity terms conflict', false)

interface State {
  readonly selector: readonly (readonly [string, string])[]
  readonly required: readonly NodeSelectorTerm[] | undefined
  readonly preferred: readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[]
  readonly names: ReadonlySet<string> | undefined
}

export const nodeAffinity: Plugin<State> = {
  name: 'NodeAffinity',
  retryOn: [
    { kind: 'NodeAdded', helps: nodeMatches },
    { kind: 'NodeLabelsChanged', helps: nodeMatches },
  ],
  prepare(pod) {
    const state = stateOf(pod)
    if (state.selector.length === 0 && state.required === undefined && state.preferred.length === 0) return skip
    return state.names?.size === 0 ? CONFLICT : state
  },
  only: (state) => state.names,
  filter: (state, _pod, node) => (matches(state, node) ? undefined : REFUSAL),
  prepareScore: (state) => state.preferred.length > 0,
  score(state, _pod, node) {
    let sum = 0
    for (const { weight, preference } of state.preferred) if (weight !== 0 && matchesTerm(node.node, preference)) sum += weight
    return sum
  },
  normalize: (_state, _nodes, scores) => normalizeToHighest(scores, false),
}

/** Whether the pod's node selector and required affinity allow the node; other plugins ask too. */
export function nodeAllowed(pod: PodInfo, node: NodeInfo): boolean {
  return matches(stateOf(pod), node)
}

function stateOf({ pod }: PodInfo): State {
  const affinity = pod.spec.affinity?.nodeAffinity
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return {
    selector: pod.spec.nodeSelector === undefined ? [] : Object.entries(pod.spec.nodeSelector),
    required,
    preferred: affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    names: required && namesOf(required),
  }
}

function matches(state: State, node: NodeInfo): boolean {
  const labels = node.node.metadata.labels ?? {}
  for (const [key, value] of state.selector) if (labels[key] !== value) return false
  return state.required === undefined || matchesAnyTerm(node.node, state.required)
}

/** The names the terms come down to, when each term asks for names: a pod of a DaemonSet then looks at one node, not all. */
function namesOf(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const union = new Set<string>()
  if (terms.length === 0) return undefined
  for (const term of terms) {
    let names: Set<string> | undefined
    for (const { key, operator, values } of term.matchFields ?? [])
      if (key === 'metadata.name' && operator === 'In') {
        const given = new Set(values ?? [])
        names = names === undefined ? given : names.intersection(given)
      }
    if (names === undefined) return undefined
    for (const name of names) union.add(name)
  }
  return union
}

function nodeMatches(pod: PodInfo, change: ClusterChange): boolean {
  return 'node' in change && nodeAllowed(pod, change.node)
}
