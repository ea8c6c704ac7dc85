/** Values held to a schema, in upstream's words. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Correlation } from './correlation.ts'
import { valueErrors } from './values.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

function said(x: JsonSchema, value: unknown): readonly string[] {
  const schema: JsonSchema = { type: 'object', properties: { spec: { type: 'object', properties: { x } } } }
  return valueErrors(schema, { spec: { x: value } }).map(({ message }) => message)
}

/** Only what differs from one to the next is worth reading. */
function saidOnce(x: JsonSchema, value: unknown): string | undefined {
  const [only, ...others] = said(x, value)
  deepEqual(others, [])
  return only
}

test('a value of another type is told with the type that was found', () => {
  const types = ['string', 'integer', 'number', 'boolean', 'array', 'object'] as const
  const values = ['a', 1, 1.5, true, [], {}]
  const found = types.map((type) => values.filter((value) => said({ type }, value).length === 0))
  deepEqual(found, [['a'], [1], [1, 1.5], [true], [[]], [{}]])
  deepEqual(saidOnce({ type: 'integer' }, 'a'), 'spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"')
  deepEqual(saidOnce({ type: 'integer' }, 1.5), 'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"')
  deepEqual(saidOnce({ type: 'string' }, null), 'spec.x: Invalid value: "null": spec.x in body must be of type string: "null"')
  deepEqual(said({ type: 'string', nullable: true }, null), [])
})

test('whole numbers and strings may be meant alike', () => {
  const either: JsonSchema = { 'x-kubernetes-int-or-string': true }
  deepEqual([...said(either, 1), ...said(either, '1')], [])
  deepEqual(saidOnce(either, true), 'spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"')
})

test('a member that must be there is asked for', () => {
  deepEqual(saidOnce({ type: 'object', required: ['a'] }, {}), 'spec.x.a: Required value')
  deepEqual(
    valueErrors({ type: 'object', required: ['spec'] }, {}).map(({ message }) => message),
    ['spec: Required value'],
  )
})

test('one of a set of values is listed with the others, strings and numbers alike', () => {
  deepEqual(saidOnce({ type: 'string', enum: ['a', 'b'] }, 'c'), 'spec.x: Unsupported value: "c": supported values: "a", "b"')
  deepEqual(saidOnce({ type: 'integer', enum: [1, 2] }, 3), 'spec.x: Unsupported value: 3: supported values: "1", "2"')
  deepEqual(said({ enum: [{ a: [1] }] }, { a: [1] }), [])
})

test('numbers are held to their range', () => {
  deepEqual(saidOnce({ minimum: 1 }, 0), 'spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1')
  deepEqual(saidOnce({ minimum: 1, exclusiveMinimum: true }, 1), 'spec.x: Invalid value: 1: spec.x in body should be greater than 1')
  deepEqual(saidOnce({ maximum: 1.5 }, 1.75), 'spec.x: Invalid value: 1.75: spec.x in body should be less than or equal to 1.5')
  deepEqual(saidOnce({ maximum: 1.5 }, 2), 'spec.x: Invalid value: 2: spec.x in body should be less than or equal to 1')
  deepEqual(saidOnce({ maximum: 1, exclusiveMaximum: true }, 1), 'spec.x: Invalid value: 1: spec.x in body should be less than 1')
  deepEqual(saidOnce({ multipleOf: 3 }, 4), 'spec.x: Invalid value: 4: spec.x in body should be a multiple of 3')
  deepEqual(said({ multipleOf: 0.1 }, 0.7), [])
  deepEqual(
    saidOnce({ maximum: 2_000_000 }, 3_000_000),
    'spec.x: Invalid value: 3000000: spec.x in body should be less than or equal to 2000000',
  )
  deepEqual(
    saidOnce({ maximum: 2_000_000 }, 3_000_000.5),
    'spec.x: Invalid value: 3.0000005e+06: spec.x in body should be less than or equal to 2e+06',
  )
  deepEqual(saidOnce({ maximum: 0.00001 }, 0.5), 'spec.x: Invalid value: 0.5: spec.x in body should be less than or equal to 1e-05')
})

