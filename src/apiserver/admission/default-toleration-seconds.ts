/** Pods stay some time on a node that went silent, unless they say otherwise. */

import type { AdmissionPlugin } from './admission.ts'
import { podOf, withSpec } from './requested.ts'
import type { Toleration } from '#api/core/v1/toleration.ts'

/** Upstream's flags `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`. */
export interface TolerationSeconds {
  readonly notReady: number
  readonly unreachable: number
}

const STANDARD: TolerationSeconds = { notReady: 300, unreachable: 300 }

export function defaultTolerationSeconds({ notReady, unreachable }: TolerationSeconds = STANDARD): AdmissionPlugin {
  const tolerated = [
    { key: 'node.kubernetes.io/not-ready', seconds: notReady },
    { key: 'node.kubernetes.io/unreachable', seconds: unreachable },
  ]
  return {
    name: 'DefaultTolerationSeconds',
    operations: ['CREATE', 'UPDATE'],
    admit(request) {
      const pod = podOf(request)
      if (pod === undefined) return undefined
      const present = pod.spec.tolerations ?? []
      const missing = tolerated.filter(({ key }) => !present.some((t) => tolerates(t, key)))
      if (missing.length === 0) return undefined
      const added = missing.map(({ key, seconds }): Toleration => {
        return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }
      })
      return withSpec(pod, { tolerations: [...present, ...added] })
    },
  }
}

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute')
}
