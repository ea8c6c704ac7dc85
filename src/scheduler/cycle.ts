/** One scheduling cycle: which node a pod goes to, or why none will do. A pure decision over a snapshot. */

import type { Random } from '#base/random.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import { isReject, reject, skip, type AnyPlugin, type Reject, type WeightedPlugin } from './plugin.ts'
import type { Snapshot } from './snapshot.ts'

export interface Refusal {
  readonly plugin: string
  readonly reject: Reject
}

/** Refused nodes and why, side by side: a map of thousands would cost more than the looking. */
export interface Refusals {
  readonly nodes: readonly NodeInfo[]
  readonly why: readonly Refusal[]
}

export interface Scores {
  readonly nodes: readonly NodeInfo[]
  /** Weighted, one array per plugin that scored. */
  readonly byPlugin: readonly { readonly plugin: string; readonly scores: Float64Array }[]
}

export type Decision =
  | {
      readonly type: 'place'
      readonly prepared: Prepared
      readonly node: NodeInfo
      readonly looked: number
      readonly refused: Refusals
      readonly scores: Scores
    }
  | { readonly type: 'refuse'; readonly diagnosis: Diagnosis; readonly prepared: Prepared }
  | { readonly type: 'noNodes' }

export interface Diagnosis {
  readonly nodesTotal: number
  /** The pod as such was refused, whatever the node. */
  readonly whole?: Refusal
  readonly refused: Refusals
  /** Refusal of all nodes not in `refused`. */
  readonly others?: Refusal
  /** Plugins to blame, whose `retryOn` says when to try again. */
  readonly plugins: ReadonlySet<string>
}

interface Active {
  readonly plugin: AnyPlugin
  readonly weight: number
  readonly state: unknown
  /** Its latest refusal, used again for the next node: most refuse for the same reason. */
  last?: Refusal
}

/** The plugins that have something to say about a pod, with their state. */
export interface Prepared {
  readonly active: readonly Active[]
  readonly filters: readonly Active[]
  readonly whole?: Refusal
  readonly only?: { readonly names: ReadonlySet<string>; readonly plugins: readonly string[] }
}

const FEASIBLE_MIN = 100 // in clusters up to this size every node is looked at
const PERCENT_MIN = 5

/** How many feasible nodes are enough: half of a small cluster, down to 5 % of a large one. */
export function feasibleEnough(nodes: number): number {
  if (nodes < FEASIBLE_MIN) return nodes
  const percent = Math.max(Math.trunc(50 - nodes / 125), PERCENT_MIN)
  return Math.max(Math.trunc((nodes * percent) / 100), FEASIBLE_MIN)
}

/** Decides for one pod. `start` is where in the list of nodes to begin, so that all get their turn. */
export function decide(plugins: readonly WeightedPlugin[], pod: PodInfo, snapshot: Snapshot, start: number, random: Random): Decision {
  if (snapshot.nodes.length === 0) return { type: 'noNodes' }
  const prepared = prepare(plugins, pod, snapshot)
  if (prepared.whole !== undefined)
    return {
      type: 'refuse',
      prepared,
      diagnosis: {
        nodesTotal: snapshot.nodes.length,
        whole: prepared.whole,
        refused: { nodes: [], why: [] },
        others: prepared.whole,
        plugins: new Set([prepared.whole.plugin]),
      },
    }
  const nominated = nominatedNode(prepared, pod, snapshot)
  const refusedNodes: NodeInfo[] = []
  const why: Refusal[] = []
  const refused: Refusals = { nodes: refusedNodes, why }
  let feasible: NodeInfo[] = []
  let looked = 0
  if (nominated !== undefined) feasible = [nominated]
  else {
    const all = prepared.only === undefined ? snapshot.nodes : [...prepared.only.names].flatMap((name) => snapshot.get(name) ?? [])
    const enough = feasibleEnough(all.length)
    const from = prepared.only === undefined ? start % all.length : 0
    for (; looked < all.length && feasible.length < enough; looked++) {
      const node = all[from + looked < all.length ? from + looked : from + looked - all.length]!
      const refusal = filterNode(prepared, pod, node, snapshot)
      if (refusal === undefined) feasible.push(node)
      else {
        refusedNodes.push(node)
        why.push(refusal)
      }
    }
  }
  if (feasible.length === 0) {
    const others = prepared.only && {
      plugin: prepared.only.plugins[0]!,
      reject: reject(`node(s) didn't satisfy plugin(s) [${prepared.only.plugins.join(' ')}]`, false),
    }
    const blamed = new Set(why.map((r) => r.plugin))
    for (const name of prepared.only?.plugins ?? []) blamed.add(name)
    return {
      type: 'refuse',
      prepared,
      diagnosis: { nodesTotal: snapshot.nodes.length, refused, ...(others && { others }), plugins: blamed },
    }
  }
  if (feasible.length === 1)
    return { type: 'place', prepared, node: feasible[0]!, looked, refused, scores: { nodes: feasible, byPlugin: [] } }
  const scores = score(prepared, pod, feasible, snapshot)
  return { type: 'place', prepared, node: best(scores, random), looked, refused, scores }
}

