/** Rules in CEL, run over objects. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { customSchema } from './custom-schema.ts'
import { ruleDefinitionErrors } from './rule-definitions.ts'
import { compileRules } from './rule-program.ts'
import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'

const TEXT: JsonSchema = { type: 'string' }
const INT: JsonSchema = { type: 'integer' }

function ruled(schema: JsonSchema, ...rules: readonly (string | ValidationRule)[]): JsonSchema {
  return { ...schema, 'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)) }
}

function said(spec: JsonSchema, value: unknown, old?: unknown): readonly string[] {
  const schema = customSchema({ type: 'object', properties: { spec } }, { kind: 'Thing' })
  return schema.validate({ spec: value }, old === undefined ? {} : { old: { spec: old } }).map(({ message }) => message)
}

const RANGE: JsonSchema = { type: 'object', properties: { min: INT, max: INT } }

test('a rule that does not hold is told, with its message or itself', () => {
  deepEqual(said(ruled(RANGE, 'self.min <= self.max'), { min: 1, max: 2 }), [])
  deepEqual(said(ruled(RANGE, 'self.min <= self.max'), { min: 2, max: 1 }), ['spec: Invalid value: failed rule: self.min <= self.max'])
  deepEqual(said(ruled(RANGE, { rule: 'self.min <= self.max', message: ' min over max ' }), { min: 2, max: 1 }), [
    'spec: Invalid value: min over max',
  ])
  deepEqual(said(ruled(INT, 'self > 1'), 1), ['spec: Invalid value: 1: failed rule: self > 1'])
})

test('a message may be computed, and gives way to the one written down when that fails', () => {
  const rule = 'self.min <= self.max'
  const bad = { min: 2, max: 1 }
  deepEqual(said(ruled(RANGE, { rule, messageExpression: '"min is " + string(self.min)' }), bad), ['spec: Invalid value: min is 2'])
  deepEqual(said(ruled(RANGE, { rule, message: 'wrong', messageExpression: '"x" + string(self.min / 0)' }), bad), [
    'spec: Invalid value: wrong',
  ])
  deepEqual(said(ruled(RANGE, { rule, messageExpression: '""' }), bad), ['spec: Invalid value: failed rule: self.min <= self.max'])
})

test('a rule names a reason and the field to blame', () => {
  const rule = { rule: 'self.min <= self.max', message: 'no', fieldPath: '.max' }
  const bad = { min: 2, max: 1 }
  deepEqual(said(ruled(RANGE, rule), bad), ['spec.max: Invalid value: no'])
  deepEqual(said(ruled(RANGE, { ...rule, reason: 'FieldValueForbidden' }), bad), ['spec.max: Forbidden: no'])
  deepEqual(said(ruled(RANGE, { ...rule, reason: 'FieldValueRequired' }), bad), ['spec.max: Required value: no'])
  deepEqual(said(ruled(RANGE, { ...rule, reason: 'FieldValueDuplicate' }), bad), ['spec.max: Duplicate value'])
})

test('rules of items and of values under any name are told where they lie', () => {
  deepEqual(said({ type: 'array', items: ruled(INT, 'self > 1') }, [2, 1]), ['spec[1]: Invalid value: 1: failed rule: self > 1'])
  deepEqual(said({ type: 'object', additionalProperties: ruled(INT, 'self > 1') }, { a: 1 }), [
    'spec[a]: Invalid value: 1: failed rule: self > 1',
  ])
})

test('what an evaluation stumbles over is told', () => {
  deepEqual(said(ruled(RANGE, 'self.min <= self.max'), { min: 1 }), [
    'spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max',
  ])
})

test('rules see what they are over by its schema', () => {
  const holds = (schema: JsonSchema, value: unknown, rule: string) => deepEqual(said(ruled(schema, rule), value), [], rule)
  holds({ type: 'number' }, 1, 'self == 1.0')
  holds({ 'x-kubernetes-int-or-string': true }, 5, 'type(self) == int && self == 5')
  holds({ 'x-kubernetes-int-or-string': true }, '5%', 'self == "5%"')
  holds({ type: 'string', format: 'date-time' }, '2024-01-02T03:04:05.5Z', 'self.getFullYear() == 2024 && self.getMilliseconds() == 500')
  holds({ type: 'string', format: 'date' }, '2024-01-02', 'self == timestamp("2024-01-02T00:00:00Z")')
  holds({ type: 'string', format: 'duration' }, '2 hours', 'self == duration("2h")')
  holds({ type: 'string', format: 'byte' }, 'aGk=', 'self == b"hi"')
  holds(
    { type: 'object', properties: { namespace: TEXT, 'a-b': TEXT, a__b: TEXT } },
    { namespace: 'x', 'a-b': 'y', a__b: 'z' },
    'self.__namespace__ + self.a__dash__b + self.a__underscores__b == "xyz"',
  )
  holds({ type: 'object', additionalProperties: INT }, { a: 1, 'b c': 2 }, 'self.all(k, self[k] > 0) && "b c" in self')
  holds({ type: 'object', properties: { a: TEXT } }, {}, '!has(self.a)')
  holds({ type: 'array', items: RANGE }, [{ min: 1 }, { min: 2 }], 'self.map(r, r.min).exists(m, m == 2) && size(self) == 2')
})

test('the name of the object can be seen, and of an embedded one', () => {
  const schema = (rule: string) => customSchema(ruled({ type: 'object', properties: {} }, rule), { kind: 'Thing' })
  const object = { apiVersion: 'a/v1', kind: 'Thing', metadata: { name: 'x', labels: {} } }
  deepEqual(schema('self.metadata.name == "x" && self.kind == "Thing"').validate(object), [])
  const problem = schema('self.metadata.labels.size() == 0').validate(object)[0]?.detail
  deepEqual(problem?.split('\n')[0], "rule compile error: compilation failed: ERROR: <input>:1:14: undefined field 'labels'")
})

test('a rule over what was runs on changes only, or is told that there was nothing', () => {
  const fixed = ruled(INT, 'self == oldSelf')
  deepEqual(said(fixed, 2), [])
  deepEqual(said(fixed, 2, 1), ['spec: Invalid value: 2: failed rule: self == oldSelf'])
  const grows = ruled(INT, { rule: '!oldSelf.hasValue() || self > oldSelf.value()', optionalOldSelf: true })
  deepEqual(said(grows, 1), [])
  deepEqual(said(grows, 1, 1), ['spec: Invalid value: 1: failed rule: !oldSelf.hasValue() || self > oldSelf.value()'])
})

test('items that have keys are compared with what they were, others never', () => {
  const item: JsonSchema = ruled({ type: 'object', properties: { name: TEXT, size: INT } }, 'self.size >= oldSelf.size')
  const keyed: JsonSchema = { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }
  const before = [
    { name: 'a', size: 5 },
    { name: 'b', size: 5 },
  ]
  const after = [
    { name: 'b', size: 4 },
    { name: 'a', size: 6 },
    { name: 'c', size: 0 },
  ]
  deepEqual(said(keyed, after, before), ['spec[0]: Invalid value: failed rule: self.size >= oldSelf.size'])
})

test('what was broken before may stay as it was', () => {
  const spec: JsonSchema = { type: 'object', properties: { a: ruled(INT, 'self > 1'), b: TEXT } }
  deepEqual(said(spec, { a: 1, b: 'new' }, { a: 1 }), [])
  deepEqual(said(spec, { a: 0 }, { a: 1 }), ['spec.a: Invalid value: 0: failed rule: self > 1'])
  deepEqual(said({ type: 'array', items: ruled(INT, 'self > 1') }, [1, 2], [1, 2]), [])
})

test('what is let through is warned of', () => {
  const schema = customSchema({ type: 'object', properties: { a: ruled(INT, 'self > 1'), b: TEXT } }, { kind: 'Thing' })
  const next = { a: 1, b: 'new' }
  deepEqual([schema.validate(next, { old: { a: 1 } }), schema.warnings(next)], [[], ['a: Invalid value: 1: failed rule: self > 1']])
  deepEqual(schema.warnings({ ...next }), [])
})

test('an object that is wrong otherwise is told so before any rule is run', () => {
  const spec = ruled({ type: 'object', required: ['a'], properties: { a: INT } }, 'self.a > 1')
  deepEqual(said(spec, {}), [
    'spec.a: Required value',
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ])
})

test('an evaluation that costs too much ends all', () => {
  const list: JsonSchema = { type: 'array', items: INT }
  const many = Array.from({ length: 2000 }, (_, i) => i)
  const rule = 'self.all(x, self.all(y, x + y >= 0))'
  deepEqual(said({ type: 'object', properties: { a: ruled(list, rule), b: ruled(INT, 'self > 1') } }, { a: many, b: 1 }), [
    `spec.a: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
  ])
})

test('a rule whose estimate is let through may cost too much in the end', () => {
  const rule = 'self.all(x, self.all(y, y == x))'
  const spec = ruled({ type: 'array', maxItems: 725, items: INT }, rule)
  deepEqual(ruleDefinitionErrors({ type: 'object', properties: { spec } }, '', compileRules), [])
  deepEqual(said(spec, Array(300).fill(1)), [])
  deepEqual(said(spec, Array(725).fill(1)).length, 1)
})

test('rules of one object share a budget', () => {
  const items = ruled({ type: 'array', items: INT }, 'self.all(x, self.all(y, x + y >= 0))')
  const value = Array.from({ length: 60 }, () => Array.from({ length: 300 }, (_, i) => i))
  const errors = said({ type: 'array', items }, value)
  deepEqual(errors.length, 1)
  deepEqual(
    errors[0]?.replace(/\d+/, 'N'),
    'spec[N]: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
  )
})
