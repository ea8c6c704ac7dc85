/** Pods: their first status, quality of service, graceful deletion, and the paths that change parts of a pod. */

import type { Container } from '#api/core/v1/container.ts'
import { qosClass } from '#api/core/v1/pod-qos.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { statusFacet } from '../update.ts'
import type { Facet, Strategy } from '../strategy.ts'
import { invalid } from '#apiserver/endpoints/errors.ts'
import { forbidden } from '#schema/field-error.ts'

type StoredPod = Pod & { readonly spec: Readonly<Record<string, unknown>>; readonly status: Readonly<Record<string, unknown>> }

export const podStrategy: Strategy<StoredPod> = {
  generation: 'spec',
  returnsDeleted: true,
  warnsOnUpdate: false, // hardly ever a person's doing
  // Every kubelet lists and watches the pods of its own node.
  indexes: { 'spec.nodeName': (pod) => pod.spec.nodeName ?? '' },
  initialStatus: (pod) => {
    const gated = (pod.spec.schedulingGates?.length ?? 0) > 0
    return {
      phase: 'Pending',
      ...(gated && { conditions: [GATED] }),
      qosClass: qosClass(pod),
    }
  },
  gracePeriod(pod, options) {
    const asked = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0
    // Nobody runs it yet, or nobody runs it any more: no one would confirm the end.
    if (!pod.spec.nodeName || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') return 0
    return asked < 0 ? 1 : asked
  },
}

const GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
}

/** The status path keeps the class that the spec gave, and generations seen that an older kubelet leaves out. */
export const podStatusFacet = statusFacet<StoredPod>((pod, old) => ({
  ...pod,
  status: {
    ...pod.status,
    ...(!pod.status.observedGeneration && old.status.observedGeneration && { observedGeneration: old.status.observedGeneration }),
    ...(pod.status.conditions && { conditions: withGenerations(pod.status.conditions, old.status.conditions ?? []) }),
    ...(old.status.qosClass && { qosClass: old.status.qosClass }),
  },
}))

type Condition = NonNullable<Pod['status']['conditions']>[number]

function withGenerations(conditions: readonly Condition[], old: readonly Condition[]): readonly Condition[] {
  return conditions.map((condition) => {
    if (condition.observedGeneration) return condition
    const observedGeneration = old.find((o) => o.type === condition.type)?.observedGeneration
    return observedGeneration ? { ...condition, observedGeneration } : condition
  })
}

export const ephemeralContainersFacet: Facet<StoredPod> = {
  subresource: 'ephemeralcontainers',
  read: (pod) => pod,
  write(next, old) {
    const wanted = (next as StoredPod).spec.ephemeralContainers ?? []
    const present = old.spec.ephemeralContainers ?? []
    const lost = present.filter((p) => !wanted.some((w) => w.name === p.name))
    if (lost.length > 0)
      throw invalid({ group: '', kind: 'Pod' }, old.metadata.name, [
        forbidden(
          'spec.ephemeralContainers',
          `existing ephemeral containers ${JSON.stringify(lost.map((l) => l.name))} may not be removed
`,
        ),
      ])
    if (JSON.stringify(wanted) === JSON.stringify(present)) return old
    return {
      ...old,
      metadata: { ...old.metadata, generation: (old.metadata.generation ?? 0) + 1 },
      spec: { ...old.spec, ephemeralContainers: wanted },
    }
  },
}

export const resizeFacet: Facet<StoredPod> = {
  subresource: 'resize',
  read: (pod) => pod,
  write(next, old) {
    const wanted = (next as StoredPod).spec
    const containers = resized(wanted.containers, old.spec.containers) ?? []
    const initContainers = resized(wanted.initContainers, old.spec.initContainers)
    const { initContainers: _, ...kept } = old.spec
    const spec = { ...kept, containers, ...(initContainers && { initContainers }) }
    if (JSON.stringify(spec) === JSON.stringify(old.spec)) return old
    return { ...old, metadata: { ...old.metadata, generation: (old.metadata.generation ?? 0) + 1 }, spec } as StoredPod
  },
}

/** Other containers than before are left as sent, for validation to refuse. */
function resized(sent: readonly Container[] | undefined, old: readonly Container[] | undefined): readonly Container[] | undefined {
  if (sent?.length !== old?.length) return sent
  return old?.map((container, index) => {
    const { name, resources, resizePolicy } = sent![index]!
    if (name !== container.name) return sent![index]!
    return { ...container, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
  })
}
