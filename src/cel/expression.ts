/** The tree of a CEL expression, macros already expanded, as the language definition's syntax.proto has it. */

import type { Literal } from './value.ts'

interface Node {
  /** Unique within its expression. */
  readonly id: number
  /** Where it begins in the source, in UTF-16 code units. */
  readonly at: number
}

export type Expression = Node &
  (
    | { readonly kind: 'literal'; readonly value: Literal }
    | { readonly kind: 'ident'; readonly name: string }
    /** `operand.field`; with `test`, whether the field is there: `has(operand.field)`. */
    | { readonly kind: 'select'; readonly operand: Expression; readonly field: string; readonly test: boolean }
    /** Operators are calls of functions such as `_+_`, `_[_]` and `_?_:_`. */
    | { readonly kind: 'call'; readonly function: string; readonly target?: Expression; readonly args: readonly Expression[] }
    /** `optional` holds the places of the elements written `?e`. */
    | { readonly kind: 'list'; readonly elements: readonly Expression[]; readonly optional: ReadonlySet<number> }
    | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
    | { readonly kind: 'struct'; readonly type: string; readonly fields: readonly StructField[] }
    | ({ readonly kind: 'comprehension' } & Comprehension)
  )

export interface MapEntry {
  readonly id: number
  readonly key: Expression
  readonly value: Expression
  readonly optional: boolean
}

export interface StructField {
  readonly id: number
  readonly name: string
  readonly value: Expression
  readonly optional: boolean
}

/** A fold: `accu = init; for (iter in range) { if (!condition) break; accu = step }; result`. */
export interface Comprehension {
  readonly iterVar: string
  /** The second variable of the two-variable macros: the value, where `iterVar` is the key or index. */
  readonly iterVar2?: string
  readonly range: Expression
  readonly accuVar: string
  readonly init: Expression
  readonly condition: Expression
  readonly step: Expression
  readonly result: Expression
}

/** The expressions directly within one. */
export function partsOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'literal':
    case 'ident':
      return []
    case 'select':
      return [e.operand]
    case 'call':
      return e.target ? [e.target, ...e.args] : e.args
    case 'list':
      return e.elements
    case 'map':
      return e.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return e.fields.map(({ value }) => value)
    case 'comprehension':
      return [e.range, e.init, e.condition, e.step, e.result]
  }
}

/** A mistake and where it is; `line` and `column` count from 1. */
export interface Problem {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** The expression does not parse, does not type-check, or is too large. The message and the place are those of its first mistake. */
export class CelSyntaxError extends Error implements Problem {
  override readonly name = 'CelSyntaxError'
  readonly line: number
  readonly column: number
  /** All mistakes, in the order of their places. */
  readonly problems: readonly Problem[]

  constructor(message: string, line: number, column: number, others: readonly Problem[] = []) {
    super(message)
    this.line = line
    this.column = column
    this.problems = [{ message, line, column }, ...others]
  }
}
