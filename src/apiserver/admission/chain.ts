/** Runs admission plugins in their order: first all that may change a write, then, when it is final, all that may refuse. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface AdmissionChain {
  /** The object after every plugin had its say; the same one when none changed it. */
  admit(request: AdmissionRequest): Promise<KubeObject | undefined>
  validate(request: AdmissionRequest): Promise<void>
}

export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return {
    async admit(request) {
      let { object } = request
      for (const plugin of plugins) {
        if (!plugin.admit || !plugin.operations.includes(request.operation)) continue
        object = (await plugin.admit(object === request.object ? request : { ...request, ...(object && { object }) })) ?? object
      }
      return object
    },
    async validate(request) {
      for (const plugin of plugins) if (plugin.validate && plugin.operations.includes(request.operation)) await plugin.validate(request)
    },
  }
}
