/** Rules that webhooks and admission policies share: which requests they are about. */

import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from './mutating-admission-policy.ts'
import { duplicate, invalid, invalidEach, notSupported, required, tooMany, type FieldError } from '#schema/field-error.ts'
import { pathSegment, qualifiedName } from '#schema/names.ts'

const CONDITIONS_MAX = 64
const SCOPES = ['*', 'Cluster', 'Namespaced']
export const OPERATIONS: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
export const FAILURE_POLICIES: readonly string[] = ['Fail', 'Ignore']
export const MATCH_POLICIES: readonly string[] = ['Equivalent', 'Exact']
export const REINVOCATION_POLICIES: readonly string[] = ['IfNeeded', 'Never']

/** A closed set whose default was filled in before: only a value of one's own can be wrong. */
export function choiceErrors(value: string | undefined, path: string, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

export function ruleErrors(rule: RuleWithOperations, at: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  const errors = [
    ...filledErrors(operations, `${at}.operations`, 'operations'),
    ...operations.flatMap((operation, index) => choiceErrors(operation, `${at}.operations[${index}]`, OPERATIONS)),
    ...filledErrors(apiGroups, `${at}.apiGroups`, 'API groups'),
    ...filledErrors(apiVersions, `${at}.apiVersions`, 'API versions'),
  ]
  for (const [index, version] of apiVersions.entries()) if (version === '') errors.push(required(`${at}.apiVersions[${index}]`))
  return [...errors, ...resourceErrors(resources, `${at}.resources`), ...choiceErrors(scope, `${at}.scope`, SCOPES)]
}

function filledErrors(values: readonly string[], path: string, what: string): FieldError[] {
  if (values.length === 0) return [required(path)]
  return values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${what}`)] : []
}

function resourceErrors(resources: readonly string[], path: string): FieldError[] {
  const errors = resources.length === 0 ? [required(path)] : []
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  let plain = false
  for (const [index, name] of resources.entries()) {
    const at = `${path}[${index}]`
    if (name === '') {
      errors.push(required(at))
      continue
    }
    const slash = name.indexOf('/')
    if (slash < 0) {
      plain = name !== '*'
      continue
    }
    const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)]
    if (wholeResources.has(resource)) errors.push(invalid(at, name, `if '${resource}/*' is present, must not specify ${name}`))
    if (wholeSubresources.has(subresource)) errors.push(invalid(at, name, `if '*/${subresource}' is present, must not specify ${name}`))
    if (subresource === '*') wholeResources.add(resource)
    if (resource === '*') wholeSubresources.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && plain)
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
  return errors
}

export function matchResourcesErrors(match: MatchResources | undefined, at: string): FieldError[] {
  if (match === undefined) return []
  const errors = choiceErrors(match.matchPolicy, `${at}.matchPolicy`, MATCH_POLICIES)
  for (const member of ['resourceRules', 'excludeResourceRules'] as const)
    for (const [index, rule] of (match[member] ?? []).entries()) errors.push(...namedRuleErrors(rule, `${at}.${member}[${index}]`))
  return errors
}

function namedRuleErrors(rule: NamedRuleWithOperations, at: string): FieldError[] {
  const names = rule.resourceNames ?? []
  const errors = names.flatMap((name, index) => [
    ...invalidEach(`${at}.resourceNames[${index}]`, name, pathSegment(name)),
    ...(names.indexOf(name) < index ? [duplicate(`${at}.resourceNames[${index}]`, name)] : []),
  ])
  return [...errors, ...ruleErrors(rule, at)]
}

/** Missing names are the declaration's to blame. */
export function conditionErrors(conditions: readonly MatchCondition[] | undefined, path: string): FieldError[] {
  const list = conditions ?? []
  const errors = list.length > CONDITIONS_MAX ? [tooMany(path, list.length, CONDITIONS_MAX)] : []
  const names = new Set<string>()
  for (const [index, { name = '', expression = '' }] of list.entries()) {
    const at = `${path}[${index}]`
    if (expression.trim() === '') errors.push(required(`${at}.expression`))
    if (name === '') continue
    errors.push(...invalidEach(`${at}.name`, name, qualifiedName(name)))
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
  }
  return errors
}

export function matchDefaults({ matchPolicy, namespaceSelector, objectSelector }: MatchResources): Partial<MatchResources> {
  return {
    matchPolicy: matchPolicy ?? 'Equivalent',
    namespaceSelector: namespaceSelector ?? {},
    objectSelector: objectSelector ?? {},
  }
}
