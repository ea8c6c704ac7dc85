/** CEL expressions over one JSON value, as the configurations of authentication and authorization have them. */

import { compile, ExpressionError } from '#cel/compile.ts'
import type { Expression as Node } from '#cel/expression.ts'
import { jsonValue } from '#cel/json-value.ts'
import { sameType, shownType, type Type } from '#cel/type.ts'
import { List, type Value } from '#cel/value.ts'

export interface Expression {
  readonly source: string
  readonly tree: Node
  readonly type: Type
  /** Throws `CelError`. */
  run(value: unknown): Value
}

/** `result` is the type it must have; absent: any. Throws `ExpressionError`, whose message is upstream's. */
export function compileFor(variable: string, type: Type, source: string, result?: Type): Expression {
  const compiled = compile(source, { variables: new Map([[variable, type]]) })
  if (result && !sameType(compiled.type, result)) throw new ExpressionError(`must evaluate to ${shownType(result)}`)
  return {
    source,
    tree: compiled.tree,
    type: compiled.type,
    run(value) {
      const outcome = compiled.evaluate((name) => (name === variable ? jsonValue(value) : undefined))
      if (outcome.error) throw outcome.error
      return outcome.value
    },
  }
}

/** A string, or a list of strings, without empty ones; undefined for anything else. */
export function stringsOf(value: Value): readonly string[] | undefined {
  if (value === null) return []
  const items = typeof value === 'string' ? [value] : value instanceof List ? [...value] : undefined
  return items?.every((item) => typeof item === 'string') ? (items as readonly string[]).filter((item) => item !== '') : undefined
}

/** Whether the expression looks at `variable.field` anywhere. */
export function selects(node: Node, variable: string, field: string): boolean {
  const any = (...parts: readonly (Node | undefined)[]) => parts.some((part) => part !== undefined && selects(part, variable, field))
  const isVariable = (part: Node | undefined) => part?.kind === 'ident' && part.name === variable
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return false
    case 'select':
      return (isVariable(node.operand) && node.field === field) || any(node.operand)
    case 'call': {
      const [operand, name] = node.args
      if (node.function === '_?._' && isVariable(operand) && name?.kind === 'literal' && name.value === field) return true
      return any(node.target, ...node.args)
    }
    case 'list':
      return any(...node.elements)
    case 'map':
      return any(...node.entries.flatMap((e) => [e.key, e.value]))
    case 'struct':
      return any(...node.fields.map((f) => f.value))
    case 'comprehension':
      return any(node.range, node.init, node.condition, node.step, node.result)
  }
}
