/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** What schemas say, as clients are told it. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type TestApi } from '#apiserver/endpoints/test-api.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const THINGS = '/apis/example.com/v1/namespaces/default/things'
const MERGE = { contentType: 'application/merge-patch+json' }
const APPLY = { contentType: 'application/apply-patch+yaml' }

async function settle(t: TestApi): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await new Promise(setImmediate)
    t.clock.advance(1)
  }
}

function definition(spec: JsonSchema): object {
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  return {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
}

async function withThings(spec: JsonSchema): Promise<TestApi> {
  const t = await openTestApi()
  equal((await t.call('POST', DEFINITIONS, definition(spec))).status, 201)
  await settle(t)
  return t
}

const thing = (spec: unknown, name = 'a') => ({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name }, spec })
const TEXT: JsonSchema = { type: 'string' }
const INT: JsonSchema = { type: 'integer' }

test('unknown and repeated fields are refused, told of, or passed over, as the client wishes', async () => {
  await using t = await withThings({ type: 'object', properties: { a: TEXT } })
  const text = '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","odd":1},"spec":{"a":"x","a":"y","b":1}}'
  const strict = await t.call('POST', `${THINGS}?fieldValidation=Strict`, undefined, { text })
  deepEqual(
    [strict.status, strict.object.message],
    [
      400,
      'Thing in version "v1" cannot be handled as a Thing: strict decoding error: duplicate field "spec.a", unknown field "metadata.odd", unknown field "spec.b"',
    ],
  )
  const warned = await t.call('POST', `${THINGS}?fieldValidation=Warn&dryRun=All`, undefined, { text })
  deepEqual([warned.status, warned.warnings], [201, ['duplicate field "spec.a"', 'unknown field "metadata.odd"', 'unknown field "spec.b"']])
  const ignored = await t.call('POST', `${THINGS}?fieldValidation=Ignore`, undefined, { text })
  deepEqual([ignored.status, ignored.object.spec, ignored.warnings], [201, { a: 'y' }, []])
})

