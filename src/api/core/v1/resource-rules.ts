/** The rules of resource requests and limits. */

import type { ResourceClaim, ResourceRequirements } from './container.ts'
import { FieldError, duplicate, forbidden, invalid, invalidEach, notSupported, required } from '#schema/field-error.ts'
import { dns1123Label, qualifiedName } from '#schema/names.ts'
import { MalformedQuantity, compareQuantity, milliValue, parseQuantity } from '#schema/quantity.ts'

const STANDARD_FOR_CONTAINERS = /^(cpu|memory|ephemeral-storage|hugepages-.*)$/
const COUNTED = ['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims']
const STANDARD = new Set([
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
  ...['storage', 'requests.storage', 'services.nodeports', 'services.loadbalancers'],
  ...COUNTED,
])
const POD_LEVEL = ['cpu', 'hugepages-', 'memory']

export function isHugePage(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** Whether a name outside `kubernetes.io/` and without `requests.` in front: a device or the like. */
export function isExtendedResource(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.')
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/')
}

/** Whether more of it may be allowed than is reserved. */
export function mayBeOvercommitted(name: string): boolean {
  return isNative(name) && !isHugePage(name)
}

export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePage(name)
}

type Level = 'container' | 'pod'

/** Extended resources and huge pages cannot be overcommitted: their requests equal their limits. `claims` are the pod's. */
export function requirementErrors(
  resources: ResourceRequirements | undefined,
  path: string,
  level: Level = 'container',
  claims: ReadonlySet<string> = new Set(),
): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {}
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`
    errors.push(...levelNameErrors(name, at, level), ...amountErrors(name, amount, at), ...pageErrors(name, amount, at))
  }
  for (const [name, amount] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`
    const limit = limits[name]
    errors.push(...levelNameErrors(name, at, level), ...amountErrors(name, amount, at))
    if (limit !== undefined) {
      if (!mayBeOvercommitted(name) && compareQuantity(amount, limit) !== 0)
        errors.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`))
      else if (compareQuantity(amount, limit) > 0)
        errors.push(invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`))
    } else if (!mayBeOvercommitted(name)) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    errors.push(...pageErrors(name, amount, at))
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePage) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(forbidden(path, 'HugePages require cpu or memory'))
  return [...errors, ...claimErrors(resources?.claims ?? [], `${path}.claims`, claims)]
}

/** What any amount must be, whoever has it. */
export function amountErrors(name: string, amount: string, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (compareQuantity(amount, '0') < 0) errors.push(invalid(at, amount, 'must be greater than or equal to 0'))
  if ((isExtendedResource(name) || COUNTED.includes(name)) && milliValue(amount) % 1000 !== 0)
    errors.push(invalid(at, amount, 'must be an integer'))
  return errors
}

function pageErrors(name: string, amount: string, at: string): FieldError[] {
  if (!isHugePage(name) || isWholePages(name, amount)) return []
  return [invalid(at, amount, `${amount} is not positive integer multiple of ${name}`)]
}

function nameErrors(name: string, at: string): FieldError[] {
  const problems = qualifiedName(name)
  if (problems.length > 0) return invalidEach(at, name, problems)
  if (name.includes('/') || STANDARD.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')) return []
  return [invalid(at, name, 'must be a standard resource type or fully qualified')]
}

function levelNameErrors(name: string, at: string, level: Level): FieldError[] {
  return level === 'pod' ? podNameErrors(name, at) : containerNameErrors(name, at)
}

function containerNameErrors(name: string, at: string): FieldError[] {
  const errors = nameErrors(name, at)
  if (!name.includes('/')) {
    if (!STANDARD_FOR_CONTAINERS.test(name)) errors.push(invalid(at, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && (!isExtendedResource(name) || qualifiedName(`requests.${name}`).length > 0))
    errors.push(invalid(at, name, "doesn't follow extended resource name standard"))
  return errors
}

function podNameErrors(name: string, at: string): FieldError[] {
  const errors = nameErrors(name, at)
  return errors.length > 0 || isPodLevelResource(name) ? errors : [notSupported(at, name, POD_LEVEL)]
}

/** `hugepages-2Mi` comes in multiples of 2Mi. */
function isWholePages(name: string, amount: string): boolean {
  try {
    const page = parseQuantity(name.slice('hugepages-'.length)).nanos
    return page > 0n && page % 1_000_000_000n === 0n && parseQuantity(amount).nanos % page === 0n
  } catch (error) {
    if (error instanceof MalformedQuantity) return false
    throw error
  }
}

/** A container uses a claim as a whole or some requests of it, never both. */
function claimErrors(claims: readonly ResourceClaim[], path: string, known: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, { name = '', request }] of claims.entries()) {
    const at = `${path}[${index}]`
    if (name === '') {
      errors.push(required(at))
      continue
    }
    if (seen.has(name)) errors.push(duplicate(at, name))
    else {
      const key = request ? `${name}/${request}` : name
      if (request) errors.push(...invalidEach(`${at}.request`, request, dns1123Label(request)))
      if (seen.has(key)) errors.push(duplicate(at, key))
      else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) errors.push(duplicate(at, name))
      seen.add(key)
    }
    if (!known.has(name)) {
      const all = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`
      errors.push(new FieldError('NotFound', at, name, `must be one of the names in pod.spec.resourceClaims${all}`))
    }
  }
  return errors
}
