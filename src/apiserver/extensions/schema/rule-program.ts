/** Compiles the rules of a schema, and runs each within what one may cost. */

import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'
import { compileExpression, type Compiled } from '#cel/environment.ts'
import { CostExceeded } from '#cel/evaluate.ts'
import { CelSyntaxError } from '#cel/expression.ts'
import { none, some } from '#cel/optional.ts'
import { BOOL, optionalOf, sameType, STRING, type Type } from '#cel/type.ts'
import { CelError, type Value } from '#cel/value.ts'
import type { CompiledRule, Evaluation } from './rule-tree.ts'
import { typeOfSchema } from './rule-types.ts'
import { ruleValue } from './rule-values.ts'

/** What one evaluation may cost, in upstream's units. */
const CALL_COST_MAX = 1_000_000

/** One for each of the schema's rules. */
export function compileRules(schema: JsonSchema, isObject: boolean): readonly CompiledRule[] {
  const self = typeOfSchema(schema, isObject, 'selfType')
  return (schema['x-kubernetes-validations'] ?? []).map((rule) =>
    self === undefined ? broken('unable to convert structural schema to CEL declarations') : compileRule(schema, isObject, self, rule),
  )
}

function broken(problem: string): CompiledRule {
  return { problem, usesOldSelf: false, run: () => ({ error: problem, cost: 0 }) }
}

function compileRule(schema: JsonSchema, isObject: boolean, self: Type, declared: ValidationRule): CompiledRule {
  const { rule = '', messageExpression = '', optionalOldSelf = false } = declared
  const variables = new Map([
    ['self', self],
    ['oldSelf', optionalOldSelf ? optionalOf(self) : self],
  ])
  const compiled = compiledAs(rule, variables, BOOL, 'cel expression must evaluate to a bool')
  if (typeof compiled === 'string') return broken(compiled)
  const usesOldSelf = [...compiled.checked.references.values()].includes('oldSelf')
  const runner = (program: Compiled, isOptional: boolean) => (value: unknown, old: unknown) =>
    evaluated(program, (name) => {
      if (name === 'self') return ruleValue(value, schema, isObject)
      if (name !== 'oldSelf') return undefined
      const known = old === undefined ? undefined : ruleValue(old, schema, isObject)
      return isOptional ? (known === undefined ? none : some(known)) : known
    })
  const run = runner(compiled, optionalOldSelf)
  if (messageExpression === '') return { usesOldSelf, run }
  const message = compiledAs(messageExpression, variables, STRING, 'messageExpression must evaluate to a string')
  if (typeof message !== 'string') return { usesOldSelf, run, message: runner(message, false) }
  return { usesOldSelf, run, messageProblem: message.replace(/^compilation failed/, 'messageExpression compilation failed') }
}

/** What is wrong with it in place of what cannot be compiled. */
function compiledAs(source: string, variables: ReadonlyMap<string, Type>, type: Type, otherwise: string): Compiled | string {
  try {
    const compiled = compileExpression(source, { variables })
    return sameType(compiled.checked.type, type) ? compiled : otherwise
  } catch (error) {
    if (error instanceof CelSyntaxError) return `compilation failed: ${located(error, source)}`
    throw error
  }
}

/** The place in the source, and the source with a mark below it. */
function located({ message, line, column }: CelSyntaxError, source: string): string {
  const shown = source.split('\n')[line - 1] ?? ''
  return `ERROR: <input>:${line}:${column}: ${message}\n | ${shown}\n | ${'.'.repeat(column - 1)}^`
}

function evaluated({ program }: Compiled, variables: (name: string) => Value | undefined): Evaluation {
  try {
    const { value, cost } = program.run(variables, CALL_COST_MAX)
    return typeof value === 'boolean' || typeof value === 'string' ? { value, cost: Math.ceil(cost) } : { cost: Math.ceil(cost) }
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    return { error: error.message, cost: Math.ceil(error.cost), ...(error instanceof CostExceeded && { isTooCostly: true }) }
  }
}
