/** A pod that is resized must fit on its node, were it alone there. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { podRequests } from '#api/core/v1/quota/pod-usage.ts'
import { milliValue, quantityValue } from '#schema/quantity.ts'

export function podResizeValidator(parts: { readonly findNode: (name: string) => Node | undefined }): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    operations: ['UPDATE'],
    validate(request) {
      const { resource, subresource, object, oldObject } = request
      if (resource.group !== '' || resource.plural !== 'pods' || subresource !== 'resize') return
      const pod = object as unknown as Pod
      if (!pod.spec.nodeName || oldObject?.metadata.generation === pod.metadata.generation) return
      const node = parts.findNode(pod.spec.nodeName)
      if (node === undefined) throw refused(request, `node ${JSON.stringify(pod.spec.nodeName)} not found`)
      const requests = podRequests(pod)
      const { allocatable = {} } = node.status
      const tooMuch = [
        { name: 'cpu', requested: milliValue(requests['cpu'] ?? '0'), there: milliValue(allocatable['cpu'] ?? '0') },
        { name: 'memory', requested: quantityValue(requests['memory'] ?? '0'), there: quantityValue(allocatable['memory'] ?? '0') },
      ].filter(({ requested, there }) => requested > there)
      if (tooMuch.length > 0) {
        const texts = tooMuch.map(({ name, requested, there }) => `${name}, requested: ${requested}, allocatable: ${there}`)
        throw refused(request, `Node didn't have enough allocatable resources: ${texts.join('; ')}`)
      }
      const os = node.metadata.labels?.['kubernetes.io/os'] ?? ''
      if (os !== 'linux')
        throw refused(
          request,
          `pod resize is only supported on linux nodes, node ${JSON.stringify(node.metadata.name)} is ${JSON.stringify(os)}`,
        )
    },
  }
}