export function prepare(plugins: readonly WeightedPlugin[], pod: PodInfo, snapshot: Snapshot): Prepared {
  const active: Active[] = []
  let names: ReadonlySet<string> | undefined
  const restricting: string[] = []
  for (const { plugin, weight } of plugins) {
    const state: unknown = plugin.prepare(pod, snapshot)
    if (state === skip) continue
    if (isReject(state)) return { active: [], filters: [], whole: { plugin: plugin.name, reject: state } }
    active.push({ plugin, weight, state })
    const own = plugin.only?.(state as never)
    if (own === undefined) continue
    restricting.push(plugin.name)
    names = names === undefined ? own : new Set([...names].filter((n) => own.has(n)))
  }
  return {
    active,
    filters: active.filter((a) => a.plugin.filter !== undefined),
    ...(names && { only: { names, plugins: restricting.toSorted() } }),
  }
}

/** Why the node will not do. Room promised to pods of at least this priority counts as taken. */
export function filterNode(prepared: Prepared, pod: PodInfo, node: NodeInfo, snapshot: Snapshot): Refusal | undefined {
  const promised = snapshot.nominated.size === 0 ? undefined : snapshot.nominated.get(node.name)
  if (promised !== undefined) {
    const others = [...promised.values()].filter((p) => p.uid !== pod.uid && p.priority >= pod.priority && !node.pods.has(p.uid))
    if (others.length > 0) {
      const full = node.clone()
      const changed = changedState(prepared, pod, full, others, 1)
      for (const other of others) full.add(other)
      const refusal = runFilters(changed, pod, full)
      if (refusal !== undefined) return refusal
      // They may never come, so the node must also do without them: affinity to a promised pod is not enough.
    }
  }
  return runFilters(prepared, pod, node)
}

export function runFilters(prepared: Prepared, pod: PodInfo, node: NodeInfo): Refusal | undefined {
  for (const active of prepared.filters) {
    const refusal = active.plugin.filter!(active.state, pod, node)
    if (refusal === undefined) continue
    if (active.last?.reject !== refusal) active.last = { plugin: active.plugin.name, reject: refusal }
    return active.last
  }
  return undefined
}

/** The plugins' state as it would be had these pods come to the node, or left it. */
export function changedState(prepared: Prepared, pod: PodInfo, node: NodeInfo, others: readonly PodInfo[], sign: 1 | -1): Prepared {
  const copy = (a: Active): Active => {
    if (a.plugin.change === undefined) return a
    const state: unknown = a.plugin.copy!(a.state)
    for (const other of others) a.plugin.change(state, pod, other, node, sign)
    return { ...a, state }
  }
  return { ...prepared, filters: prepared.filters.map(copy) }
}

/** The node promised to the pod by an earlier preemption, if it will do now. */
function nominatedNode(prepared: Prepared, pod: PodInfo, snapshot: Snapshot): NodeInfo | undefined {
  const name = pod.pod.status?.nominatedNodeName
  const node = name ? snapshot.get(name) : undefined
  if (node === undefined || (prepared.only && !prepared.only.names.has(node.name))) return undefined
  return filterNode(prepared, pod, node, snapshot) === undefined ? node : undefined
}

function score(prepared: Prepared, pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): Scores {
  const byPlugin: { plugin: string; scores: Float64Array }[] = []
  for (const { plugin, weight, state } of prepared.active) {
    if (plugin.score === undefined) continue
    if (plugin.prepareScore !== undefined && !plugin.prepareScore(state as never, pod, nodes, snapshot)) continue
    const scores = new Float64Array(nodes.length)
    for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score(state as never, pod, nodes[i]!)
    plugin.normalize?.(state as never, nodes, scores)
    if (weight !== 1) for (let i = 0; i < scores.length; i++) scores[i]! *= weight
    byPlugin.push({ plugin: plugin.name, scores })
  }
  return { nodes, byPlugin }
}

/** One of the nodes with the highest sum, each as likely. */
function best({ nodes, byPlugin }: Scores, random: Random): NodeInfo {
  let highest = -Infinity
  let tied: number[] = []
  for (let i = 0; i < nodes.length; i++) {
    let sum = 0
    for (let p = 0; p < byPlugin.length; p++) sum += byPlugin[p]!.scores[i]!
    if (sum > highest) {
      highest = sum
      tied = [i]
    } else if (sum === highest) tied.push(i)
  }
  return nodes[tied.length === 1 ? tied[0]! : tied[Math.floor(random.next() * tied.length)]!]!
}
