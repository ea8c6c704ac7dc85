/** What a pod asks for as a whole: the sums over its containers, the defaults they give, and the rules they must hold to. */

import type { Container, ResourceRequirements } from './container.ts'
import type { PodSpec } from './pod.ts'
import { isHugePage, isPodLevelResource, mayBeOvercommitted, requirementErrors } from './resource-rules.ts'
import { forbidden, invalid, type FieldError } from '#schema/field-error.ts'
import { addQuantities, compareQuantity } from '#schema/quantity.ts'

type Amounts = Readonly<Record<string, string>>

/**
 * What the containers need together at the worst moment: all that run on, or one init container beside the sidecars that were
 * started before it.
 */
export function containerSum(spec: Pick<PodSpec, 'containers' | 'initContainers'>, kind: 'requests' | 'limits'): Amounts {
  const amounts = ({ resources }: Container) => resources?.[kind] ?? {}
  let running = plus(...(spec.containers ?? []).map(amounts))
  let sidecars: Amounts = {}
  let worst: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container)
    if (container.restartPolicy === 'Always') {
      running = plus(running, own)
      sidecars = plus(sidecars, own)
      worst = most(worst, sidecars)
    } else worst = most(worst, plus(own, sidecars))
  }
  return most(running, worst)
}

function plus(...lists: readonly Amounts[]): Amounts {
  const sum: Record<string, string> = {}
  for (const list of lists)
    for (const [name, amount] of Object.entries(list)) sum[name] = sum[name] === undefined ? amount : addQuantities(sum[name], amount)
  return sum
}

function most(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, string> = { ...a }
  for (const [name, amount] of Object.entries(b))
    if (result[name] === undefined || compareQuantity(amount, result[name]) > 0) result[name] = amount
  return result
}

/** Only what says something of itself is filled in, from the containers, which have their own defaults already. */
export function podResourceDefaults(spec: PodSpec): ResourceRequirements | undefined {
  const resources = spec.resources
  if (resources === undefined) return undefined
  const limits: Record<string, string> = { ...resources.limits }
  const requests: Record<string, string> = { ...resources.requests }
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return resources
  for (const [name, amount] of Object.entries(containerSum(spec, 'limits')))
    if (isHugePage(name) && requests[name] === undefined) limits[name] ??= amount
  if (Object.keys(limits).length > 0) {
    for (const [name, amount] of Object.entries(containerSum(spec, 'requests')))
      if (isPodLevelResource(name) && mayBeOvercommitted(name)) requests[name] ??= amount
    for (const [name, limit] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= limit
  }
  return {
    ...resources,
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(requests).length > 0 && { requests }),
  }
}

export function podResourceErrors(spec: PodSpec, path: string, claims: ReadonlySet<string>): FieldError[] {
  const resources = spec.resources
  if (resources === undefined) return []
  const at = `${path}.resources`
  if (spec.os?.name === 'windows') return [forbidden(at, 'may not be set for a windows pod')]
  const { limits = {}, requests = {} } = resources
  const errors = resources.claims ? [forbidden(`${at}.claims`, 'claims may not be set for Resources at pod-level')] : []
  errors.push(...requirementErrors(resources, at, 'pod', claims))
  for (const [name, sum] of Object.entries(containerSum(spec, 'requests'))) {
    const own = requests[name]
    if (own !== undefined && compareQuantity(sum, own) > 0)
      errors.push(invalid(`${at}.requests[${name}]`, own, `must be greater than or equal to aggregate container requests of ${sum}`))
  }
  for (const [name, sum] of Object.entries(containerSum(spec, 'limits'))) {
    const own = limits[name]
    if (isHugePage(name) && own !== undefined && compareQuantity(sum, own) > 0)
      errors.push(invalid(`${at}.limits[${name}]`, own, `must be greater than or equal to aggregate container limits of ${sum}`))
  }
  for (const [index, container] of (spec.containers ?? []).entries())
    for (const [name, amount] of Object.entries(container.resources?.limits ?? {})) {
      const own = limits[name]
      if (own !== undefined && compareQuantity(amount, own) > 0)
        errors.push(invalid(`${at}.containers[${index}][${name}].limits`, amount, `must be less than or equal to pod limits of ${own}`))
    }
  return errors
}
