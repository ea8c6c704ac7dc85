/** A pod with all the scheduler wants to know of it worked out once. */

import type { Affinity, PodAffinityTerm, WeightedPodAffinityTerm } from '#api/core/v1/affinity.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { milli, whole } from './amounts.ts'
import { labelMatcher, type LabelMatcher } from './selectors.ts'

/** Amounts of resources: cpu in thousandths, the rest in units. */
export interface Resources {
  readonly milliCpu: number
  readonly memory: number
  readonly ephemeralStorage: number
  /** Extended resources, huge pages and the like, by name. */
  readonly scalars: ReadonlyMap<string, number>
}

export interface HostPort {
  readonly protocol: string
  readonly ip: string
  readonly port: number
}

/** A term of pod affinity, its selectors compiled. */
export interface AffinityTerm {
  readonly topologyKey: string
  readonly weight: number
  /** Whether the pod is one this term speaks of; `namespaceLabels` answers for a namespace by name. */
  readonly matches: (pod: Pod, namespaceLabels: NamespaceLabels) => boolean
}

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined

export interface PodInfo {
  readonly pod: Pod
  readonly key: Key
  readonly uid: string
  readonly priority: number
  readonly requests: Resources
  /** As `requests`, containers without a request counted as a small one, so that they too spread. */
  readonly nonZeroMilliCpu: number
  readonly nonZeroMemory: number
  readonly hostPorts: readonly HostPort[]
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly AffinityTerm[]
  readonly preferredAntiAffinity: readonly AffinityTerm[]
}

export const NON_ZERO_MILLI_CPU = 100 // what a container that asks for no cpu is taken to use
export const NON_ZERO_MEMORY = 200 * 2 ** 20 // and no memory

