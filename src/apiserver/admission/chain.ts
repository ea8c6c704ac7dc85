/** Runs admission plugins in their order: first all that may change a write, then, when it is final, all that may refuse. */

import type { AdmissionStep, AdmissionTimes } from '#apiserver/metrics/admission-metrics.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface AdmissionChain {
  /** The object after every plugin had its say; the same one when none changed it. */
  admit(request: AdmissionRequest): Promise<KubeObject | undefined>
  validate(request: AdmissionRequest): Promise<void>
}

export function admissionChain(plugins: readonly AdmissionPlugin[], times: AdmissionTimes = UNTIMED): AdmissionChain {
  /** Notes the time of all together. */
  async function step<T>(type: AdmissionStep, { operation }: AdmissionRequest, work: (start: number) => Promise<T>): Promise<T> {
    const start = times.now()
    let rejected = true
    try {
      const outcome = await work(start)
      rejected = false
      return outcome
    } finally {
      times.took(undefined, type, operation, start, rejected)
    }
  }

  return {
    admit: (request) =>
      step('admit', request, async (begin) => {
        let { object } = request
        let start = begin
        for (const plugin of plugins) {
          if (!plugin.admit || !plugin.operations.includes(request.operation)) continue
          let rejected = true
          try {
            object = (await plugin.admit(object === request.object ? request : { ...request, ...(object && { object }) })) ?? object
            rejected = false
          } finally {
            start = times.took(plugin.name, 'admit', request.operation, start, rejected)
          }
        }
        return object
      }),
    validate: (request) =>
      step('validate', request, async (begin) => {
        let start = begin
        for (const plugin of plugins) {
          if (!plugin.validate || !plugin.operations.includes(request.operation)) continue
          let rejected = true
          try {
            await plugin.validate(request)
            rejected = false
          } finally {
            start = times.took(plugin.name, 'validate', request.operation, start, rejected)
          }
        }
      }),
  }
}

const UNTIMED: AdmissionTimes = { now: () => 0, took: () => 0 }
