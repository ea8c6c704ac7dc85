/** A pod on a node may only come to need what that node says it can do. */

import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
import type { Node } from '#api/core/v1/node.ts'
import { qosClass } from '#api/core/v1/pod-qos.ts'
import type { Pod } from '#api/core/v1/pod.ts'

/** Features by the changes of pods that need them. */
const NEEDED: readonly (readonly [feature: string, needs: (pod: Pod, old: Pod) => boolean])[] = [
  ['GuaranteedQoSPodCPUResize', (pod, old) => qosClass(pod) === 'Guaranteed' && !isDeepStrictEqual(cpuOf(pod), cpuOf(old))],
  [
    'InPlacePodLevelResourcesVerticalScaling',
    ({ spec }, old) => spec.resources !== undefined && !isDeepStrictEqual(spec.resources, old.spec.resources),
  ],
]

export function nodeDeclaredFeatureValidator(parts: { readonly findNode: (name: string) => Node | undefined }): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    operations: ['UPDATE'],
    validate(request) {
      const { resource, subresource, object, oldObject } = request
      if (resource.group !== '' || resource.plural !== 'pods' || !['', 'resize'].includes(subresource)) return
      const [pod, old] = [object as unknown as Pod, oldObject as unknown as Pod]
      if (!pod.spec.nodeName || pod.metadata.generation === old.metadata.generation) return
      const needed = NEEDED.filter(([, needs]) => needs(pod, old)).map(([feature]) => feature)
      if (needed.length === 0) return
      const { nodeName } = pod.spec
      const node = parts.findNode(nodeName)
      if (node === undefined) throw refused(request, `node ${JSON.stringify(nodeName)} not found`)
      const missing = needed.filter((feature) => !node.status.declaredFeatures?.includes(feature))
      if (missing.length > 0)
        throw refused(
          request,
          `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(nodeName)}`,
        )
    },
  }
}

function cpuOf({ spec }: Pod): readonly (string | undefined)[] {
  return [...(spec.initContainers ?? []), ...spec.containers].map((c) => c.resources?.requests?.['cpu'])
}