export function podInfo(pod: Pod): PodInfo {
  const affinity: Affinity = pod.spec.affinity ?? {}
  const requests = podRequests(pod, 0, 0)
  const nonZero = podRequests(pod, NON_ZERO_MILLI_CPU, NON_ZERO_MEMORY)
  const required = (terms: readonly PodAffinityTerm[] | undefined) => terms?.map((t) => affinityTerm(pod, t, 0)) ?? NONE
  const preferred = (terms: readonly WeightedPodAffinityTerm[] | undefined) =>
    terms?.map((t) => affinityTerm(pod, t.podAffinityTerm, t.weight)) ?? NONE
  return {
    pod,
    key: keyOf(pod),
    uid: pod.metadata.uid,
    priority: pod.spec.priority ?? 0,
    requests,
    nonZeroMilliCpu: nonZero.milliCpu,
    nonZeroMemory: nonZero.memory,
    hostPorts: hostPorts(pod),
    requiredAffinity: required(affinity.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(affinity.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(affinity.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  }
}

const NONE: readonly never[] = []
const NO_SCALARS: ReadonlyMap<string, number> = new Map()

type Amounts = Map<string, number>

/**
 * What the pod asks of a node: its containers and sidecars together, or more when an init container needs more while it
 * runs, plus the overhead of its runtime class. Requests for the pod as a whole stand in for the sum.
 */
function podRequests(pod: Pod, milliCpuDefault: number, memoryDefault: number): Resources {
  const spec = pod.spec
  const whole_ = amountsOf(spec.resources?.requests)
  const read = (name: string, requests: Readonly<Record<string, string>> | undefined): Amounts => {
    const amounts = larger(amountsOf(requests), allocatedTo(pod, name))
    if (milliCpuDefault > 0 && !amounts.has('cpu') && !whole_.has('cpu')) amounts.set('cpu', milliCpuDefault)
    if (memoryDefault > 0 && !amounts.has('memory') && !whole_.has('memory')) amounts.set('memory', memoryDefault)
    return amounts
  }
  let total: Amounts = new Map()
  for (const c of spec.containers) add(total, read(c.name, c.resources?.requests))
  if (spec.initContainers !== undefined) {
    const sidecars: Amounts = new Map()
    let during: Amounts = new Map()
    for (const c of spec.initContainers) {
      const own = read(c.name, c.resources?.requests)
      if (c.restartPolicy === 'Always') {
        add(total, own)
        add(sidecars, own)
        during = larger(during, sidecars)
      } else during = larger(during, add(own, sidecars))
    }
    total = larger(total, during)
  }
  for (const [name, amount] of whole_) total.set(name, amount)
  add(total, amountsOf(spec.overhead))

  let scalars: Map<string, number> | undefined
  for (const [name, amount] of total)
    if (amount > 0 && name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage') (scalars ??= new Map()).set(name, amount)
  return {
    milliCpu: total.get('cpu') ?? 0,
    memory: total.get('memory') ?? 0,
    ephemeralStorage: total.get('ephemeral-storage') ?? 0,
    scalars: scalars ?? NO_SCALARS,
  }
}

/** While a resize is under way the kubelet may still hold more than the spec asks for. */
function allocatedTo(pod: Pod, container: string): Amounts {
  if (pod.spec.nodeName === undefined) return new Map()
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((s) => s.name === container)
  return larger(amountsOf(status?.allocatedResources), amountsOf(status?.resources?.requests))
}

function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Amounts = new Map()
  for (const name in list) amounts.set(name, name === 'cpu' ? milli(list[name]!) : whole(list[name]!))
  return amounts
}

function add(to: Amounts, more: Amounts): Amounts {
  for (const [name, amount] of more) to.set(name, (to.get(name) ?? 0) + amount)
  return to
}

function larger(a: Amounts, b: Amounts): Amounts {
  const result = new Map(a)
  for (const [name, amount] of b) result.set(name, Math.max(result.get(name) ?? 0, amount))
  return result
}

function hostPorts(pod: Pod): readonly HostPort[] {
  let found: HostPort[] | undefined
  for (const list of [pod.spec.containers, pod.spec.initContainers?.filter((c) => c.restartPolicy === 'Always') ?? []])
    for (const c of list)
      for (const p of c.ports ?? [])
        if ((p.hostPort ?? 0) > 0)
          (found ??= []).push({ protocol: p.protocol ?? 'TCP', ip: p.hostIP ? p.hostIP : '0.0.0.0', port: p.hostPort! })
  return found ?? NONE
}

function affinityTerm(owner: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const labels = owner.metadata.labels ?? {}
  const extra = [
    ...(term.matchLabelKeys ?? []).filter((k) => k in labels).map((key) => ({ key, operator: 'In' as const, values: [labels[key]!] })),
    ...(term.mismatchLabelKeys ?? [])
      .filter((k) => k in labels)
      .map((key) => ({ key, operator: 'NotIn' as const, values: [labels[key]!] })),
  ]
  // The API server has merged these keys into the selector on create; merging again changes nothing.
  const pods: LabelMatcher = labelMatcher(
    term.labelSelector && extra.length > 0
      ? { ...term.labelSelector, matchExpressions: [...(term.labelSelector.matchExpressions ?? []), ...extra] }
      : term.labelSelector,
  )
  const byNamespaceLabels = term.namespaceSelector === undefined ? undefined : labelMatcher(term.namespaceSelector)
  const names = new Set(
    (term.namespaces?.length ?? 0) === 0 && byNamespaceLabels === undefined ? [owner.metadata.namespace ?? ''] : (term.namespaces ?? []),
  )
  return {
    topologyKey: term.topologyKey,
    weight,
    matches(pod, namespaceLabels) {
      const namespace = pod.metadata.namespace ?? ''
      if (!names.has(namespace) && !(byNamespaceLabels !== undefined && byNamespaceLabels(namespaceLabels(namespace) ?? {}))) return false
      return pods(pod.metadata.labels ?? {})
    },
  }
}
