/** From source to an expression that can be run and whose cost is known before, with mistakes told as upstream tells them. */

import { compileExpression, type Environment } from './environment.ts'
import { estimateCost } from './estimate.ts'
import type { Range } from './estimate-range.ts'
import type { Checked } from './check.ts'
import type { Activation, Outcome, Program } from './evaluate.ts'
import { CelSyntaxError, type Expression, type Problem } from './expression.ts'
import type { SchemaType } from './schema-type.ts'
import { isAssignable, shownType, type Type } from './type.ts'

export interface CompiledExpression {
  readonly source: string
  readonly type: Type
  readonly tree: Expression
  /** What it may cost by the sizes its variables may have; of those without a schema nothing is known. */
  estimate(schemas: ReadonlyMap<string, SchemaType>): Range
  /** One call, at most `PER_CALL_COST_MAX`, and what is left of `budget`, from which the cost is taken. */
  evaluate(variables: Activation, budget?: Budget): Outcome
}

/** What all expressions together may still cost; goes below zero once they cost more. */
export interface Budget {
  remaining: number
}

/** Of one call of one expression; about a tenth of a second. */
export const PER_CALL_COST_MAX = 1_000_000
/** Of all expressions a policy, or a custom resource, evaluates for one request. */
export const PER_REQUEST_COST_MAX = 10_000_000

/** The expression is of no use. The message is upstream's. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

export interface CompileOptions extends Environment {
  /** The types the expression may have; absent: any. */
  readonly results?: readonly Type[]
}

/** Throws `ExpressionError`, in whose message the mistakes stand under the source. */
export function compile(source: string, options: CompileOptions): CompiledExpression {
  const { checked, program } = compiled(source, options)
  const { results } = options
  if (results && !results.some((wanted) => isResult(checked.type, wanted)))
    throw new ExpressionError(
      `must evaluate to ${results.length === 1 ? named(results[0]!) : `one of [${results.map(named).join(' ')}]`} but got ${named(checked.type)}`,
    )
  return new Expressed(source, checked, program)
}

class Expressed implements CompiledExpression {
  readonly source: string
  readonly #checked: Checked
  readonly #program: Program

  constructor(source: string, checked: Checked, program: Program) {
    this.source = source
    this.#checked = checked
    this.#program = program
  }

  get type(): Type {
    return this.#checked.type
  }

  get tree(): Expression {
    return this.#checked.expression
  }

  estimate(schemas: ReadonlyMap<string, SchemaType>): Range {
    return estimateCost(this.#checked, schemas)
  }

  evaluate(variables: Activation, budget?: Budget): Outcome {
    const outcome = this.#program.evaluate(variables, PER_CALL_COST_MAX)
    if (budget) budget.remaining -= outcome.cost
    return outcome
  }
}

/** As the language names types, which is not how its checker shows null. */
function named(type: Type): string {
  return type.kind === 'null' ? 'null_type' : shownType(type)
}

function compiled(source: string, environment: Environment) {
  try {
    return compileExpression(source, { strictLiterals: true, ...environment })
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error
    throw new ExpressionError(`compilation failed: ${error.problems.map((problem) => located(problem, source)).join('\n')}`, {
      cause: error,
    })
  }
}

/** Exactly that type: an expression that may be anything is no bool. */
function isResult(type: Type, wanted: Type): boolean {
  return wanted.kind === 'dyn' || (type.kind === wanted.kind && isAssignable(new Map(), type, wanted))
}

/** A mistake with the line it is in and a mark below its place. */
function located({ message, line, column }: Problem, source: string): string {
  const shown = (source.split('\n')[line - 1] ?? '').replaceAll('\t', ' ')
  const before = [...shown.slice(0, column - 1)].map((c) => (isWide(c) ? '．' : '.')).join('')
  const mark = isWide([...shown.slice(column - 1)][0] ?? '') ? '＾' : '^'
  return `ERROR: <input>:${line}:${column}: ${message}\n | ${shown}\n | ${before}${mark}`
}

function isWide(character: string): boolean {
  return Buffer.byteLength(character) > 1
}
