/** What expressions about requests may use, and how lists of them are compiled and evaluated within a budget. */

import { admissionVariables, type AdmissionVariables } from '#cel/admission-variables.ts'
import { compile, ExpressionError, type Budget, type CompiledExpression, type CompileOptions } from '#cel/compile.ts'
import type { Activation } from '#cel/evaluate.ts'
import type { Type } from '#cel/type.ts'
import type { Value } from '#cel/value.ts'

export type Uses = Pick<AdmissionVariables, 'params' | 'authorizer' | 'variables'>

/** What has been compiled, or why it could not be. */
export type AdmissionExpression =
  | { readonly source: string; readonly compiled: CompiledExpression; readonly mistake?: undefined }
  | { readonly source: string; readonly compiled?: undefined; readonly mistake: string }

/** `more`: what else is declared, on top of what all expressions about requests may use. */
export function compileExpressionFor(
  source: string,
  uses: Uses,
  results?: readonly Type[],
  more?: Partial<CompileOptions>,
): AdmissionExpression {
  try {
    const variables = new Map([...admissionVariables(uses), ...(more?.variables ?? [])])
    return { source, compiled: compile(source, { ...more, variables, ...(results && { results }) }) }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { source, mistake: error.message }
  }
}

/** Why an expression gave no value; or the value. */
export type Evaluated = { readonly value: Value; readonly error?: undefined } | { readonly value?: undefined; readonly error: string }

/** All expressions together cost more than they may; nothing else is evaluated. */
export class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget'

  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

/** Throws `OutOfBudget`, and `AnswerPending` where the authorizer takes time. */
export function evaluated({ source, compiled, mistake }: AdmissionExpression, variables: Activation, budget: Budget): Evaluated {
  if (compiled === undefined) return { error: `compilation error: ${mistake}` }
  const outcome = compiled.evaluate(variables, budget)
  if (budget.remaining < 0) throw new OutOfBudget()
  return outcome.error ? { error: `expression '${source}' resulted in error: ${outcome.error.message}` } : outcome
}
