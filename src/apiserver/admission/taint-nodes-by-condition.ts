/** A new node takes no pods until it has been seen ready. */

import type { AdmissionPlugin } from './admission.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { KubeObject } from '#schema/resource.ts'

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  admit({ resource, subresource, object }) {
    if (resource.group !== '' || resource.plural !== 'nodes' || subresource !== '') return undefined
    const node = object as unknown as Node
    const taints = node.spec?.taints ?? []
    if (taints.some((t) => t.key === NOT_READY.key && t.effect === NOT_READY.effect)) return undefined
    return { ...node, spec: { ...node.spec, taints: [...taints, NOT_READY] } } as unknown as KubeObject
  },
}
