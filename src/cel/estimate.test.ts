import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from './compile.ts'
import type { Range } from './estimate-range.ts'
import { schemaType, type Schema } from './schema-type.ts'

function estimate(source: string, schema: Schema = { type: 'object' }): Range {
  const self = schemaType(schema)!
  const schemas = new Map([['self', self]])
  return compile(source, { variables: new Map([['self', self.type]]) }).estimate(schemas)
}

const texts = (more: Schema, items: Schema = {}): Schema => ({
  type: 'object',
  properties: { list: { type: 'array', items: { type: 'string', ...items }, ...more }, text: { type: 'string', maxLength: 10 } },
})

test('texts cost by what is looked at of them', () => {
  deepEqual(estimate(`'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'x'`), { min: 4, max: 4 })
  deepEqual(estimate(`'abc 123 def 123'.split(' ').size() == 1`), { min: 5, max: 5 })
  deepEqual(estimate(`self.text.contains('b')`, texts({})), { min: 2, max: 6 })
  deepEqual(estimate(`self.text.matches('[a-z]+')`, texts({})), { min: 4, max: 12 })
})

test('a fold costs as often as its list may have items', () => {
  // each item costs a short circuit of two names, a comparison and the test for going on
  deepEqual(estimate(`self.list.all(x, x == 'a')`, texts({ maxItems: 10 }, { maxLength: 5 })), { min: 3, max: 53 })
  equal(estimate(`self.list.all(x, self.list.all(y, x == y))`, texts({})).max > 10_000_000, true)
})

test('sides that need not be looked at count in the most, not in the least', () => {
  deepEqual(estimate(`self.text == 'a' || self.text == 'b'`, texts({})), { min: 3, max: 6 })
  deepEqual(estimate(`has(self.text) ? self.text == 'a' : true`, texts({})), { min: 1, max: 4 })
})

test('sizes of what expressions make are known from their parts', () => {
  deepEqual(estimate(`[1, 2, 3].all(x, x > 0)`), { min: 20, max: 26 })
  deepEqual(estimate(`self.list.map(x, x).all(x, x == 'abc')`, texts({ maxItems: 4 }, { maxLength: 2 })), {
    min: 14,
    max: 86,
  })
})

test('what a schema does not bound is bounded by the request', () => {
  equal(estimate(`self.list.isSorted()`, texts({})).max, 1_048_575 * (1 + 314_573) + 2)
})
