/** What is refused in a Job's say about when it has succeeded early. */

import { MalformedIndexes, countIndexes } from './job-indexes.ts'
import type { JobSpec, SuccessPolicyRule } from './job.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { invalid, required, tooLong, tooMany, type FieldError } from '#schema/field-error.ts'

const RULES_MAX = 20
const INDEXES_BYTES_MAX = 64 * 1024

export function successPolicyErrors(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.successPolicy!
  if (spec.completionMode !== 'Indexed') return [invalid(path, policy, 'requires indexed completion mode')]
  const rules = policy.rules ?? []
  const at = `${path}.rules`
  const errors: FieldError[] = []
  if (rules.length === 0) errors.push(required(at, 'at least one rules must be specified when the successPolicy is specified'))
  if (rules.length > RULES_MAX) errors.push(tooMany(at, rules.length, RULES_MAX))
  return [...errors, ...rules.flatMap((rule, index) => ruleErrors(rule, spec.completions ?? 0, `${at}[${index}]`))]
}

function ruleErrors({ succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'))
  let indexes = 0
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`
    if (Buffer.byteLength(succeededIndexes) > INDEXES_BYTES_MAX) errors.push(tooLong(at, INDEXES_BYTES_MAX))
    try {
      indexes = countIndexes(succeededIndexes, completions)
    } catch (error) {
      if (!(error instanceof MalformedIndexes)) throw error
      errors.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${error.message}`))
    }
  }
  if (succeededCount === undefined) return errors
  const at = `${path}.succeededCount`
  errors.push(...notNegativeErrors(succeededCount, at))
  const refuse = (most: number, what: string) =>
    errors.push(invalid(at, succeededCount, `must be less than or equal to ${most} (the number of ${what})`))
  if (succeededCount > completions) refuse(completions, 'specified completions')
  if (succeededIndexes !== undefined && succeededCount > indexes) refuse(indexes, 'indexes in the specified succeededIndexes field')
  return errors
}