test('texts are held to their length and pattern, the first that fails is told', () => {
  deepEqual(saidOnce({ maxLength: 2, pattern: '^x' }, 'abc'), 'spec.x: Too long: may not be more than 2 bytes')
  deepEqual(said({ maxLength: 2 }, '𝒳𝒳'), [])
  deepEqual(saidOnce({ minLength: 2, pattern: '^x' }, '𝒳'), 'spec.x: Invalid value: "𝒳": spec.x in body should be at least 2 chars long')
  deepEqual(saidOnce({ pattern: '^(?i)X$' }, 'y'), 'spec.x: Invalid value: "y": spec.x in body should match \'^(?i)X$\'')
  deepEqual(said({ pattern: 'b' }, 'abc'), [])
})

test('lists and objects are held to their size', () => {
  deepEqual(saidOnce({ minItems: 2 }, [1]), 'spec.x: Invalid value: 1: spec.x in body should have at least 2 items')
  deepEqual(saidOnce({ maxItems: 2 }, [1, 2, 3]), 'spec.x: Too many: 3: must have at most 2 items')
  deepEqual(saidOnce({ minProperties: 2 }, { a: 1 }), 'spec.x: Invalid value: 1: spec.x in body should have at least 2 properties')
  deepEqual(saidOnce({ maxProperties: 1 }, { a: 1, b: 2 }), 'spec.x: Too many: 2: must have at most 1 item')
})

test('items and values under any name are looked into', () => {
  deepEqual(
    saidOnce({ items: { type: 'string' } }, ['a', 1]),
    'spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"',
  )
  deepEqual(
    saidOnce({ additionalProperties: { type: 'string' } }, { a: 1 }),
    'spec.x.a: Invalid value: "integer": spec.x.a in body must be of type string: "integer"',
  )
  deepEqual(saidOnce({ additionalProperties: false }, { a: 1 }), 'spec.x: Invalid value: "a": spec.x.a in body is a forbidden property')
})

