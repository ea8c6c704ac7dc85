/** Scale: any workload with replicas, seen as one small kind of its own. */

import type { Scale } from '#api/autoscaling/v1/scale.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { invalid } from '#apiserver/endpoints/errors.ts'
import { carryMetadata, withGeneration } from '../update.ts'
import type { Facet, Stored, Strategy } from '../strategy.ts'
import { deploymentStrategy, replicaSetStrategy, replicationControllerStrategy } from './plain.ts'
import { statefulSetStrategy } from './stateful-set.ts'
import { formatLabelSelector } from '../label-selector-text.ts'

export const deploymentScale = scaleOf(deploymentStrategy)
export const replicaSetScale = scaleOf(replicaSetStrategy)
export const statefulSetScale = scaleOf(statefulSetStrategy as unknown as Strategy)
export const replicationControllerScale = scaleOf(replicationControllerStrategy)

function scaleOf(strategy: Strategy): Facet {
  return {
    subresource: 'scale',
    read: show,
    write(next, old) {
      const scale = next as Scale
      const replicas = scale.spec?.replicas ?? 0
      const errors = notNegativeErrors(replicas, 'spec.replicas')
      // What is wrong is wrong with the Scale, whatever it is a scale of.
      if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, old.metadata.name, errors)
      const object = carryMetadata({ ...old, spec: { ...old.spec, replicas } } as Stored, old)
      return withGeneration(object, old, strategy)
    },
  }
}

/** Metadata as far as a Scale has it; status counts what there is and says how to find it. */
function show(stored: Stored): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = stored.metadata
  const spec = stored.spec as { replicas?: number; selector?: LabelSelector | Readonly<Record<string, string>> }
  const status = stored.status as { replicas?: number } | undefined
  const selector = formatLabelSelector(spec.selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { ...(spec.replicas !== undefined && spec.replicas !== 0 && { replicas: spec.replicas }) },
    status: { replicas: status?.replicas ?? 0, ...(selector !== '' && { selector }) },
  }
}
