/** CEL expressions over one JSON value, as the configurations of authentication and authorization have them. */

import { compileExpression } from '#cel/environment.ts'
import { CelSyntaxError, type Expression as Node } from '#cel/expression.ts'
import { sameType, shownType, type Type } from '#cel/type.ts'
import { ArrayList, CelMap, List, type Value } from '#cel/value.ts'

export interface Expression {
  readonly source: string
  readonly tree: Node
  /** Throws `CelError`. */
  run(value: unknown): Value
}

/** The expression is of no use; the message is upstream's. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

// Upstream's bound for one expression; what a token makes an expression do must not hold up the server.
const COST_MAX = 10_000_000

/** `result` is the type it must have; absent: any. Throws `ExpressionError`. */
export function compileFor(variable: string, type: Type, source: string, result?: Type): Expression {
  try {
    const { checked, program } = compileExpression(source, { variables: new Map([[variable, type]]) })
    if (result !== undefined && !sameType(checked.type, result)) throw new ExpressionError(`must evaluate to ${shownType(result)}`)
    return {
      source,
      tree: checked.expression,
      run: (value) => program.run((name) => (name === variable ? celValue(value) : undefined), COST_MAX).value,
    }
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error
    throw new ExpressionError(`compilation failed: ${located(error, source)}`, { cause: error })
  }
}

function located({ message, line, column }: CelSyntaxError, source: string): string {
  const shown = source.split('\n')[line - 1] ?? ''
  return `ERROR: <input>:${line}:${column}: ${message}\n | ${shown}\n | ${'.'.repeat(column - 1)}^`
}

/** JSON as CEL sees it: whole numbers are ints. */
export function celValue(json: unknown): Value {
  if (Array.isArray(json)) return new ArrayList(json.map(celValue))
  if (typeof json === 'object' && json !== null) return new JsonMap(json as Readonly<Record<string, unknown>>)
  if (typeof json === 'number' && Number.isInteger(json) && !Object.is(json, -0)) return BigInt(json)
  return json as string | number | boolean | null
}

class JsonMap extends CelMap {
  readonly #object: Readonly<Record<string, unknown>>

  constructor(object: Readonly<Record<string, unknown>>) {
    super()
    this.#object = object
  }

  get size(): number {
    return Object.keys(this.#object).length
  }

  get(key: Value): Value | undefined {
    return typeof key === 'string' && Object.hasOwn(this.#object, key) ? celValue(this.#object[key]) : undefined
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#object)
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
