/** Rules of a definition's schema held to what rules may be. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { ruleDefinitionErrors } from './rule-definitions.ts'
import { compileRules } from './rule-program.ts'
import type { CompileRules } from './rule-tree.ts'
import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'

const INT: JsonSchema = { type: 'integer' }

function ruled(schema: JsonSchema, ...rules: readonly ValidationRule[]): JsonSchema {
  return { ...schema, 'x-kubernetes-validations': rules }
}

function said(spec: JsonSchema, compile: CompileRules = compileRules): readonly string[] {
  return ruleDefinitionErrors({ type: 'object', properties: { spec } }, 'schema', compile).map(({ message }) => message)
}

const AT = 'schema.properties[spec].x-kubernetes-validations[0]'

test('a rule that does not compile is told with the mistake marked', () => {
  deepEqual(said(ruled({ type: 'object', properties: { a: INT } }, { rule: 'self.b > 1' })), [
    `${AT}.rule: Invalid value: {"Rule":"self.b \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b > 1\n | ....^`,
  ])
  equal(said(ruled(INT, { rule: 'self' }))[0]?.split('}: ')[1], 'cel expression must evaluate to a bool')
})

test('there are no rules over values of which nothing is known', () => {
  deepEqual(said(ruled({ 'x-kubernetes-preserve-unknown-fields': true }, { rule: 'true' })), [
    'schema.properties[spec].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
  ])
})

test('a message must be a string', () => {
  const [error, ...others] = said(ruled(INT, { rule: 'self > 1', messageExpression: 'self' }))
  deepEqual(
    [error?.split(': ')[0], error?.split('}: ')[1], others],
    [`${AT}.messageExpression`, 'messageExpression must evaluate to a string', []],
  )
  const odd = said(ruled(INT, { rule: 'self > 1', messageExpression: 'x' }))[0]
  equal(
    odd?.split('}: ')[1]?.split('\n')[0],
    "messageExpression compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')",
  )
})

test('what was can be looked at only where items can be told apart', () => {
  const items = ruled(INT, { rule: 'self >= oldSelf' })
  deepEqual(said({ type: 'array', items, 'x-kubernetes-list-type': 'map' }), [])
  deepEqual(said({ type: 'array', items }), [
    'schema.properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: "self \\u003e= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[spec]'.replace(
      '\\u003e',
      '>',
    ),
  ])
  deepEqual(said(ruled(INT, { rule: 'self > 1', optionalOldSelf: false })), [
    `${AT}.optionalOldSelf: Invalid value: false: may not be set if oldSelf is not used in rule`,
  ])
})

const ADVICE = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
const costing: (costMax: number) => CompileRules = (costMax) => (schema) =>
  (schema['x-kubernetes-validations'] ?? []).map(() => ({
    usesOldSelf: false,
    run: () => ({ cost: 0 }),
    costMax: () => costMax,
    bytesMin: 2,
  }))

test('a rule that may cost too much in all its places is refused', () => {
  const rule = { rule: 'true' }
  deepEqual(said(ruled(INT, rule), costing(12_000_000)), [
    `${AT}.rule: Forbidden: estimated rule cost exceeds budget by factor of 1.200000x ${ADVICE}`,
  ])
  const items = ruled(INT, rule)
  const at = 'schema.properties[spec].items.x-kubernetes-validations[0].rule'
  deepEqual(said({ type: 'array', maxItems: 20, items }, costing(1_000_000)), [
    `${at}: Forbidden: estimated rule cost exceeds budget by factor of 2.0x ${ADVICE}`,
  ])
  deepEqual(said({ type: 'array', items }, costing(10)), [
    `${at}: Forbidden: estimated rule cost exceeds budget by factor of 1.048576x ${ADVICE}`,
  ])
  deepEqual(said({ type: 'object', additionalProperties: items, maxProperties: 2000 }, costing(1_000_000)), [
    `schema.properties[spec].additionalProperties.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${ADVICE}`,
    'schema.properties[spec].additionalProperties.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
    `schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 20.0x ${ADVICE}`,
  ])
})

test('what a rule may cost follows from the sizes its schema allows', () => {
  const rule = { rule: 'self.all(x, self.exists_one(y, x == y))' }
  const list = (maxItems: number, maxLength: number): JsonSchema =>
    ruled({ type: 'array', maxItems, items: { type: 'string', maxLength } }, rule)
  deepEqual(said(list(16, 64)), [])
  const [error, ...others] = said(list(1000, 64))
  deepEqual(
    [error?.replace(/\d+\.\dx/, 'N'), others],
    [`${AT}.rule: Forbidden: estimated rule cost exceeds budget by factor of N ${ADVICE}`, []],
  )
  const unbounded = said(ruled({ type: 'array', items: { type: 'string' } }, rule))
  equal(unbounded[0], `${AT}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${ADVICE}`)

  const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength })
  const pair = (most: number): JsonSchema => ({
    type: 'array',
    maxItems: 20,
    items: ruled({ type: 'object', properties: { a: text(most), b: text(most) } }, { rule: '!has(self.b) || !self.a.contains(self.b)' }),
  })
  deepEqual(said(pair(1024)), [])
  equal(said(pair(4096))[0]?.match(/factor of (\S+)/)?.[1], '5.4x')
})
