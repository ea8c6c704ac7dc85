/** Autoscalers are stored as autoscaling/v2, and shown to v1 with what it has no names for in annotations. */

import { toV1, toV2 } from '#api/autoscaling/v1/conversion.ts'
import { horizontalPodAutoscalers as autoscalersV1 } from '#api/autoscaling/v1/horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalers } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { View } from '../served/serve.ts'
import { Published } from '#apiserver/cache/published.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

const shown = new WeakMap<Published, Published>()

export const autoscalerView: View = {
  stored: horizontalPodAutoscalers as unknown as Resource,
  show(stored) {
    let view = shown.get(stored)
    if (view === undefined) {
      view = new Published(autoscalersV1 as unknown as Resource, stored.key, stored.revision, showObject(stored.object))
      shown.set(stored, view)
    }
    return view
  },
  showObject,
  store: (object) => toV2(object as never) as unknown as KubeObject,
}

function showObject(stored: KubeObject): KubeObject {
  return toV1(stored as never) as unknown as KubeObject
}
