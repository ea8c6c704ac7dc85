/** Functions as the checker and the evaluator know them: overloads with their types, what they do and what they cost. */

import type { Type } from './type.ts'
import type { Value } from './value.ts'

export interface Overload {
  /** Upstream's name of it. */
  readonly id: string
  readonly args: readonly Type[]
  readonly result: Type
  /** Called as `args[0].f(args[1], ...)` rather than `f(args[0], ...)`. */
  readonly member?: boolean
  /** Whether it takes these values; absent: what the types say. */
  readonly accepts?: (args: readonly Value[]) => boolean
  /** Throws `CelError`. */
  readonly call: (args: readonly Value[]) => Value
  /** Units of cost of one call, beyond those of its arguments. 1 unless said otherwise. */
  readonly cost?: (args: readonly Value[], result: Value) => number
}

export interface FunctionDeclaration {
  readonly name: string
  readonly overloads: readonly Overload[]
}

/** Shorter than the literal: a function by its name. */
export function declare(name: string, ...overloads: readonly Overload[]): FunctionDeclaration {
  return { name, overloads }
}
