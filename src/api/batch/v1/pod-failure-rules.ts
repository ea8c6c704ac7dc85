/** What is refused in a Job's say about failed pods. */

import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from './job.ts'
import { OMITTED, duplicate, invalid, invalidEach, notSupported, quoted, required, tooMany, type FieldError } from '#schema/field-error.ts'
import { qualifiedName } from '#schema/names.ts'

const RULES_MAX = 20
const EXIT_CODES_MAX = 255
const CONDITIONS_MAX = 20

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']

export function podFailurePolicyErrors(spec: JobSpec, path: string): FieldError[] {
  if (spec.podFailurePolicy === undefined) return []
  const rules = spec.podFailurePolicy.rules ?? []
  const errors = rules.length > RULES_MAX ? [tooMany(`${path}.rules`, rules.length, RULES_MAX)] : []
  const pod = spec.template?.spec
  const containers = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name))
  return [...errors, ...rules.flatMap((rule, index) => ruleErrors(rule, spec, `${path}.rules[${index}]`, containers))]
}

/** A policy about failed pods must wait for their end: only then is known why they failed. */
export function podReplacementErrors({ podReplacementPolicy: policy, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  const supported = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']
  return policy === undefined || supported.includes(policy) ? [] : [notSupported(path, policy, supported)]
}

function ruleErrors(rule: PodFailurePolicyRule, spec: JobSpec, path: string, containers: ReadonlySet<string>): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const errors: FieldError[] = []
  const at = `${path}.action`
  if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) errors.push(invalid(at, action, 'requires the backoffLimitPerIndex to be set'))
  } else errors.push(...wordErrors(action, at, ACTIONS))
  if (onExitCodes) errors.push(...exitCodeErrors(onExitCodes, `${path}.onExitCodes`, containers))
  errors.push(...conditionsErrors(onPodConditions, `${path}.onPodConditions`))
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(invalid(path, OMITTED, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(invalid(path, OMITTED, 'specifying one of OnExitCodes and OnPodConditions is required'))
  return errors
}

/** One of a few words; which ones is said even when there is none. */
function wordErrors(word: string | undefined, path: string, words: readonly string[]): FieldError[] {
  if (!word) return [required(path, `valid values: [${words.map(quoted).join(' ')}]`)]
  return words.includes(word) ? [] : [notSupported(path, word, words)]
}

function exitCodeErrors(
  { operator, containerName, values = [] }: PodFailurePolicyOnExitCodesRequirement,
  path: string,
  containers: ReadonlySet<string>,
): FieldError[] {
  const errors = wordErrors(operator, `${path}.operator`, OPERATORS)
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'))
  const at = `${path}.values`
  if (values.length === 0) errors.push(invalid(at, values, 'at least one value is required'))
  else if (values.length > EXIT_CODES_MAX) errors.push(tooMany(at, values.length, EXIT_CODES_MAX))
  const seen = new Set<number>()
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.push(invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator'))
    if (seen.has(value)) errors.push(duplicate(`${at}[${index}]`, value))
    seen.add(value)
  }
  if (values.some((value, index) => index > 0 && values[index - 1]! > value)) errors.push(invalid(at, values, 'must be ordered'))
  return errors
}

function conditionsErrors(patterns: readonly PodFailurePolicyOnPodConditionsPattern[], path: string): FieldError[] {
  const errors = patterns.length > CONDITIONS_MAX ? [tooMany(path, patterns.length, CONDITIONS_MAX)] : []
  for (const [index, { type = '', status }] of patterns.entries()) {
    errors.push(...invalidEach(`${path}[${index}].type`, type, qualifiedName(type)))
    errors.push(...wordErrors(status, `${path}[${index}].status`, STATUSES))
  }
  return errors
}
