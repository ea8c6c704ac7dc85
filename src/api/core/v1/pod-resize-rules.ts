/** What the resize path of a pod may change: cpu and memory of containers that run for as long as the pod does. */

import type { Container, ResourceRequirements } from './container.ts'
import type { Pod } from './pod.ts'
import { qosClass } from './pod-qos.ts'
import { forbidden, invalid, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const RESIZABLE: readonly string[] = ['cpu', 'memory']
const LISTS = ['containers', 'initContainers'] as const

export function podResizeErrors(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods cannot be resized')]
  if (old.spec.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')]
  const errors = LISTS.flatMap((list) => sameContainersErrors(pod.spec[list] ?? [], old.spec[list] ?? [], list))
  if (errors.length > 0) return errors
  const now = qosClass(pod)
  if (now !== (old.status.qosClass ?? qosClass(old)))
    errors.push(invalid('spec', old.status.qosClass ?? now, 'Pod QOS Class may not change as a result of resizing'))
  if (old.status.containerStatuses?.some(({ state, resources }) => state?.running && resources === undefined))
    errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  let others = false
  for (const list of LISTS)
    for (const [index, container] of (pod.spec[list] ?? []).entries()) {
      const was = old.spec[list]![index]!
      const at = `spec.${list}[${index}].resources`
      if (list === 'initContainers' && was.restartPolicy !== 'Always') {
        if (!sameJson(container.resources ?? {}, was.resources ?? {}))
          errors.push(forbidden(at, 'resources for non-sidecar init containers are immutable'))
        continue
      }
      errors.push(...removedErrors(container, was, at))
      if (!sameJson(rigid(container.resources), rigid(was.resources)) || !sameJson(container.resizePolicy ?? [], was.resizePolicy ?? []))
        others = true
    }
  if (others) errors.push(forbidden('spec', 'only cpu and memory resources are mutable'))
  return errors
}

function sameContainersErrors(containers: readonly Container[], old: readonly Container[], list: string): FieldError[] {
  if (containers.length !== old.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
  return containers.flatMap((container, index) =>
    container.name === old[index]!.name
      ? []
      : [forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`)],
  )
}

function removedErrors(container: Container, old: Container, at: string): FieldError[] {
  return (['limits', 'requests'] as const).flatMap((kind) => {
    const left = container.resources?.[kind] ?? {}
    const removed = Object.keys(old.resources?.[kind] ?? {}).some((name) => RESIZABLE.includes(name) && left[name] === undefined)
    return removed ? [forbidden(`${at}.${kind}`, `resource ${kind} cannot be removed`)] : []
  })
}

/** What of the resources no resize may touch. */
function rigid(resources: ResourceRequirements | undefined): object {
  const others = (amounts: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !RESIZABLE.includes(name)))
  return { limits: others(resources?.limits), requests: others(resources?.requests), claims: resources?.claims ?? [] }
}
