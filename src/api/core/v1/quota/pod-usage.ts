/** What pods take of quotas: what they ask for while they run, and their number. */

import { most, plus, type Amounts } from './amounts.ts'
import type { ChargedWrite, QuotaEvaluator } from './evaluator.ts'
import { choosesClass } from './scope-selector.ts'
import type { ContainerStatus } from '../container-status.ts'
import type { Container } from '../container.ts'
import { containerSum } from '../pod-resources.ts'
import { qosClass } from '../pod-qos.ts'
import type { Pod } from '../pod.ts'
import { isExtendedResource, isHugePage, isPodLevelResource } from '../resource-rules.ts'
import type { ScopedResourceSelectorRequirement } from '../resource-quota.ts'
import { milliValue } from '#schema/quantity.ts'

const COUNT = 'count/pods'
const COMPUTE: ReadonlySet<string> = new Set([
  COUNT,
  'pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
])
/** Where a quota counts these, every container has to say how much it takes; of later resources this is not asked. */
const DEMANDED = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory']

export const podEvaluator: QuotaEvaluator = {
  counts: (name) =>
    COMPUTE.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    (name.startsWith('requests.') && isExtendedResource(name.slice('requests.'.length))),
  usage: (object, now) => podUsage(object as unknown as Pod, now),
  inScope: (object, scope) => inScope(object as unknown as Pod, scope),
  constraint: (object, names) => constraint(object as unknown as Pod, names),
  charges: ({ operation, subresource }: ChargedWrite) =>
    subresource === '' ? operation === 'CREATE' : subresource === 'resize' && operation === 'UPDATE',
}

function podUsage(pod: Pod, now: number): Amounts {
  const one = { [COUNT]: '1' }
  if (isOver(pod, now)) return one
  return { ...one, ...computeUsage(podRequests(pod), podLimits(pod)) }
}

/** It has finished, or was to be gone by now. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const usage: Record<string, string> = { pods: '1' }
  for (const [name, amount] of Object.entries(requests)) {
    if (['cpu', 'memory', 'ephemeral-storage'].includes(name) || isHugePage(name)) usage[name] = usage[`requests.${name}`] = amount
    else if (isExtendedResource(name)) usage[`requests.${name}`] = amount
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) if (limits[name] !== undefined) usage[`limits.${name}`] = limits[name]
  return usage
}

export function podRequests(pod: Pod): Amounts {
  const infeasible = pod.status?.conditions?.some((c) => c.type === 'PodResizePending' && c.reason === 'Infeasible') === true
  const given = whatIsGiven(pod, ({ resources, allocatedResources }) => [resources?.requests ?? {}, allocatedResources ?? {}])
  const asked = (container: Container) => {
    const own = container.resources?.requests ?? {}
    const held = given.get(container.name)
    return held === undefined ? own : infeasible ? most(...held) : most(own, ...held)
  }
  return plus(wholePod(pod, 'requests', asked), pod.spec.overhead ?? {})
}

function podLimits(pod: Pod): Amounts {
  const given = whatIsGiven(pod, ({ resources }) => [resources?.limits ?? {}])
  const asked = (container: Container) => most(container.resources?.limits ?? {}, ...(given.get(container.name) ?? []))
  const limits = wholePod(pod, 'limits', asked)
  // what has no limit has none with its overhead, either
  const overhead = Object.entries(pod.spec.overhead ?? {}).filter(([name]) => limits[name] !== undefined && milliValue(limits[name]) > 0)
  return plus(limits, Object.fromEntries(overhead))
}

/** What the node has given containers, which a smaller wish takes back only later. */
function whatIsGiven({ status }: Pod, of: (status: ContainerStatus) => readonly Amounts[]): ReadonlyMap<string, readonly Amounts[]> {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return new Map(all.filter((s) => s.resources !== undefined || s.allocatedResources !== undefined).map((s) => [s.name, of(s)]))
}

function wholePod({ spec }: Pod, kind: 'requests' | 'limits', asked: (container: Container) => Amounts): Amounts {
  const as = (container: Container) => ({ ...container, resources: { ...container.resources, [kind]: asked(container) } })
  const { containers = [], initContainers = [] } = spec
  const sum = containerSum({ containers: containers.map(as), initContainers: initContainers.map(as) }, kind)
  const own = Object.entries(spec.resources?.[kind] ?? {}).filter(([name]) => isPodLevelResource(name))
  return { ...sum, ...Object.fromEntries(own) }
}

function constraint({ spec }: Pod, names: readonly string[]): string | undefined {
  const whole = [...Object.keys(spec.resources?.requests ?? {}), ...Object.keys(spec.resources?.limits ?? {})]
  if (whole.some(isPodLevelResource)) return undefined
  const demanded = DEMANDED.filter((name) => names.includes(name))
  const missing = demanded.flatMap((name) => {
    const lacking = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
      .filter(({ resources }) => computeUsage(resources?.requests ?? {}, resources?.limits ?? {})[name] === undefined)
      .map((c) => c.name)
    return lacking.length === 0 ? [] : [`${name} for: ${[...new Set(lacking)].toSorted().join(',')}`]
  })
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`
}

function inScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'PriorityClass':
      return choosesClass(scope, pod.spec.priorityClassName || undefined)
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod)
    default:
      return false
  }
}

function isTerminating({ spec }: Pod): boolean {
  return (spec.activeDeadlineSeconds ?? -1) >= 0
}

function reachesOtherNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const preferred = (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm)
    return [...required, ...preferred].some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined)
  })
}
