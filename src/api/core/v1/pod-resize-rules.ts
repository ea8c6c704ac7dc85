/** What the resize path of a pod may change: cpu and memory, of its containers and of the pod as a whole. */

import type { Container, ResourceRequirements } from './container.ts'
import { MIRROR_ANNOTATION } from './pod-annotation-rules.ts'
import { qosClass } from './pod-qos.ts'
import type { Pod } from './pod.ts'
import { forbidden, invalid, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'

const RESIZABLE: readonly string[] = ['cpu', 'memory']
const LISTS = ['containers', 'initContainers'] as const

export function podResizeErrors(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return [forbidden('[]', 'static pods cannot be resized')]
  if (old.spec.os?.name === 'windows') return [forbidden('[]', 'windows pods cannot be resized')]
  const errors: FieldError[] = []
  const now = qosClass(pod)
  if (now !== (old.status.qosClass ?? qosClass(old)))
    errors.push(invalid('spec', old.status.qosClass ?? now, 'Pod QOS Class may not change as a result of resizing'))
  // The first container that runs tells what the node can do.
  const running = old.status.containerStatuses?.find(({ state }) => state?.running)
  if (running && running.resources === undefined) errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  errors.push(...wholeErrors(pod.spec.resources, old.spec.resources))
  if ((old.status.nodeAllocatableResourceClaimStatuses ?? []).length > 0)
    errors.push(forbidden('spec', 'pods with node allocatable resource claims cannot be resized'))
  const order = LISTS.flatMap((list) => orderErrors(pod.spec[list] ?? [], old.spec[list] ?? [], list))
  if (order.length > 0) return [...errors, ...order]
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, container] of (pod.spec[list] ?? []).entries())
      errors.push(...removedErrors(container.resources, old.spec[list]![index]!.resources, `spec.${list}[${index}].resources`, 'resource'))
  for (const [index, container] of (pod.spec.containers ?? []).entries())
    if (!onlyResized(container, old.spec.containers[index]!)) errors.push(forbidden('spec', 'only cpu and memory resources are mutable'))
  for (const [index, container] of (pod.spec.initContainers ?? []).entries())
    errors.push(...initErrors(container, old.spec.initContainers![index]!, `spec.initContainers[${index}]`))
  return errors
}

function wholeErrors(now: ResourceRequirements | undefined, old: ResourceRequirements | undefined): FieldError[] {
  const path = 'spec.resources'
  if (old !== undefined && now === undefined && Object.keys({ ...old.limits, ...old.requests }).length > 0)
    return [forbidden(path, 'pod-level resources cannot be removed')]
  const errors = removedErrors(now, old, path, 'pod-level resource')
  return sameJson(rigid(now), rigid(old))
    ? errors
    : [...errors, forbidden('spec', 'only cpu and memory resources are mutable at pod-level')]
}

function orderErrors(containers: readonly Container[], old: readonly Container[], list: string): FieldError[] {
  if (containers.length !== old.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
  return containers.flatMap((container, index) =>
    container.name === old[index]!.name
      ? []
      : [forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`)],
  )
}

function initErrors(container: Container, old: Container, at: string): FieldError[] {
  const errors = onlyResized(container, old)
    ? []
    : [forbidden(at, 'only cpu and memory resources for init or sidecar containers are mutable')]
  if (container.restartPolicy === 'Always' || sameJson(container, old)) return errors
  const restarting = (container.resizePolicy ?? []).filter((policy) => policy.restartPolicy === 'RestartContainer')
  return [
    ...errors,
    ...restarting.map(() => forbidden(at, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized')),
  ]
}

function removedErrors(
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  path: string,
  what: string,
): FieldError[] {
  return (['requests', 'limits'] as const).flatMap((kind) => {
    const left = now?.[kind] ?? {}
    const removed = Object.keys(old?.[kind] ?? {}).some((name) => left[name] === undefined)
    return removed ? [forbidden(`${path}.${kind}`, `${what} ${kind} cannot be removed`)] : []
  })
}

function onlyResized(container: Container, old: Container): boolean {
  return sameJson(rigid(container.resources), rigid(old.resources)) && sameJson(container.resizePolicy ?? [], old.resizePolicy ?? [])
}

/** What of the resources no resize may touch. */
function rigid(resources: ResourceRequirements | undefined): object {
  const others = (amounts: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !RESIZABLE.includes(name)))
  return { limits: others(resources?.limits), requests: others(resources?.requests), claims: resources?.claims ?? [] }
}
