/** Match conditions: further demands on requests, which webhooks and policies make in CEL. */

import { compileExpressionFor, evaluated, OutOfBudget, type AdmissionExpression, type Uses } from './admission-expressions.ts'
import type { Activation } from '#cel/evaluate.ts'
import { BOOL } from '#cel/type.ts'

const COST_MAX = 2_500_000 // a quarter of what the rest of a policy may cost

export interface MatchCondition {
  readonly name?: string
  readonly expression?: string
}

/** Whether a request matches; or why that cannot be told, which is for the failure policy to decide upon. */
export type Matched = boolean | { readonly errors: readonly string[] }

/** Of one webhook or policy. */
export type Conditions = (variables: Activation) => Matched

/** Conditions may throw `AnswerPending` where the authorizer takes time. */
export function compileConditions(conditions: readonly MatchCondition[], uses: Uses = {}): Conditions {
  const expressions = conditions.map(({ expression = '' }) => compileCondition(expression, uses))
  return (variables) => allHold(expressions, variables)
}

export function compileCondition(source: string, uses: Uses): AdmissionExpression {
  return compileExpressionFor(source, { ...uses, authorizer: true }, [BOOL])
}

/** One that does not hold decides, whatever is wrong with others. */
function allHold(expressions: readonly AdmissionExpression[], variables: Activation): Matched {
  const budget = { remaining: COST_MAX }
  const errors: string[] = []
  try {
    for (const expression of expressions) {
      const { value, error } = evaluated(expression, variables, budget)
      if (value === false) return false
      if (error !== undefined) errors.push(error)
    }
  } catch (error) {
    if (error instanceof OutOfBudget) return { errors: [error.message] }
    throw error
  }
  return errors.length === 0 ? true : { errors }
}

/** Several errors as one text. */
export function allErrors(errors: readonly string[]): string {
  return errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`
}
