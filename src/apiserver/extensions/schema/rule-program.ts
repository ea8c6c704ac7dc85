/** Compiles the rules of a schema. */

import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'
import { compile, ExpressionError, type CompiledExpression } from '#cel/compile.ts'
import type { Expression } from '#cel/expression.ts'
import { none, some } from '#cel/optional.ts'
import { schemaType, type SchemaType } from '#cel/schema-type.ts'
import { schemaValue } from '#cel/schema-value.ts'
import { BOOL, optionalOf, sameType, STRING, type Type } from '#cel/type.ts'
import { CostExceeded, type Value } from '#cel/value.ts'
import type { CompiledRule, Evaluation } from './rule-tree.ts'

/** One for each of the schema's rules. */
export function compileRules(schema: JsonSchema, isObject: boolean): readonly CompiledRule[] {
  const self = schemaType(schema, { root: isObject, name: 'selfType' })
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => (self === undefined ? UNTYPED : compileRule(self, rule)))
}

const UNTYPED: CompiledRule = { ...broken('unable to convert structural schema to CEL declarations'), isUntyped: true }

function broken(problem: string): CompiledRule {
  return { problem, usesOldSelf: false, run: () => ({ error: problem, cost: 0 }) }
}

function compileRule(self: SchemaType, { rule = '', messageExpression = '', optionalOldSelf = false }: ValidationRule): CompiledRule {
  const variables = new Map([
    ['self', self.type],
    ['oldSelf', optionalOldSelf ? optionalOf(self.type) : self.type],
  ])
  const sizes = new Map([...variables.keys()].map((name) => [name, self]))
  const compiled = compiledAs(rule, variables, BOOL, 'cel expression must evaluate to a bool')
  if (typeof compiled === 'string') return broken(compiled)
  const runner = (expression: CompiledExpression, isOptional: boolean) => (value: unknown, old: unknown) =>
    evaluated(expression, (name) => {
      if (name === 'self') return schemaValue(value, self)
      if (name !== 'oldSelf') return undefined
      const known = old === undefined ? undefined : schemaValue(old, self)
      return isOptional ? (known === undefined ? none : some(known)) : known
    })
  const made: CompiledRule = {
    usesOldSelf: mentions(compiled.tree, 'oldSelf'),
    bytesMin: self.bytesMin,
    costMax: () => compiled.estimate(sizes).max,
    run: runner(compiled, optionalOldSelf),
  }
  if (messageExpression === '') return made
  const message = compiledAs(messageExpression, variables, STRING, 'messageExpression must evaluate to a string')
  if (typeof message !== 'string') return { ...made, message: runner(message, false), messageCostMax: () => message.estimate(sizes).max }
  return { ...made, messageProblem: message.replace(/^compilation failed/, 'messageExpression compilation failed') }
}

/** What is wrong with it in place of what cannot be compiled. */
function compiledAs(source: string, variables: ReadonlyMap<string, Type>, type: Type, otherwise: string): CompiledExpression | string {
  try {
    const compiled = compile(source, { variables })
    return sameType(compiled.type, type) ? compiled : otherwise
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
}

function evaluated(expression: CompiledExpression, variables: (name: string) => Value | undefined): Evaluation {
  const { value, error, cost } = expression.evaluate(variables)
  if (error) return { error: error.message, cost, ...(error instanceof CostExceeded && { isTooCostly: true }) }
  return typeof value === 'boolean' || typeof value === 'string' ? { value, cost } : { cost }
}

/** Whether the expression looks at the variable anywhere, other than under a name of its own. */
function mentions(e: Expression, variable: string): boolean {
  const inside = (part: Expression | undefined) => part !== undefined && mentions(part, variable)
  switch (e.kind) {
    case 'literal':
      return false
    case 'ident':
      return e.name.replace(/^\./, '') === variable
    case 'select':
      return inside(e.operand)
    case 'call':
      return inside(e.target) || e.args.some(inside)
    case 'list':
      return e.elements.some(inside)
    case 'map':
      return e.entries.some(({ key, value }) => inside(key) || inside(value))
    case 'struct':
      return e.fields.some(({ value }) => inside(value))
    case 'comprehension': {
      const isHidden = e.iterVar === variable || e.iterVar2 === variable
      return inside(e.range) || inside(e.init) || (!isHidden && [e.condition, e.step, e.result].some(inside))
    }
  }
}
