/** Pods carry the zone and region of their node, where applications can read them. */

import type { AdmissionPlugin } from './admission.ts'
import { podOf } from './requested.ts'
import type { Binding } from '#api/core/v1/binding.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { KubeObject } from '#schema/resource.ts'

const COPIED = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const

export function podTopologyLabels(parts: { readonly findNode: (name: string) => Node | undefined }): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    operations: ['CREATE'],
    admit(request) {
      const { resource, subresource, object } = request
      const pod = podOf(request)
      if (pod) return pod.spec.nodeName ? labelled(object!, pod.spec.nodeName) : undefined
      if (resource.group !== '' || resource.plural !== 'pods' || subresource !== 'binding') return undefined
      const { target } = object as unknown as Binding
      return target?.kind === 'Node' ? labelled(object!, target.name ?? '') : undefined
    },
  }

  /** What the object says itself stays. */
  function labelled(object: KubeObject, nodeName: string): KubeObject | undefined {
    const { labels = {} } = parts.findNode(nodeName)?.metadata ?? {}
    const copied = Object.fromEntries(COPIED.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])))
    if (Object.keys(copied).length === 0) return undefined
    return { ...object, metadata: { ...object.metadata, labels: { ...copied, ...object.metadata.labels } } }
  }
}
