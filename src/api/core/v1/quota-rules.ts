/** The rules of limit ranges and resource quotas: which names they may count, and what amounts go together. */

import type { LimitRange, LimitRangeItem } from './limit-range.ts'
import { isExtendedResource, isHugePage } from './resource-rules.ts'
import type { ResourceQuota, ResourceQuotaSpec } from './resource-quota.ts'
import { IMMUTABLE, duplicate, forbidden, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { qualifiedName } from '#schema/names.ts'
import { compareQuantity, milliValue } from '#schema/quantity.ts'

const LIMIT_TYPES: readonly string[] = ['Pod', 'Container', 'PersistentVolumeClaim']
const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage'])
/** Counted objects of old, by names without a group. */
const COUNTED = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const COMPUTE = [
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]
const QUOTA_RESOURCES: ReadonlySet<string> = new Set([...COMPUTE, ...COUNTED, 'ephemeral-storage', 'requests.storage'])
const RESOURCES: ReadonlySet<string> = new Set([...QUOTA_RESOURCES, 'storage'])
const INTEGERS: ReadonlySet<string> = new Set(COUNTED)

const POD_SCOPES: readonly string[] = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity']
const EXISTS_ONLY: ReadonlySet<string> = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
])
const SCOPES: ReadonlySet<string> = new Set([...POD_SCOPES, 'BestEffort', 'VolumeAttributesClass'])
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

