/** Gives pods what their runtime class brings along: what it takes itself, and the nodes that have it. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { refused } from './refused.ts'
import { podOf, withSpec } from './requested.ts'
import { mergeTolerations } from './tolerations.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { sameAmounts } from '#api/core/v1/quota/amounts.ts'
import type { RuntimeClass } from '#api/node/v1/runtime-class.ts'

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

export function runtimeClass(parts: { readonly find: (name: string) => Promise<RuntimeClass | undefined> }): AdmissionPlugin {
  async function classOf(request: AdmissionRequest, { spec }: Pod): Promise<RuntimeClass | undefined> {
    if (spec.runtimeClassName === undefined) return undefined
    const found = await parts.find(spec.runtimeClassName)
    if (found === undefined) throw refused(request, `pod rejected: RuntimeClass ${JSON.stringify(spec.runtimeClassName)} not found`)
    return found
  }

  return {
    name: 'RuntimeClass',
    operations: ['CREATE'],
    async admit(request) {
      const pod = podOf(request)
      const found = pod && (await classOf(request, pod))
      if (pod === undefined || found === undefined) return undefined
      const { overhead, scheduling } = found
      const fixed = overhead?.podFixed
      if (overhead && pod.spec.overhead && !sameAmounts(fixed ?? {}, pod.spec.overhead)) throw refused(request, OTHER_OVERHEAD)
      const own = pod.spec.nodeSelector ?? {}
      for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {}))
        if (own[key] !== undefined && own[key] !== value)
          throw refused(
            request,
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`,
          )
      const tolerations = mergeTolerations(pod.spec.tolerations ?? [], scheduling?.tolerations ?? [])
      return withSpec(pod, {
        ...(fixed && { overhead: fixed }),
        ...(scheduling?.nodeSelector && { nodeSelector: { ...own, ...scheduling.nodeSelector } }),
        ...(scheduling && tolerations.length > 0 && { tolerations }),
      })
    },
    async validate(request) {
      const pod = podOf(request)
      if (pod === undefined) return
      const found = await classOf(request, pod)
      if (found?.overhead === undefined) {
        if (pod.spec.overhead !== undefined)
          throw refused(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
      } else if (!sameAmounts(found.overhead.podFixed ?? {}, pod.spec.overhead ?? {})) throw refused(request, OTHER_OVERHEAD)
    },
  }
}
