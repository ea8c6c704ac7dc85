/** The quality of service a pod gets, by what its containers ask for. */

import type { Pod } from './pod.ts'
import { compareQuantity } from '#schema/quantity.ts'

const COMPUTE = ['cpu', 'memory'] as const

/**
 * Guaranteed: every container has equal requests and limits of both; BestEffort: none has any; else Burstable. Resources of the
 * pod as a whole, where it has any, count instead of its containers'.
 */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const whole = pod.spec.resources
  const containers =
    whole?.limits || whole?.requests ? [{ resources: whole }] : [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]
  const set = (quantity: string | undefined) => quantity !== undefined && compareQuantity(quantity, '0') > 0
  let any = false
  let guaranteed = true
  for (const { resources } of containers) {
    for (const name of COMPUTE) {
      const request = resources?.requests?.[name]
      const limit = resources?.limits?.[name]
      if (set(request) || set(limit)) any = true
      if (!set(limit) || (request !== undefined && compareQuantity(request, limit!) !== 0)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
