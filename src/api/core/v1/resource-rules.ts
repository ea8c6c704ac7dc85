/** The rules of resource requests and limits. */

import type { ResourceRequirements } from './container.ts'
import { invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { qualifiedName } from '#schema/names.ts'
import { compareQuantity, milliValue } from '#schema/quantity.ts'

const STANDARD = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/
const POD_LEVEL = /^(cpu|memory|hugepages-.+)$/

export function isHugePage(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** Whether a name outside `kubernetes.io/` and without `requests.` in front: a device or the like. */
export function isExtendedResource(name: string): boolean {
  return name.includes('/') && !isNative(name) && !name.startsWith('requests.')
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/')
}

/** Extended resources and huge pages cannot be overcommitted: their requests equal their limits. */
export function requirementErrors(
  resources: ResourceRequirements | undefined,
  path: string,
  level: 'container' | 'pod' = 'container',
): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {}
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits))
    errors.push(...amountErrors(name, amount, `${path}.limits[${name}]`, `${path}.limits`, level))
  for (const [name, amount] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`
    errors.push(...amountErrors(name, amount, at, `${path}.requests`, level))
    const limit = limits[name]
    const rigid = isExtendedResource(name) || isHugePage(name)
    if (limit !== undefined) {
      if (rigid && compareQuantity(amount, limit) !== 0)
        errors.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`))
      else if (compareQuantity(amount, limit) > 0)
        errors.push(invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`))
    } else if (rigid) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
  }
  return errors
}

function amountErrors(name: string, amount: string, at: string, list: string, level: 'container' | 'pod'): FieldError[] {
  const errors = nameErrors(name, list, level)
  if (compareQuantity(amount, '0') < 0) errors.push(invalid(at, amount, 'must be greater than or equal to 0'))
  if (isExtendedResource(name) && milliValue(amount) % 1000 !== 0) errors.push(invalid(at, amount, 'must be an integer'))
  return errors
}

function nameErrors(name: string, path: string, level: 'container' | 'pod'): FieldError[] {
  const problems = qualifiedName(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  if (level === 'pod') return POD_LEVEL.test(name) ? [] : [invalid(path, name, 'must be a standard resource type or fully qualified')]
  if (!name.includes('/')) return STANDARD.test(name) ? [] : [invalid(path, name, 'must be a standard resource for containers')]
  if (isNative(name)) return [invalid(path, name, 'must be a standard resource for containers')]
  return invalidEach(path, name, qualifiedName(`requests.${name}`))
}
