/** Pods stay five minutes on a node that went silent, unless they say otherwise. */

import type { AdmissionPlugin } from './admission.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Toleration } from '#api/core/v1/toleration.ts'
import type { KubeObject } from '#schema/resource.ts'

const SECONDS = 300
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  admit({ resource, subresource, object }) {
    if (resource.group !== '' || resource.plural !== 'pods' || subresource !== '') return undefined
    const pod = object as unknown as Pod
    const present = pod.spec.tolerations ?? []
    const missing = KEYS.filter((key) => !present.some((t) => tolerates(t, key)))
    if (missing.length === 0) return undefined
    const added = missing.map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }))
    return { ...pod, spec: { ...pod.spec, tolerations: [...present, ...added] } } as unknown as KubeObject
  },
}

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute')
}
