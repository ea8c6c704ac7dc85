/** Pods: their first status, quality of service, graceful deletion, and the paths that change parts of a pod. */

import type { Container } from '#api/core/v1/container.ts'
import { qosClass } from '#api/core/v1/pod-qos.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { statusFacet } from '../update.ts'
import type { Facet, Strategy } from '../strategy.ts'
import { withAppArmorFields, withLabelKeys, withoutDisabled, withoutDisabledStatus } from './pod-preparation.ts'
import { profileMatchErrors } from '#api/core/v1/pod-annotation-rules.ts'
import { forbidden } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label } from '#schema/names.ts'

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
  prepareCreate(pod, write) {
    const kept = withoutDisabled(pod.spec) as StoredPod['spec']
    const spec = withLabelKeys(kept, pod.metadata.labels ?? {})
    return withAppArmorFields({ ...pod, spec } as StoredPod, write.warn)
  },
  prepareUpdate: (pod, old) => ({ ...pod, spec: withoutDisabled(pod.spec, old.spec) }) as StoredPod,
  validateCreate({ metadata, spec }) {
    const errors = profileMatchErrors(metadata.annotations, spec, 'spec')
    if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
    if (spec.nodeName && (spec.schedulingGates ?? []).length > 0)
      errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
    return errors
  },
  warnings({ metadata }) {
    const problems = dns1123Label(metadata.name)
    const why = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"
    return problems.length === 0 ? [] : [`metadata.name: ${why}: [${problems.join(' ')}]`]
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
    ...withoutDisabledStatus(pod.status, old.status),
    ...(!pod.status.observedGeneration && old.status.observedGeneration && { observedGeneration: old.status.observedGeneration }),
    ...(pod.status.conditions && { conditions: withGenerations(pod.status.conditions, old.status.conditions ?? []) }),
    // Some kubelets leave it out when they reject a pod.
    ...(!pod.status.qosClass && old.status.qosClass && { qosClass: old.status.qosClass }),
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
    const { ephemeralContainers = [] } = (next as StoredPod).spec
    if (sameJson(ephemeralContainers, old.spec.ephemeralContainers ?? [])) return old
    return { ...old, metadata: nextGeneration(old), spec: { ...old.spec, ephemeralContainers } } as StoredPod
  },
}

function nextGeneration({ metadata }: StoredPod): StoredPod['metadata'] {
  return { ...metadata, generation: (metadata.generation ?? 0) + 1 }
}

export const resizeFacet: Facet<StoredPod> = {
  subresource: 'resize',
  read: (pod) => pod,
  write(next, old) {
    const wanted = (next as StoredPod).spec
    const containers = resized(wanted.containers, old.spec.containers) ?? []
    const initContainers = resized(wanted.initContainers, old.spec.initContainers)
    const { initContainers: _, resources: __, ...kept } = old.spec
    const { resources } = wanted
    const spec = { ...kept, containers, ...(initContainers && { initContainers }), ...(resources && { resources }) }
    if (sameJson(spec, old.spec)) return old
    return { ...old, metadata: nextGeneration(old), spec } as StoredPod
  },
}

/** Other containers than before are left as sent, for validation to refuse. */
function resized(sent: readonly Container[] | undefined, old: readonly Container[] | undefined): readonly Container[] | undefined {
  if (sent?.length !== old?.length) return sent
  return old?.map((container, index) => {
    const { name, resources, resizePolicy } = sent![index]!
    if (name !== container.name) return sent![index]!
    const { resizePolicy: _, ...kept } = container
    return { ...kept, resources: resources ?? {}, ...(resizePolicy && { resizePolicy }) }
  })
}
