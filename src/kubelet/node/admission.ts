/** Whether the node takes a pod that was bound to it: the last check, in case the scheduler was wrong or passed by. */

import type { Pod } from '#api/core/v1/pod.ts'
import { amount } from '../resources/amounts.ts'
import { podRequests } from '../resources/quality-of-service.ts'
import type { Ending } from '../pod/pod-lifecycle.ts'

export interface AdmissionParts {
  readonly allocatable: Readonly<Record<string, string>>
  readonly labels: () => Readonly<Record<string, string>>
}

export function createAdmission({ allocatable, labels }: AdmissionParts) {
  return {
    /** `others` are the pods that run here already. */
    admit(pod: Pod, others: readonly Pod[]): Ending | undefined {
      const reject = (reason: string, message: string): Ending => ({ reason, message: `Pod was rejected: ${message}` })
      const os = pod.spec.os?.name
      if (os !== undefined && os !== 'linux')
        return reject('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS")
      const here = labels()
      if (Object.entries(pod.spec.nodeSelector ?? {}).some(([k, v]) => here[k] !== v && Object.keys(here).length > 0))
        return reject('NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
      const podsMax = amount(allocatable['pods'])
      if (others.length + 1 > podsMax) return reject('OutOfpods', outOf('pods', 1, others.length, podsMax))
      const wanted = podRequests(pod)
      for (const [name, requested] of Object.entries(wanted)) {
        if (requested === 0) continue
        const scale = name === 'cpu' ? 1000 : 1
        const capacity = amount(allocatable[name]) * scale
        const used = others.reduce((sum, other) => sum + (podRequests(other)[name] ?? 0), 0) * scale
        if (used + requested * scale > capacity + 1e-6)
          return reject(`OutOf${name}`, outOf(name, Math.ceil(requested * scale), Math.ceil(used), Math.floor(capacity)))
      }
      return undefined
    },
  }
}

function outOf(name: string, requested: number, used: number, capacity: number): string {
  return `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`
}
