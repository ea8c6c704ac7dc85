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

const array =
  (items: Schema) =>
  (maxItems?: number): Schema => ({ type: 'array', items, ...bound('maxItems', maxItems) })
const map =
  (additionalProperties: Schema) =>
  (maxProperties?: number): Schema => ({
    type: 'object',
    additionalProperties,
    ...bound('maxProperties', maxProperties),
  })
const text =
  (more: Schema = {}) =>
  (maxLength?: number): Schema => ({ type: 'string', ...more, ...bound('maxLength', maxLength) })

function bound(name: 'maxItems' | 'maxProperties' | 'maxLength', value: number | undefined): Schema {
  return value === undefined ? {} : { [name]: value }
}

const [number, string, boolean] = [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }]
const either: Schema = { 'x-kubernetes-int-or-string': true }
const formatted = (format: string): Schema => ({ type: 'string', format })
const entry: Schema = { type: 'object', required: ['required'], properties: { required: string, optional: string } }
const texts2 = (max?: number): Schema => array(text()(max))(max)
const replaced = (max?: number): Schema => ({ type: 'object', properties: { str: text()(max), before: text()(2), after: text()(4) } })
const separated = (max?: number): Schema => ({ type: 'object', properties: { str: text()(max), separator: text()(max) } })

/** The rule, the schema, its estimate without a bound, the bound, and the estimate with it: upstream's numbers. */
const ESTIMATES: readonly (readonly [rule: string, schema: (max?: number) => Schema, free: number, max: number, bounded: number])[] = [
  ['self.all(x, true)', array(number), 4_718_591, 10, 32],
  ['self.all(x, true)', array(string), 3_145_727, 20, 62],
  ['self.all(x, true)', array(boolean), 1_887_437, 5, 17],
  ['self.all(x, true)', array(array(number)()), 3_145_727, 100, 302],
  ['self.all(x, true)', map(number), 1_348_169, 10, 32],
  ['self.all(x, true)', map(string), 1_179_647, 3, 11],
  ['self.all(x, true)', map(boolean), 943_718, 100, 302],
  ['self.all(x, true)', array(either), 4_718_591, 10, 32],
  ['self.all(x, true)', array(formatted('duration')), 2_359_295, 5, 17],
  ['self.all(x, true)', array(formatted('date')), 725_936, 15, 47],
  ['self.all(x, true)', array(formatted('date-time')), 428_963, 25, 77],
  ['self.all(x, true)', map(either), 1_348_169, 15, 47],
  ['self.all(x, true)', map(entry), 428_963, 20, 62],
  ['self.all(x, true)', map(map(number)()), 1_179_647, 10, 32],
  ['self.all(x, true)', map(array(number)()), 1_179_647, 25, 77],
  ['self.all(x, true)', map(formatted('duration')), 1_048_577, 5, 17],
  ['self.all(x, true)', map(formatted('date')), 524_288, 10, 32],
  ['self.all(x, true)', map(formatted('date-time')), 349_526, 25, 77],
  ["self.contains('test')", text(), 314_574, 10, 5],
  ["self.startsWith('test')", text(), 2, 15, 2],
  ['size(self + "hello") > size("hello")', text(), 314_578, 4, 7],
  ['self[1] == 0.0', array(number), 2, 5000, 2],
  ['self[1] == self[1]', array(string), 314_577, 8, 314_577],
  ['self[0] == 5', array(either), 3, 10, 3],
  ['self[0] == null', array(entry), 2, 422, 2],
  ['self[0][0] == -1.0', array(array(number)()), 3, 51, 3],
  ['self.all(x, x.y == 25.2)', array(map(number)()), 6_291_452, 12, 74],
  ['self[0].x > 2.0', array(map(number)()), 4, 3000, 4],
  ['self[0].getHours() == 2', array(formatted('duration')), 4, 525, 4],
  ['self[2].getDayOfMonth() == 13', array(formatted('date')), 4, 42, 4],
  ['self.matches("x")', text(), 314_574, 50, 22],
  ['"".matches("(((((((((())))))))))[0-9]")', text(), 7, 10, 7],
  ['self.matches("")', text(), 1, 100, 1],
  ['self["x"] == 0.0', map(number), 2, 0, 2],
  ['self == "x"', text(), 2, 0, 1],
  ['self == b"x"', text({ format: 'byte' }), 2, 0, 1],
  ['self.all(x, x == 0.0)', array(number), 6_291_454, 3 * 1024 * 2048, 25_165_826],
  [`self.all(x, x["y"].required == "z")`, (max) => array(map(entry)(max))(max), 7_340_027, 10, 72],
  ["self.find('[0-9]+') == ''", text(), 629_147, 10, 11],
  ["self.join(' ') == 'aa bb'", texts2, 329_853_068_905, 10, 43],
  ['self.isSorted() == true', texts2, 329_854_432_052, 10, 52],
  ["self.str.replace(self.before, self.after) == 'does not matter'", replaced, 629_154, 4, 12],
  ['self.str.split(self.separator) == []', separated, 629_160, 10, 22],
  ["self.lowerAscii() == 'lower!'", text(), 314_575, 10, 6],
  ['self["a"] == self["b"]', map(formatted('date-time')), 8, 7, 8],
  ['self["c"] == self["d"]', map(formatted('duration')), 8, 42, 8],
  ["self.contains('A')", text({ enum: ['A', 'B', 'C', 'LongValue'] }), 2, 1000, 401],
]

test('estimates of rules are upstream’s', () => {
  const found = ESTIMATES.map(([rule, schema, , max]) => [rule, estimate(rule, schema()).max, estimate(rule, schema(max)).max])
  deepEqual(
    found,
    ESTIMATES.map(([rule, , free, , bounded]) => [rule, free, bounded]),
  )
})
