/** The rules of what steers a pod to nodes: selectors, affinity, tolerations, spreading. */

import type { Affinity, PodAffinityTerm } from './affinity.ts'
import type { NodeSelectorTerm } from './node-selector.ts'
import type { TopologySpreadConstraint } from './pod.ts'
import type { Toleration } from './toleration.ts'
import { duplicate, forbidden, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { labelValue, qualifiedName } from '#schema/names.ts'

const WEIGHT_MAX = 100

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
      errors.push(invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"))
  }
  return errors
}

export function affinityErrors(affinity: Affinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return []
  const errors: FieldError[] = []
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const hard = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (hard)
    errors.push(...nodeSelectorErrors(hard.nodeSelectorTerms, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`))
  for (const [index, term] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
    errors.push(...weightErrors(term.weight, `${at}.weight`), ...nodeSelectorTermErrors(term.preference, `${at}.preference`))
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

export function nodeSelectorErrors(terms: readonly NodeSelectorTerm[] | undefined, path: string): FieldError[] {
  return (terms ?? []).flatMap((term, index) => nodeSelectorTermErrors(term, `${path}.nodeSelectorTerms[${index}]`))
}

/** Terms that are missing altogether are the declaration's to blame. */
function nodeSelectorTermErrors(term: NodeSelectorTerm | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { key, operator, values = [] }] of (term?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1)
      errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    if (key !== '') errors.push(...invalidEach(`${at}.key`, key, qualifiedName(key)))
    if (operator === 'In' || operator === 'NotIn')
      for (const [i, value] of values.entries()) errors.push(...invalidEach(`${at}.values[${i}]`, value, labelValue(value)))
  }
  for (const [index, { key, operator, values = [] }] of (term?.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`
    if (operator !== 'In' && operator !== 'NotIn') errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    else if (values.length !== 1)
      errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
    if (key !== 'metadata.name') errors.push(invalid(`${at}.key`, key, 'not a valid field selector key'))
  }
  return errors
}

function podTermErrors(term: PodAffinityTerm | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (term?.topologyKey) errors.push(...invalidEach(`${path}.topologyKey`, term.topologyKey, qualifiedName(term.topologyKey)))
  return errors
}

export function spreadErrors(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`
    if (constraint.maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero'))
    if (constraint.topologyKey !== '')
      errors.push(...invalidEach(`${at}.topologyKey`, constraint.topologyKey, qualifiedName(constraint.topologyKey)))
    const pair = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`
    if (seen.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair))
    seen.add(pair)
    const { minDomains } = constraint
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
      if (constraint.whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalid(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`,
          ),
        )
    }
  }
  return errors
}
