/** The rules of what steers a pod to nodes: selectors, affinity, tolerations, spreading. */

import type { Affinity, PodAffinityTerm } from './affinity.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'
import type { NodeSelectorTerm } from './node-selector.ts'
import type { TopologySpreadConstraint } from './pod.ts'
import type { Toleration } from './toleration.ts'
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '#schema/names.ts'
import { selectorErrors } from '#schema/selector.ts'

const WEIGHT_MAX = 100
const NODE_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']

export function tolerationErrors(tolerations: readonly Toleration[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, toleration] of tolerations.entries()) {
    const at = `${path}[${index}]`
    const { key = '', operator = 'Equal', value = '', effect = '' } = toleration
    if (key !== '') errors.push(...invalidEach(`${at}.key`, key, qualifiedName(key)))
    else if (operator !== 'Exists')
      errors.push(
        invalid(
          `${at}.operator`,
          toleration.operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if (operator === 'Equal') {
      const problems = labelValue(value)
      if (problems.length > 0) errors.push(invalid(`${at}.operator`, value, problems.join(';')))
    } else if (operator === 'Exists' && value !== '')
      errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    // Comparing numbers is off by default.
    else if (operator === 'Lt' || operator === 'Gt') errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']))
    else if (operator !== 'Exists') errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
  }
  return errors
}

export function affinityErrors(affinity: Affinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return []
  const errors: FieldError[] = []
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const hard = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (hard)
    errors.push(...nodeSelectorErrors(hard.nodeSelectorTerms ?? [], `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`))
  for (const [index, term] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
    errors.push(...weightErrors(term.weight, `${at}.weight`), ...nodeSelectorTermErrors(term.preference, `${at}.preference`, true))
  }
  for (const [name, terms] of [
    ['podAffinity', podAffinity],
    ['podAntiAffinity', podAntiAffinity],
  ] as const) {
    for (const [index, term] of (terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries())
      errors.push(...podTermErrors(term, `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`))
    for (const [index, term] of (terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const at = `${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
      errors.push(...weightErrors(term.weight, `${at}.weight`), ...podTermErrors(term.podAffinityTerm, `${at}.podAffinityTerm`))
    }
  }
  return errors
}

function weightErrors(weight: number, path: string): FieldError[] {
  return weight >= 1 && weight <= WEIGHT_MAX ? [] : [invalid(path, weight, 'must be in the range 1-100')]
}

/** No terms at all (`undefined`) means that there is no selector; an empty list is refused. */
export function nodeSelectorErrors(terms: readonly NodeSelectorTerm[] | undefined, path: string): FieldError[] {
  if (terms?.length === 0) return [required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term')]
  return (terms ?? []).flatMap((term, index) => nodeSelectorTermErrors(term, `${path}.nodeSelectorTerms[${index}]`))
}

/** Terms that are missing altogether are the declaration's to blame. */
function nodeSelectorTermErrors(term: NodeSelectorTerm | undefined, path: string, allowInvalidValues = false): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { key, operator, values = [] }] of (term?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1)
      errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    if (!NODE_OPERATORS.includes(operator ?? '')) errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    errors.push(...invalidEach(`${at}.key`, key ?? '', qualifiedName(key ?? '')))
    if (!allowInvalidValues)
      for (const [i, value] of values.entries()) errors.push(...invalidEach(`${at}.values[${i}]`, value, labelValue(value)))
  }
  for (const [index, { key, operator, values = [] }] of (term?.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`
    if (operator !== 'In' && operator !== 'NotIn') errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    else if (values.length !== 1)
      errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
    if (key !== 'metadata.name') errors.push(invalid(`${at}.key`, key ?? '', 'not a valid field selector key'))
    else for (const [i, value] of values.entries()) errors.push(...invalidEach(`${at}.values[${i}]`, value, dns1123Subdomain(value)))
  }
  return errors
}

function podTermErrors(term: PodAffinityTerm | undefined, path: string): FieldError[] {
  if (term === undefined) return []
  const { matchLabelKeys = [], mismatchLabelKeys = [], topologyKey, labelSelector } = term
  const errors = [
    ...selectorErrors(labelSelector, `${path}.labelSelector`),
    ...selectorErrors(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => invalidEach(`${path}.namespace`, name, dns1123Label(name))),
    ...labelKeyErrors(matchLabelKeys, mismatchLabelKeys, labelSelector, path),
  ]
  if (!topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'))
  return [...errors, ...invalidEach(`${path}.topologyKey`, topologyKey ?? '', qualifiedName(topologyKey ?? ''))]
}

/**
 * Labels whose values are the pod's own. When this is looked at, those values are in the selector already, at its end: a key that
 * is there earlier was there before.
 */
function labelKeyErrors(
  match: readonly string[],
  mismatch: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, keys] of [
    ['matchLabelKeys', match],
    ['mismatchLabelKeys', mismatch],
  ] as const) {
    if (keys.length > 0 && selector === undefined)
      errors.push(forbidden(`${path}.${name}`, 'must not be specified when labelSelector is not set'))
    else for (const [index, key] of keys.entries()) errors.push(...invalidEach(`${path}.${name}[${index}]`, key, qualifiedName(key)))
  }
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = match.lastIndexOf(key)
    if (index >= 0 && seen.has(key)) errors.push(invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'))
    seen.add(key)
  }
  for (const [index, key] of match.entries())
    if (mismatch.includes(key))
      errors.push(invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'))
  return errors
}

export function spreadErrors(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable, minDomains, matchLabelKeys = [], labelSelector } = constraint
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    if (whenUnsatisfiable === undefined) errors.push(notSupported(`${at}.whenUnsatisfiable`, '', ['DoNotSchedule', 'ScheduleAnyway']))
    const again = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === constraint.topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)
    if (again) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable ?? ''}}`))
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalid(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ''}`,
          ),
        )
    }
    return [...errors, ...labelKeyErrors(matchLabelKeys, [], labelSelector, at), ...selectorErrors(labelSelector, `${at}.labelSelector`)]
  })
}
