/** Quality of service: which class a pod is in, and what the kernel's out-of-memory killer is told about it. */

import type { Container } from '#api/core/v1/container.ts'
import type { Pod, PodSpec } from '#api/core/v1/pod.ts'
import { amount } from './amounts.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const COUNTED = ['cpu', 'memory'] as const

export function qosOf(pod: { readonly spec: PodSpec; readonly status?: { readonly qosClass?: QosClass } }): QosClass {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass
  const { spec } = pod
  const sources =
    spec.resources?.requests !== undefined || spec.resources?.limits !== undefined
      ? [{ resources: spec.resources }]
      : [...spec.containers, ...(spec.initContainers ?? [])]
  let any = false
  let guaranteed = true
  for (const { resources } of sources) {
    for (const name of COUNTED) {
      const request = amount(resources?.requests?.[name])
      const limit = amount(resources?.limits?.[name])
      if (request > 0 || limit > 0) any = true
      if (limit === 0 || (request !== limit && resources?.requests?.[name] !== undefined)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

const GUARANTEED_ADJUST = -997
const BEST_EFFORT_ADJUST = 1000
const CRITICAL_PRIORITY = 2_000_000_000 // system-node-critical and system-cluster-critical lie above

/** The kernel's score adjustment of a container: the smaller its share of the node's memory, the likelier it is killed. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return GUARANTEED_ADJUST
  const qos = qosOf(pod)
  if (qos === 'Guaranteed') return GUARANTEED_ADJUST
  if (qos === 'BestEffort') return BEST_EFFORT_ADJUST
  const request = amount(container.resources.requests?.['memory'] ?? container.resources.limits?.['memory'])
  const score = 1000 - Math.floor((1000 * request) / Math.max(memoryBytes, 1))
  // between the classes beside it, which keep their own numbers
  if (score < 1000 + GUARANTEED_ADJUST) return 1000 + GUARANTEED_ADJUST
  return score === BEST_EFFORT_ADJUST ? BEST_EFFORT_ADJUST - 1 : score
}

/** A pod's requests as the scheduler counts them: the greater of all ordinary containers together and the hungriest start-up step. */
export function podRequests(pod: Pod): Readonly<Record<string, number>> {
  const total: Record<string, number> = {}
  const add = (into: Record<string, number>, c: Pick<Container, 'resources'>) => {
    for (const [name, q] of Object.entries(c.resources.requests ?? {})) into[name] = (into[name] ?? 0) + amount(q)
  }
  for (const c of pod.spec.containers) add(total, c)
  const sidecars: Record<string, number> = {}
  const steps: Record<string, number> = {}
  for (const c of pod.spec.initContainers ?? []) {
    const now: Record<string, number> = { ...sidecars }
    add(now, c)
    if (c.restartPolicy === 'Always') add(sidecars, c)
    for (const [name, n] of Object.entries(now)) steps[name] = Math.max(steps[name] ?? 0, n)
  }
  for (const [name, n] of Object.entries(sidecars)) total[name] = (total[name] ?? 0) + n
  for (const [name, n] of Object.entries(steps)) total[name] = Math.max(total[name] ?? 0, n)
  for (const [name, q] of Object.entries(pod.spec.resources?.requests ?? {})) total[name] = amount(q)
  for (const [name, q] of Object.entries(pod.spec.overhead ?? {})) total[name] = (total[name] ?? 0) + amount(q)
  return total
}