test('an object is refused with all that is wrong with it, and rules are left for later', async () => {
  await using t = await withThings({
    type: 'object',
    required: ['a'],
    properties: { a: TEXT, n: { ...INT, maximum: 5 } },
    'x-kubernetes-validations': [{ rule: 'self.n > 1' }],
  })
  const { status, object } = await t.call('POST', THINGS, thing({ n: 6 }))
  deepEqual(
    [status, object.message],
    [
      422,
      'Thing.example.com "a" is invalid: [spec.n: Invalid value: 6: spec.n in body should be less than or equal to 5, spec.a: Required value, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    ],
  )
  const broken = await t.call('POST', THINGS, thing({ a: 'x', n: 1 }))
  deepEqual(broken.object.details.causes, [
    { reason: 'FieldValueInvalid', message: 'Invalid value: failed rule: self.n > 1', field: 'spec' },
  ])
})

test('a rule over what was holds changes, whatever path they come by', async () => {
  await using t = await withThings({
    type: 'object',
    properties: { a: { ...TEXT, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
  })
  equal((await t.call('POST', THINGS, thing({ a: 'x' }))).status, 201)
  const patched = await t.call('PATCH', `${THINGS}/a`, { spec: { a: 'y' } }, MERGE)
  deepEqual(
    [patched.status, patched.object.details.causes[0]],
    [422, { reason: 'FieldValueInvalid', message: 'Invalid value: "y": failed rule: self == oldSelf', field: 'spec.a' }],
  )
  const applied = await t.call('PATCH', `${THINGS}/a?fieldManager=m&force=true`, thing({ a: 'y' }), APPLY)
  equal(applied.status, 422)
})

test('what a new schema forbids may stay as it is, and what it fills in is there', async () => {
  await using t = await withThings({ type: 'object', properties: { a: TEXT, b: TEXT } })
  equal((await t.call('POST', THINGS, thing({ a: 'long' }))).status, 201)
  const tighter: JsonSchema = { type: 'object', properties: { a: { ...TEXT, maxLength: 2 }, b: TEXT, c: { ...INT, default: 7 } } }
  const changed = await t.call('PUT', `${DEFINITIONS}/things.example.com`, {
    ...definition(tighter),
    metadata: (await t.call('GET', `${DEFINITIONS}/things.example.com`)).object.metadata,
  })
  equal(changed.status, 200)
  await settle(t)
  deepEqual((await t.call('GET', `${THINGS}/a`)).object.spec, { a: 'long', c: 7 })
  const kept = await t.call('PATCH', `${THINGS}/a`, { spec: { b: 'x' } }, MERGE)
  deepEqual([kept.status, kept.object.spec], [200, { a: 'long', b: 'x', c: 7 }])
  const ruled = await t.call(
    'PATCH',
    `${DEFINITIONS}/things.example.com`,
    [
      {
        op: 'add',
        path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/a/x-kubernetes-validations',
        value: [{ rule: 'self != "long"' }],
      },
    ],
    { contentType: 'application/json-patch+json' },
  )
  equal(ruled.status, 200)
  await settle(t)
  const warned = await t.call('PATCH', `${THINGS}/a`, { spec: { b: 'y' } }, MERGE)
  deepEqual([warned.status, warned.warnings], [200, ['spec.a: Invalid value: "long": failed rule: self != "long"']])
  const worse = await t.call('PATCH', `${THINGS}/a`, { spec: { a: 'longer' } }, MERGE)
  deepEqual([worse.status, worse.object.details.causes[0].message], [422, 'Too long: may not be more than 2 bytes'])
})

test('items that have keys are applied by several, each owning its own', async () => {
  await using t = await withThings({
    type: 'object',
    properties: {
      ports: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['port', 'protocol'],
        items: { type: 'object', required: ['port'], properties: { port: INT, protocol: { ...TEXT, default: 'TCP' }, name: TEXT } },
      },
    },
  })
  const apply = (manager: string, ports: readonly object[]) =>
    t.call('PATCH', `${THINGS}/a?fieldManager=${manager}`, thing({ ports }), APPLY)
  equal((await apply('one', [{ port: 80, name: 'web' }])).status, 201)
  const { object } = await apply('two', [{ port: 53, protocol: 'UDP', name: 'dns' }])
  deepEqual(object.spec.ports, [
    { port: 80, name: 'web', protocol: 'TCP' },
    { port: 53, protocol: 'UDP', name: 'dns' },
  ])
  deepEqual(
    object.metadata.managedFields.map((m: any) => [m.manager, Object.keys(m.fieldsV1['f:spec']['f:ports'])]),
    [
      ['one', ['k:{"port":80,"protocol":"TCP"}']],
      ['two', ['k:{"port":53,"protocol":"UDP"}']],
    ],
  )
  const conflict = await apply('two', [{ port: 80, name: 'other' }])
  deepEqual([conflict.status, conflict.object.details.causes[0].field], [409, '.spec.ports[port=80,protocol="TCP"].name'])
  deepEqual((await apply('two', [])).object.spec.ports, [{ port: 80, name: 'web', protocol: 'TCP' }])
})

test('metadata of an embedded object is held to what metadata is', async () => {
  const template: JsonSchema = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }
  await using t = await withThings({ type: 'object', properties: { template } })
  const wrong = await t.call('POST', THINGS, thing({ template: { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 1 } } } }))
  deepEqual(
    [wrong.status, wrong.object.message],
    [
      400,
      'Thing in version "v1" cannot be handled as a Thing: spec.template.metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ],
  )
  const unnamed = await t.call('POST', THINGS, thing({ template: { kind: 'Pod', spec: { a: 1 } } }))
  deepEqual([unnamed.status, unnamed.object.details.causes[0].field], [422, 'spec.template.apiVersion'])
})

test('a definition whose rules do not compile is refused with the mistake marked', async () => {
  await using t = await openTestApi()
  const spec: JsonSchema = { type: 'object', properties: { a: TEXT }, 'x-kubernetes-validations': [{ rule: 'self.b' }] }
  const { status, object } = await t.call('POST', DEFINITIONS, definition(spec))
  const [cause] = object.details.causes
  deepEqual(
    [status, cause.field, cause.message.split('\n').slice(1)],
    [422, 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule', [' | self.b', ' | ....^']],
  )
})
