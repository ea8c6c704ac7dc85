/** What becomes of custom resources on their way in. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { customSchema } from './custom-schema.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { fieldsOf, NotDeclared } from '#schema/apply/fields-of.ts'
import { paths } from '#schema/apply/field-set.ts'

const KEEP = { 'x-kubernetes-preserve-unknown-fields': true } as const
const TEXT: JsonSchema = { type: 'string' }

function schemaOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties: { spec: { type: 'object', properties } } }
}

function pruned(properties: Readonly<Record<string, JsonSchema>>, spec: unknown) {
  const { object, pruned: gone } = customSchema(schemaOf(properties), { kind: 'Thing' }).prune({ spec })
  return [object['spec'], gone]
}

function filled(properties: Readonly<Record<string, JsonSchema>>, spec: unknown) {
  const schema = customSchema(schemaOf(properties), { kind: 'Thing' })
  return schema.fillDefaults(schema.prune({ spec }).object).spec
}

test('what the schema does not name goes, wherever it lies, and is told of', () => {
  const list: JsonSchema = { type: 'array', items: { type: 'object', properties: { name: TEXT } } }
  deepEqual(pruned({ name: TEXT, list }, { name: 'a', odd: 1, list: [{ name: 'b' }, { name: 'c', odd: {} }] }), [
    { name: 'a', list: [{ name: 'b' }, { name: 'c' }] },
    ['spec.list[1].odd', 'spec.odd'],
  ])
})

test('what every object has is left alone', () => {
  const object = { apiVersion: 'a.b/v1', kind: 'Thing', metadata: { name: 'x', odd: 1 } }
  equal(customSchema({ type: 'object' }, { kind: 'Thing' }).prune(object).object, object)
})

test('an object of which nothing goes is the same object', () => {
  const schema = customSchema(schemaOf({ list: { type: 'array', items: TEXT }, more: { type: 'object', additionalProperties: TEXT } }), {
    kind: 'Thing',
  })
  const object = { spec: { list: ['a'], more: { b: 'c' } } }
  equal(schema.fillDefaults(schema.coerce(schema.prune(object).object).object), object)
})

test('unknown members stay where that is said, but not below what has a schema', () => {
  deepEqual(
    pruned({ free: { type: 'object', ...KEEP, properties: { known: { type: 'object' } } } }, { free: { known: { a: 1 }, b: { c: 1 } } }),
    [{ free: { known: {}, b: { c: 1 } } }, ['spec.free.known.a']],
  )
  deepEqual(
    pruned(
      { free: { ...KEEP, type: 'array', items: { type: 'object', properties: { a: { type: 'object' } } } } },
      { free: [{ a: { b: 1 }, c: 1 }] },
    ),
    [{ free: [{ a: {}, c: 1 }] }, ['spec.free[0].a.b']],
  )
})

test('values under any name keep what their schema names', () => {
  const map: JsonSchema = { type: 'object', additionalProperties: { type: 'object', properties: { a: TEXT } } }
  deepEqual(pruned({ map }, { map: { x: { a: '1', b: '2' } } }), [{ map: { x: { a: '1' } } }, ['spec.map.x.b']])
  deepEqual(pruned({ map: { type: 'object', additionalProperties: true } }, { map: { x: { a: 1 }, y: 2 } }), [
    { map: { x: {}, y: 2 } },
    ['spec.map.x.a'],
  ])
})

test('without a schema all goes, unless it is to be preserved', () => {
  deepEqual(customSchema(undefined, { kind: 'Thing' }).prune({ kind: 'Thing', spec: { a: 1 } }), {
    object: { kind: 'Thing' },
    pruned: ['spec'],
  })
  const object = { kind: 'Thing', spec: { a: null } }
  equal(customSchema(undefined, { kind: 'Thing', preserveUnknownFields: true }).prune(object).object, object)
})

test('null goes where it may not be, and gives way to a default', () => {
  const properties = {
    plain: TEXT,
    nullable: { ...TEXT, nullable: true },
    filled: { ...TEXT, default: 'x' },
    both: { ...TEXT, nullable: true, default: 'y' },
  }
  deepEqual(filled(properties, { plain: null, nullable: null, filled: null, both: null }), { nullable: null, filled: 'x', both: null })
  deepEqual(filled(properties, {}), { filled: 'x', both: 'y' })
})

test('defaults are filled into items, into values of any name and into defaults', () => {
  const item: JsonSchema = { type: 'object', properties: { port: { type: 'integer', default: 80 } }, default: {} }
  deepEqual(
    filled(
      { list: { type: 'array', items: item }, map: { type: 'object', additionalProperties: item }, one: item },
      { list: [{}, null], map: { a: {} } },
    ),
    {
      list: [{ port: 80 }, { port: 80 }],
      map: { a: { port: 80 } },
      one: { port: 80 },
    },
  )
})

const EMBEDDED = { template: { type: 'object', ...KEEP, 'x-kubernetes-embedded-resource': true } } as const

function coerced(template: unknown, dropInvalid = false) {
  const {
    object,
    pruned: gone,
    error,
  } = customSchema(schemaOf(EMBEDDED), { kind: 'Thing' }).coerce({ spec: { template } }, { dropInvalid })
  return [object.spec.template, gone, error?.message]
}

test('metadata of an embedded object holds what metadata has', () => {
  deepEqual(coerced({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', odd: 1, creationTimestamp: null }, odd: 1 }), [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, odd: 1 },
    ['spec.template.metadata.odd'],
    undefined,
  ])
})

test('what in an embedded object is of a wrong type is refused, or dropped when it is stored already', () => {
  equal(coerced({ kind: 1 })[2], 'spec.template.kind: Invalid value: 1: must be a string')
  equal(
    coerced({ metadata: { labels: { a: 1 } } })[2],
    'spec.template.metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
  )
  deepEqual(coerced({ kind: 1, metadata: { name: 'a', labels: { a: 1 } } }, true)[0], { metadata: { name: 'a' } })
})

test('an applied configuration owns what the schema says of it', () => {
  const { declaration } = customSchema(
    {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            ports: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['port', 'protocol'],
              items: { type: 'object', properties: { port: { type: 'integer' }, protocol: { ...TEXT, default: 'TCP' }, name: TEXT } },
            },
            set: { type: 'array', 'x-kubernetes-list-type': 'set', items: TEXT },
            list: { type: 'array', items: TEXT },
            whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: TEXT } },
            free: { type: 'object', ...KEEP, properties: { a: TEXT } },
          },
        },
      },
    },
    { kind: 'Thing' },
  )
  const config = {
    apiVersion: 'a.b/v1',
    kind: 'Thing',
    metadata: { labels: { a: 'b' } },
    spec: { ports: [{ port: 80, name: 'web' }], set: ['x'], list: ['y'], whole: { a: 'b' }, free: { a: 'b', c: { d: 1 } } },
  }
  deepEqual(paths(fieldsOf(declaration, config)), [
    '.apiVersion',
    '.kind',
    '.metadata.labels.a',
    '.spec.free.a',
    '.spec.free.c',
    '.spec.free.c.d',
    '.spec.list',
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
    '.spec.ports[port=80,protocol="TCP"].port',
    '.spec.set[="x"]',
    '.spec.whole',
  ])
  let refused: unknown
  try {
    fieldsOf(declaration, { spec: { odd: 1 } })
  } catch (error) {
    refused = error instanceof NotDeclared && error.message
  }
  equal(refused, '.spec.odd: field not declared in schema')
})

function wrong(spec: JsonSchema, value: unknown, old?: unknown): readonly string[] {
  const schema = customSchema({ type: 'object', properties: { spec } }, { kind: 'Thing' })
  return schema.validate({ spec: value }, old === undefined ? {} : { old: { spec: old } }).map(({ message }) => message)
}

test('lists that are sets or have keys have everything once', () => {
  const set: JsonSchema = { type: 'array', 'x-kubernetes-list-type': 'set' }
  deepEqual(wrong(set, ['a', 1, 'a', 'b', 1, 'a', { x: 1, y: 2 }, { y: 2, x: 1 }]), [
    'spec[2]: Duplicate value: "a"',
    'spec[4]: Duplicate value: 1',
    'spec[7]: Duplicate value: {"x":1,"y":2}',
  ])
  const keyed: JsonSchema = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['b', 'a'] }
  deepEqual(wrong(keyed, [{ a: 1, b: 2 }, { a: 1 }, { b: 2, a: 1 }, { a: 1 }]), [
    'spec[2]: Duplicate value: {"a":1,"b":2}',
    'spec[3]: Duplicate value: {"a":1}',
  ])
  deepEqual(wrong(keyed, [{}, 1]), ['spec[1]: Invalid value: 1: must be an object for an array of list-type map'])
  deepEqual(wrong(set, ['a', 'a', 'b', 'b'], ['a', 'a']), [])
})

test('an embedded object has a kind and metadata like any other', () => {
  const embedded: JsonSchema = { type: 'object', ...KEEP, 'x-kubernetes-embedded-resource': true }
  deepEqual(wrong(embedded, { apiVersion: 'a/b/c', metadata: { labels: { 'a b': 'c' }, name: 'a/b' } }), [
    'spec.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    'spec.kind: Required value',
    'spec.metadata.name: Invalid value: "a/b": may not contain \'/\'',
    `spec.metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  ])
  deepEqual(wrong(embedded, { apiVersion: 'v1', kind: 'Pod' }), [])
  deepEqual(wrong(embedded, { apiVersion: 'v1', kind: 'Pod', metadata: { finalizers: ['unqualified', 'a.b/c'] } }), [])
})

test('of a change by the status path the status is looked at, and named from there', () => {
  const schema = customSchema(
    { type: 'object', properties: { spec: { minimum: 5 }, status: { type: 'object', properties: { n: { minimum: 5 } } } } },
    { kind: 'Thing' },
  )
  const [old, next] = [{ spec: 1 }, { spec: 1, status: { n: 1 } }]
  deepEqual(
    schema.validate(next, { old, isStatus: true }).map(({ message }) => message),
    ['status.n: Invalid value: 1: n in body should be greater than or equal to 5'],
  )
})
