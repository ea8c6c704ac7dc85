/** Which pods a pod is spread with by default: those of its Services and of its controller (upstream's system default spreading). */

import { replicaSets } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { replicationControllers } from '#api/core/v1/replication-controller.ts'
import { services } from '#api/core/v1/service.ts'
import type { Informers } from '#client/informer.ts'
import { labelMatcher, type LabelMatcher } from './selectors.ts'

/** Answers undefined for a pod that belongs to nothing. Call it before the informers start. */
export function siblingsOf(informers: Informers): (pod: Pod) => LabelMatcher | undefined {
  const [serviceList, sets, controllers] = [informers.for(services), informers.for(replicaSets), informers.for(replicationControllers)]
  return (pod) => {
    const { namespace, labels = {}, ownerReferences } = pod.metadata
    const matchers: LabelMatcher[] = []
    for (const { spec } of serviceList.list(namespace)) {
      if (spec.selector === undefined || Object.keys(spec.selector).length === 0) continue
      const matches = labelMatcher({ matchLabels: spec.selector })
      if (matches(labels)) matchers.push(matches)
    }
    const owner = ownerReferences?.find((r) => r.controller)
    const key = `${namespace}/${owner?.name ?? ''}`
    if (owner?.kind === 'ReplicaSet') {
      const set = sets.get(key)
      if (set !== undefined) matchers.push(labelMatcher(set.spec.selector))
    } else if (owner?.kind === 'ReplicationController') {
      const controller = controllers.get(key)
      if (controller?.spec.selector !== undefined) matchers.push(labelMatcher({ matchLabels: controller.spec.selector }))
    }
    return matchers.length === 0 ? undefined : (other) => matchers.every((matches) => matches(other))
  }
}
