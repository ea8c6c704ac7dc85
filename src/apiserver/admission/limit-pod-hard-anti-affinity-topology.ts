/** Pods may keep others off their node, and not off whole zones. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
import { podOf } from './requested.ts'

const ALLOWED = 'kubernetes.io/hostname'

export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  operations: ['CREATE', 'UPDATE'],
  validate(request) {
    const terms = podOf(request)?.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const wide = terms.find(({ topologyKey }) => topologyKey !== ALLOWED)
    if (wide !== undefined)
      throw refused(
        request,
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wide.topologyKey} but only key ${ALLOWED} is allowed`,
      )
  },
}