test('of alternatives that all fail the closest is told', () => {
  const anyOf: JsonSchema[] = [{ required: ['a', 'b'] }, { required: ['a'], properties: { a: { minimum: 5 } } }]
  deepEqual(said({ anyOf }, { a: 1 }), [
    '<nil>: Invalid value: "": "spec.x" must validate at least one schema (anyOf)',
    'spec.x.a: Invalid value: 1: spec.x.a in body should be greater than or equal to 5',
  ])
  deepEqual(said({ anyOf }, { a: 5 }), [])
  deepEqual(said({ oneOf: [{ minimum: 1 }, { minimum: 2 }] }, 3), [
    '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ])
  deepEqual(said({ oneOf: [{ required: ['a'] }, { required: ['b'] }] }, {}), [
    '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid',
    'spec.x.a: Required value',
  ])
  deepEqual(said({ allOf: [{ minimum: 1 }, { maximum: 2 }] }, 3), [
    'spec.x: Invalid value: 3: spec.x in body should be less than or equal to 2',
    '<nil>: Invalid value: "": "spec.x" must validate all the schemas (allOf)',
  ])
  deepEqual(said({ not: { required: ['a'] } }, { a: 1 }), ['<nil>: Invalid value: "": "spec.x" must not validate the schema (not)'])
})

test('formats that are known are held to, others are ignored', () => {
  deepEqual(saidOnce({ type: 'string', format: 'ipv4' }, 'a'), 'spec.x: Invalid value: "a": spec.x in body must be of type ipv4: "a"')
  deepEqual(saidOnce({ type: 'string', format: 'ipv4' }, 1), 'spec.x: Invalid value: "int64": spec.x in body must be of type ipv4: "int64"')
  deepEqual(said({ type: 'string', format: 'flowers' }, 'a'), [])
  deepEqual(
    saidOnce({ type: 'string', format: 'ipv4' }, []),
    'spec.x: Invalid value: "array": spec.x in body must be of type string: "array"',
  )
  deepEqual(said({ type: 'integer', format: 'int32' }, 5_000_000_000), [])
})

const FORMATS: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
  'date-time': [
    ['2024-02-29T23:59:59Z', '2024-01-01t00:00:00.5+01:00'],
    ['2023-02-29T00:00:00Z', '2024-01-01', '2024-01-01T24:00:00Z'],
  ],
  date: [['2024-02-29'], ['2023-02-29', '2024-1-1', '']],
  duration: [
    ['1h30m', '3 days', '2 weeks 1 hour', '0'],
    ['soon', '3 fortnights', ''],
  ],
  ipv4: [
    ['1.2.3.4', '01.2.3.4'],
    ['1.2.3', '::1', ''],
  ],
  ipv6: [
    ['::1', '::ffff:1.2.3.4'],
    ['1.2.3.4', 'fe80::1%eth0'],
  ],
  cidr: [
    ['10.0.0.0/8', '::/0'],
    ['10.0.0.0', '10.0.0.0/33'],
  ],
  mac: [
    ['00:00:5e:00:53:01', '0000.5e00.5301'],
    ['00:00:5e:00:53', '00-00:5e:00:53:01'],
  ],
  hostname: [
    ['a.example', 'x'],
    ['a_b', '-a', ''],
  ],
  email: [
    ['a@b.example', 'A B <a@b>', '"a b"@c'],
    ['a', '@b', 'a@b c'],
  ],
  uri: [
    ['http://a.example/b?c', '/a', 'urn:a:b', 'https://[::1]:80/'],
    ['a', '', 'http://a b/', '/%zz'],
  ],
  uuid: [
    ['123e4567-e89b-12d3-a456-426614174000', '123E4567E89B12D3A456426614174000'],
    ['123e4567', ''],
  ],
  uuid4: [['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
  byte: [
    ['aGk=', 'aGVsbG8h'],
    ['aGk', 'a=b=', ''],
  ],
  quantity: [
    ['1', '100m', '1Gi'],
    ['1 Gi', 'x'],
  ],
  hexcolor: [
    ['#ffF', '000000'],
    ['#ffff', 'red'],
  ],
  rgbcolor: [['rgb(0, 255,7)'], ['rgb(256,0,0)']],
  isbn: [['0321751043', '978-0321751041'], ['0321751044']],
  creditcard: [['4111 1111 1111 1111'], ['4111 1111 1111 1112']],
  ssn: [['111-22-3333'], ['111-22-333']],
  bsonobjectid: [['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901']],
  'k8s-short-name': [
    ['a-b', '1'],
    ['A', 'a.b', '-a', 'a'.repeat(64)],
  ],
  'k8s-long-name': [['a-b.c'], ['A', 'a..b']],
  password: [['', 'x'], []],
}

for (const [format, [good, bad]] of Object.entries(FORMATS))
  test(`${format} is told from what is not`, () => {
    const holds = (text: string) => said({ type: 'string', format }, text).length === 0
    deepEqual([good.filter((text) => !holds(text)), bad.filter(holds)], [[], []])
  })

function changed(schema: JsonSchema, old: unknown, value: unknown): readonly string[] {
  return valueErrors(schema, value, new Correlation(schema, value, old)).map(({ field }) => field)
}

test('what was wrong before may stay as it is', () => {
  const schema: JsonSchema = { type: 'object', properties: { a: { minimum: 5 }, b: { type: 'string' } }, required: ['c'] }
  deepEqual(changed(schema, { a: 1 }, { a: 1, b: 'x' }), ['c'])
  deepEqual(changed(schema, { a: 1 }, { a: 2 }), ['a', 'c'])
  deepEqual(changed(schema, { a: 1 }, { a: 1 }), [])
})

test('items that have keys are known by them, others only as a whole', () => {
  const item: JsonSchema = { type: 'object', properties: { name: { type: 'string' }, size: { minimum: 5 } } }
  const plain: JsonSchema = { type: 'array', items: item }
  const keyed: JsonSchema = { ...plain, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }
  const [a, b] = [
    { name: 'a', size: 1 },
    { name: 'b', size: 2 },
  ]
  deepEqual(changed(keyed, [a, b], [b, { ...a, size: 3 }]), ['[1].size'])
  deepEqual(changed(plain, [a, b], [a, b, { name: 'c' }]), ['[0].size', '[1].size'])
  deepEqual(changed(plain, [a, b], [a, b]), [])
})

test('deep and large values are looked at in time that grows with them', () => {
  const deep: JsonSchema = { type: 'object', additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } }
  let value: unknown = 1
  for (let i = 0; i < 990; i++) value = { a: value }
  deepEqual(valueErrors(deep, { x: value }), [])
  const many = Array.from({ length: 200_000 }, (_, i) => i)
  const list: JsonSchema = { type: 'array', items: { type: 'string' } }
  deepEqual(valueErrors({ type: 'array', items: list }, [many]).length, many.length)
})
