/** DefaultPreemption: which pods of lower priority would have to go, and from which node, for a pod to fit. A pure decision. */

import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Random } from '#base/random.ts'
import { changedState, runFilters, type Diagnosis, type Prepared, type Refusal } from './cycle.ts'
import { fitErrorMessage } from './fit-error.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import { reject } from './plugin.ts'
import { labelMatcher } from './selectors.ts'
import type { Snapshot } from './snapshot.ts'

export type Preemption =
  | { readonly type: 'none'; readonly message: string }
  | { readonly type: 'evict'; readonly node: NodeInfo; readonly victims: readonly PodInfo[] }

const CANDIDATES_MIN = 100 // nodes tried before settling, or a tenth of all if that is more
const CANDIDATES_PERCENT_MIN = 10

const NOT_HELPFUL = reject('Preemption is not helpful for scheduling', false)
const NO_VICTIMS = reject('No preemption victims found for incoming pod', false)

interface Candidate {
  readonly node: NodeInfo
  /** Most important first. */
  readonly victims: readonly PodInfo[]
  readonly violations: number
}

export function preempt(
  pod: PodInfo,
  prepared: Prepared,
  diagnosis: Diagnosis,
  snapshot: Snapshot,
  budgets: readonly PodDisruptionBudget[],
  random: Random,
): Preemption {
  if (pod.pod.spec.preemptionPolicy === 'Never') return { type: 'none', message: 'not eligible due to preemptionPolicy=Never.' }
  const promised = pod.pod.status?.nominatedNodeName ? snapshot.get(pod.pod.status.nominatedNodeName) : undefined
  if (promised !== undefined && diagnosis.refused.why[diagnosis.refused.nodes.indexOf(promised)]?.reject.resolvable !== false)
    for (const other of promised.pods.values())
      if (other.priority < pod.priority && other.pod.metadata.deletionTimestamp !== undefined && wasPreempted(other))
        return { type: 'none', message: 'not eligible due to a terminating pod on the nominated node.' }

  const potential = diagnosis.refused.nodes.filter((_, i) => diagnosis.refused.why[i]!.reject.resolvable)
  const tried: NodeInfo[] = []
  const why: Refusal[] = []
  const candidates: Candidate[] = []
  const enough = Math.max(Math.trunc((potential.length * CANDIDATES_PERCENT_MIN) / 100), CANDIDATES_MIN)
  const start = Math.floor(random.next() * potential.length)
  for (let i = 0; i < potential.length && candidates.length < enough; i++) {
    const node = potential[(start + i) % potential.length]!
    const found = victimsOn(node, pod, prepared, budgets)
    if ('victims' in found) candidates.push(found)
    else {
      tried.push(node)
      why.push(found)
    }
  }
  if (candidates.length > 0) {
    const { node, victims } = candidates.reduce((a, b) => (better(b, a) ? b : a))
    return { type: 'evict', node, victims }
  }
  const others = { plugin: 'DefaultPreemption', reject: NOT_HELPFUL }
  return { type: 'none', message: fitErrorMessage({ nodesTotal: diagnosis.nodesTotal, refused: { nodes: tried, why }, others }) }
}

const DISRUPTED_BY_SCHEDULER = 'PreemptionByScheduler'

function wasPreempted({ pod }: PodInfo): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'DisruptionTarget' && c.reason === DISRUPTED_BY_SCHEDULER) ?? false
}

/** Takes all pods of lower priority off a copy of the node, then puts back as many as still fit, the most important first. */
function victimsOn(node: NodeInfo, pod: PodInfo, prepared: Prepared, budgets: readonly PodDisruptionBudget[]): Candidate | Refusal {
  const lower = [...node.pods.values()].filter((p) => p.priority < pod.priority)
  if (lower.length === 0) return { plugin: 'DefaultPreemption', reject: NO_VICTIMS }
  const copy = node.clone()
  for (const p of lower) copy.remove(p.uid)
  let state = changedState(prepared, pod, copy, lower, -1)
  const refusal = runFilters(state, pod, copy)
  if (refusal !== undefined) return refusal

  const sorted = lower.toSorted(moreImportant)
  const { violating, others } = splitByBudget(sorted, budgets)
  const victims: PodInfo[] = []
  const putBack = (p: PodInfo): boolean => {
    const tried = changedState(state, pod, copy, [p], 1)
    copy.add(p)
    if (runFilters(tried, pod, copy) === undefined) {
      state = tried
      return true
    }
    copy.remove(p.uid)
    victims.push(p)
    return false
  }
  let violations = 0
  for (const p of violating) if (!putBack(p)) violations++
  for (const p of others) putBack(p)
  return { node, victims: victims.toSorted(moreImportant), violations }
}

function moreImportant(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b)
}

function startOf({ pod }: PodInfo): number {
  const start = pod.status?.startTime
  return start === undefined ? Infinity : Date.parse(start)
}

/** Pods whose eviction would break a disruption budget, budgets being used up in order. */
function splitByBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]) {
  const left = budgets.map((b) => ({
    namespace: b.metadata.namespace,
    matches: labelMatcher(b.spec.selector),
    empty: Object.keys(b.spec.selector?.matchLabels ?? {}).length + (b.spec.selector?.matchExpressions?.length ?? 0) === 0,
    disrupted: b.status.disruptedPods ?? {},
    allowed: b.status.disruptionsAllowed ?? 0,
  }))
  const violating: PodInfo[] = []
  const others: PodInfo[] = []
  for (const p of pods) {
    const { namespace, name, labels } = p.pod.metadata
    let breaks = false
    if (Object.keys(labels ?? {}).length > 0)
      for (const b of left)
        if (b.namespace === namespace && !b.empty && b.matches(labels ?? {}) && b.disrupted[name] === undefined && --b.allowed < 0)
          breaks = true
    ;(breaks ? violating : others).push(p)
  }
  return { violating, others }
}

/** Fewer broken budgets, then victims of less importance, fewer of them, and the most important of them younger. */
function better(a: Candidate, b: Candidate): boolean {
  const sum = (c: Candidate) => c.victims.reduce((total, p) => total + p.priority + 2 ** 31, 0)
  const earliest = (c: Candidate) => Math.min(...c.victims.filter((p) => p.priority === c.victims[0]?.priority).map((p) => startOf(p)))
  const order =
    a.violations - b.violations ||
    (a.victims[0]?.priority ?? -Infinity) - (b.victims[0]?.priority ?? -Infinity) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b) - earliest(a)
  return order < 0
}
