/** Groups of pods: they are made from templates that are there. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
import { isAbout } from './requested.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Workload } from '#api/scheduling/v1alpha2/workload.ts'

export function podGroupWorkloadExists(parts: {
  readonly find: (namespace: string, name: string) => Promise<Workload | undefined>
}): AdmissionPlugin {
  return {
    name: 'PodGroupWorkloadExists',
    operations: ['CREATE'],
    async validate(request) {
      if (!isAbout(request, 'podgroups.scheduling.k8s.io')) return
      const named = (request.object as unknown as PodGroup).spec.podGroupTemplateRef?.workload
      if (named === undefined) return
      const workload = await parts.find(request.namespace, named.workloadName)
      if (workload === undefined) throw refused(request, `PodGroup rejected: Workload ${JSON.stringify(named.workloadName)} not found`)
      if (!workload.spec.podGroupTemplates?.some((t) => t.name === named.podGroupTemplateName))
        throw refused(
          request,
          `PodGroup rejected: PodGroupTemplate ${JSON.stringify(named.podGroupTemplateName)} not found in Workload ${JSON.stringify(named.workloadName)}`,
        )
    },
  }
}

/**
 * Upstream's keeps groups that are deleted until their pods are gone, together with a controller behind the gate GenericWorkload; that is off,
 * and cannot be switched on here, so there is nothing to keep.
 */
export const podGroupProtection: AdmissionPlugin = { name: 'PodGroupProtection', operations: [] }
