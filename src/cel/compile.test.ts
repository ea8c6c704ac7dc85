import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { compile, ExpressionError, type Budget } from './compile.ts'
import { jsonValue, toJson } from './json-value.ts'
import { schemaType, type Schema } from './schema-type.ts'
import { schemaValue } from './schema-value.ts'
import * as t from './type.ts'
import { shownType } from './type.ts'

const spec: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['replicas'],
      properties: {
        replicas: { type: 'integer' },
        'max-surge': { 'x-kubernetes-int-or-string': true },
        namespace: { type: 'string', maxLength: 10 },
        ratio: { type: 'number' },
        timeout: { type: 'string', format: 'duration' },
        since: { type: 'string', format: 'date-time' },
        names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } } },
        },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        rest: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        gone: { type: 'string', nullable: true },
      },
    },
  },
}

function run(source: string, object: unknown): unknown {
  const self = schemaType(spec, { root: true })!
  const { value, error } = compile(source, { variables: new Map([['self', self.type]]) }).evaluate((name) =>
    name === 'self' ? schemaValue(object, self) : undefined,
  )
  if (error) return error.message
  return toJson(value)
}

function mistake(source: string, variables: Readonly<Record<string, t.Type>> = {}, results?: readonly t.Type[]): string {
  try {
    compile(source, { variables: new Map(Object.entries(variables)), ...(results && { results }) })
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
  return ''
}

const object = {
  metadata: { name: 'web', labels: { a: 'b' } },
  spec: {
    replicas: 3,
    'max-surge': '25%',
    namespace: 'n',
    ratio: 2,
    timeout: '1h30m',
    since: '2026-01-02T03:04:05Z',
    names: ['a', 'b'],
    ports: [
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
    ],
    labels: { app: 'x' },
    rest: { any: 1 },
    gone: null,
  },
}

test('members are read by the names CEL can write', () => {
  equal(run('self.spec.max__dash__surge == "25%" && self.spec.__namespace__ == "n" && self.metadata.name == "web"', object), true)
})

test('values have the types of their schemas', () => {
  equal(run('self.spec.ratio / 4.0', object), 0.5)
  equal(run('self.spec.timeout == duration("90m") && self.spec.since.getFullYear() == 2026', object), true)
  equal(run('self.spec.labels.all(k, self.spec.labels[k] == "x")', object), true)
})

test('lists with keys do not mind their order, and merge when added', () => {
  const other = {
    spec: {
      replicas: 1,
      names: ['b', 'a'],
      ports: [
        { name: 'https', port: 443 },
        { name: 'http', port: 8080 },
      ],
    },
  }
  const type = schemaType(spec)!
  const variables = new Map(['self', 'oldSelf'].map((name) => [name, type.type]))
  const of = (source: string) =>
    compile(source, { variables }).evaluate((name) => schemaValue(name === 'self' ? object : other, type)).value
  equal(of('self.spec.names == oldSelf.spec.names'), true)
  equal(of('self.spec.ports == oldSelf.spec.ports'), false)
  equal(toJson(of('(self.spec.ports + oldSelf.spec.ports)[0].port')!), 8080)
  equal(toJson(of('size(self.spec.names + oldSelf.spec.names)')!), 2)
})

test('of the metadata of a resource only the names are known', () => {
  equal(
    mistake('self.metadata.labels', { self: schemaType(spec, { root: true })!.type }),
    `compilation failed: ERROR: <input>:1:14: undefined field 'labels'\n | self.metadata.labels\n | .............^`,
  )
})

test('all mistakes are told, each with its place', () => {
  equal(
    mistake('a == 1 &&\nb'),
    `compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a == 1 &&\n | ^\n` +
      `ERROR: <input>:2:1: undeclared reference to 'b' (in container '')\n | b\n | ^`,
  )
})

test('an expression must be of the type its place wants', () => {
  equal(mistake('1', {}, [t.BOOL]), 'must evaluate to bool but got int')
  equal(mistake('1', {}, [t.STRING, t.NULL]), 'must evaluate to one of [string null_type] but got int')
  equal(mistake('[1, "a"]'), `compilation failed: ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, "a"]\n | ....^`)
})

test('texts that a function could never read are mistakes', () => {
  const of = (what: string, column: number, source: string) =>
    `compilation failed: ERROR: <input>:1:${column}: invalid ${what} argument\n | ${source}\n | ${'.'.repeat(column - 1)}^`
  equal(mistake("'a'.matches('[')"), of('matches', 13, "'a'.matches('[')"))
  equal(mistake("duration('1 day') > duration('1s')"), of('duration', 10, "duration('1 day') > duration('1s')"))
  equal(mistake("timestamp('today')"), of('timestamp', 11, "timestamp('today')"))
})

test('what is run is paid from the budget, and one call has its limit', () => {
  const budget: Budget = { remaining: 100 }
  const variables = new Map([['object', t.DYN]])
  compile('object.a.b == 1', { variables }).evaluate(() => jsonValue({ a: { b: 1 } }), budget)
  equal(budget.remaining, 96)
  const long = jsonValue(Array.from({ length: 2000 }, () => 1))
  const endless = compile('object.all(a, object.all(b, object.all(c, c == 1)))', { variables })
  equal(endless.evaluate(() => long).error?.message, 'operation cancelled: actual cost limit exceeded')
})

test('sizes come from what the schema allows, else from what fits into a request', () => {
  const { fields } = schemaType(spec)!.fields!.get('spec')!.type
  const sizes = [...fields!].map(([name, { type }]) => [name, shownType(type.type), type.elementsMax])
  deepEqual(sizes.slice(0, 4), [
    ['replicas', 'int', undefined],
    ['max__dash__surge', 'dyn', 3_145_726],
    ['__namespace__', 'string', 40],
    ['ratio', 'double', undefined],
  ])
  deepEqual(
    sizes.find(([name]) => name === 'names'),
    ['names', 'list(string)', 1_048_575],
  )
})

test('data that is not what its schema says fails the evaluation', () => {
  throws(() => schemaValue({ a: 1 }, schemaType({ type: 'string' })!), /invalid data, expected string, got map\[string\]interface {}/)
})
