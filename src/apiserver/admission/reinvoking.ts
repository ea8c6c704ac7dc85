/** Runs the plugins that change a write a second time when one of them asked for it, so that each sees what came after it. */

import { Reinvocation } from './admission.ts'
import type { AdmissionChain } from './chain.ts'

export function reinvoking(chain: AdmissionChain): AdmissionChain {
  return {
    ...chain,
    async admit(request) {
      const reinvocation = new Reinvocation()
      const object = await chain.admit({ ...request, reinvocation })
      if (!reinvocation.wanted) return object
      reinvocation.again = true
      return (await chain.admit({ ...request, ...(object && { object }), reinvocation })) ?? object
    },
  }
}
