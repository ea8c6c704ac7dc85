/** Pods that ask for devices stand the taints that keep others off the nodes that have them. */

import type { AdmissionPlugin } from './admission.ts'
import { podOf, withSpec } from './requested.ts'
import { isExtendedResource } from '#api/core/v1/resource-rules.ts'
import type { Toleration } from '#api/core/v1/toleration.ts'

export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  operations: ['CREATE', 'UPDATE'],
  admit(request) {
    const pod = podOf(request)
    if (pod === undefined) return undefined
    const { containers = [], initContainers = [], tolerations = [] } = pod.spec
    const asked = [...containers, ...initContainers].flatMap((c) => Object.keys(c.resources?.requests ?? {})).filter(isExtendedResource)
    const missing = [...new Set(asked)]
      .toSorted()
      .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoSchedule' }))
      .filter((t) => !tolerations.some((own) => own.key === t.key && own.operator === 'Exists' && own.effect === 'NoSchedule'))
    return missing.length === 0 ? undefined : withSpec(pod, { tolerations: [...tolerations, ...missing] })
  },
}