export function limitRangeErrors({ spec }: LimitRange): FieldError[] {
  const errors: FieldError[] = []
  const types = new Set<string>()
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`
    const problems = qualifiedName(item.type ?? '')
    errors.push(...invalidEach(`${at}.type`, item.type ?? '', problems))
    if (problems.length === 0 && !item.type.includes('/') && !LIMIT_TYPES.includes(item.type))
      errors.push(invalid(`${at}.type`, item.type, 'must be a standard limit type or fully qualified'))
    if (types.has(item.type)) errors.push(duplicate(`${at}.type`, item.type))
    types.add(item.type)
    errors.push(...itemErrors(item, at))
  }
  return errors
}

function itemErrors(item: LimitRangeItem, at: string): FieldError[] {
  const errors: FieldError[] = []
  const defaults = item.type === 'Pod' ? {} : (item.default ?? {})
  const requests = item.type === 'Pod' ? {} : (item.defaultRequest ?? {})
  const { min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = item
  for (const member of ['default', 'defaultRequest'] as const)
    if (item.type === 'Pod' && Object.keys(item[member] ?? {}).length > 0)
      errors.push(forbidden(`${at}.${member}`, "may not be specified when `type` is 'Pod'"))
  if (item.type === 'PersistentVolumeClaim' && min['storage'] === undefined && max['storage'] === undefined)
    errors.push(required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided'))
  for (const [member, amounts] of Object.entries({ max, min, default: defaults, defaultRequest: requests, maxLimitRequestRatio: ratios }))
    for (const name of Object.keys(amounts)) errors.push(...limitNameErrors(item.type, name, `${at}.${member}[${name}]`))
  const names = new Set([max, min, defaults, requests, ratios].flatMap((amounts) => Object.keys(amounts)))
  for (const name of names) errors.push(...amountErrors(name, { min, max, defaults, requests, ratios }, at))
  return errors
}

type Amounts = Readonly<Record<string, string>>

interface LimitAmounts {
  readonly min: Amounts
  readonly max: Amounts
  readonly defaults: Amounts
  readonly requests: Amounts
  readonly ratios: Amounts
}

function amountErrors(name: string, all: LimitAmounts, at: string): FieldError[] {
  const errors: FieldError[] = []
  const [least, most, limit, request, ratio] = [all.min[name], all.max[name], all.defaults[name], all.requests[name], all.ratios[name]]
  const above = (a: string | undefined, b: string | undefined) => a !== undefined && b !== undefined && compareQuantity(a, b) > 0
  const blame = (member: string, value: string | undefined, detail: string) =>
    void errors.push(invalid(`${at}.${member}[${name}]`, value, detail))
  if (above(least, most)) blame('min', least, `min value ${least} is greater than max value ${most}`)
  if (above(least, request)) blame('defaultRequest', request, `min value ${least} is greater than default request value ${request}`)
  if (above(request, most)) blame('defaultRequest', request, `default request value ${request} is greater than max value ${most}`)
  if (above(request, limit))
    blame('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`)
  if (above(least, limit)) blame('default', least, `min value ${least} is greater than default value ${limit}`)
  if (above(limit, most)) blame('default', most, `default value ${limit} is greater than max value ${most}`)
  if (ratio !== undefined && compareQuantity(ratio, '1') < 0) blame('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
  if (ratio !== undefined && least !== undefined && most !== undefined) {
    const bound = milliValue(most) / milliValue(least)
    if (milliValue(ratio) / 1000 > bound)
      blame('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${Number.isFinite(bound) ? bound.toFixed(6) : '+Inf'}`)
  }
  const rigid = isExtendedResource(name) || isHugePage(name)
  if (rigid && limit !== undefined && request !== undefined && compareQuantity(limit, request) !== 0)
    blame('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  return errors
}

function limitNameErrors(type: string, name: string, path: string): FieldError[] {
  const problems = qualifiedName(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  if (type !== 'Pod' && type !== 'Container')
    return name.includes('/') || RESOURCES.has(name) || isHugePage(name)
      ? []
      : [invalid(path, name, 'must be a standard resource type or fully qualified')]
  const standard = CONTAINER_RESOURCES.has(name) || isHugePage(name)
  if (name.includes('/') ? isExtendedResource(name) : standard) return []
  return [invalid(path, name, 'must be a standard resource for containers')]
}

export function quotaErrors({ spec }: ResourceQuota): FieldError[] {
  return spec ? [...listErrors(spec.hard, 'spec.hard'), ...scopeErrors(spec), ...selectorErrors(spec)] : []
}

function listErrors(amounts: Amounts | undefined, path: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`
    const errors = quotaNameErrors(name, at)
    if (compareQuantity(amount, '0') < 0) errors.push(invalid(at, amount, 'must be greater than or equal to 0'))
    if ((INTEGERS.has(name) || isExtendedResource(name)) && milliValue(amount) % 1000 !== 0)
      errors.push(invalid(at, amount, 'must be an integer'))
    return errors
  })
}

function quotaNameErrors(name: string, path: string): FieldError[] {
  const problems = qualifiedName(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  const known = name.includes('/') || QUOTA_RESOURCES.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')
  return known ? [] : [invalid(path, name, 'must be a standard resource for quota')]
}

/** What a scope can count: pods and, but for those without any, their resources; volumes only where the scope is of volumes. */
function counts(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods'
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage'
  if (POD_SCOPES.includes(scope)) return name === 'pods' || COMPUTE.includes(name)
  return true
}

function scopeErrors({ scopes = [], hard = {} }: ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopes'
  const errors: FieldError[] = []
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.push(invalid(path, scopes, 'unsupported scope'))
    for (const name of Object.keys(hard).toSorted())
      if (isStandard(name) && !counts(scope, name)) errors.push(invalid(path, scopes, 'unsupported scope applied to resource'))
  }
  return [...errors, ...conflictErrors(scopes, path, scopes)]
}

function isStandard(name: string): boolean {
  return QUOTA_RESOURCES.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')
}

function conflictErrors(scopes: readonly string[], path: string, shown: unknown): FieldError[] {
  return CONFLICTS.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() => invalid(path, shown, 'conflicting scopes'))
}

function selectorErrors({ scopeSelector, hard = {}, scopes = [] }: ResourceQuotaSpec): FieldError[] {
  if (scopeSelector === undefined) return []
  const path = 'spec.scopeSelector.matchExpressions'
  const errors: FieldError[] = []
  const demands = scopeSelector.matchExpressions ?? []
  for (const { scopeName, operator, values = [] } of demands) {
    if (!SCOPES.has(scopeName)) errors.push(invalid(`${path}.scopeName`, scopeName, 'unsupported scope'))
    for (const name of Object.keys(hard).toSorted())
      if (isStandard(name) && !counts(scopeName, name)) errors.push(invalid(path, scopeSelector, 'unsupported scope applied to resource'))
    if (EXISTS_ONLY.has(scopeName) && operator !== 'Exists')
      errors.push(
        invalid(
          `${path}.operator`,
          operator,
          "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      )
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"))
    } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  }
  const names = demands.map((d) => d.scopeName)
  return [...errors, ...conflictErrors(names, path, scopes)]
}

export function quotaUpdateErrors(quota: ResourceQuota, old: ResourceQuota, subresource: string | undefined): FieldError[] {
  if (subresource === 'status') return [...listErrors(quota.status.hard, 'status.hard'), ...listErrors(quota.status.used, 'status.used')]
  const scopes = ({ spec }: ResourceQuota) => [...new Set(spec.scopes)].toSorted()
  return sameJson(scopes(quota), scopes(old)) ? [] : [invalid('spec.scopes', quota.spec.scopes, IMMUTABLE)]
}
