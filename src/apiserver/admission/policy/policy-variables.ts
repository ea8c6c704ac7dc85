/** The variables of a policy: each is evaluated when an expression first asks for it, and its cost counts towards that expression's. */

import { compileExpressionFor, OutOfBudget, type AdmissionExpression, type Uses } from './admission-expressions.ts'
import type { Variable } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { Budget, CompileOptions } from '#cel/compile.ts'
import type { Activation } from '#cel/evaluate.ts'
import { DYN, type Type } from '#cel/type.ts'
import { CelError, CelMap, type Value } from '#cel/value.ts'

export interface CompiledVariables {
  readonly type: Type
  readonly expressions: ReadonlyMap<string, AdmissionExpression>
}

/** Each may use those before it. */
export function compileVariables(variables: readonly Variable[], uses: Uses, more?: Partial<CompileOptions>): CompiledVariables {
  const expressions = new Map<string, AdmissionExpression>()
  const fields = new Map<string, Type>()
  const type: Type = { kind: 'object', name: 'kubernetes.variables', fields: () => fields }
  for (const { name, expression } of variables) {
    const compiled = compileExpressionFor(expression, { ...uses, variables: type }, undefined, more)
    expressions.set(name, compiled)
    fields.set(name, compiled.compiled?.type ?? DYN)
  }
  return { type, expressions }
}

/** `activation` with `variables` on top; their cost is taken from `budget`. */
export function withVariables({ expressions }: CompiledVariables, activation: Activation, budget: Budget): Activation {
  if (expressions.size === 0) return activation
  const all: Activation = (name) => (name === 'variables' ? values : activation(name))
  const values = new Variables(expressions, all, budget)
  return all
}

class Variables extends CelMap {
  readonly #expressions: ReadonlyMap<string, AdmissionExpression>
  readonly #activation: Activation
  readonly #budget: Budget
  readonly #known = new Map<string, Value | CelError>()

  constructor(expressions: ReadonlyMap<string, AdmissionExpression>, activation: Activation, budget: Budget) {
    super()
    this.#expressions = expressions
    this.#activation = activation
    this.#budget = budget
  }

  get size(): number {
    return this.#expressions.size
  }

  keys(): Iterable<Value> {
    return this.#expressions.keys()
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    let known = this.#known.get(key)
    if (known === undefined) {
      const expression = this.#expressions.get(key)
      if (expression === undefined) return undefined
      known = this.#evaluated(key, expression)
      this.#known.set(key, known)
    }
    if (known instanceof CelError) throw known
    return known
  }

  #evaluated(name: string, { compiled, mistake }: AdmissionExpression): Value | CelError {
    const shown = JSON.stringify(name)
    if (compiled === undefined) return new CelError(`composited variable ${shown} fails to compile: ${mistake}`)
    const { value, error } = compiled.evaluate(this.#activation, this.#budget)
    if (this.#budget.remaining < 0) throw new OutOfBudget()
    return error ? new CelError(`composited variable ${shown} fails to evaluate: ${error.message}`) : value!
  }
}
