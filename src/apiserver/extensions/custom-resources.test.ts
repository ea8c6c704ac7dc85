/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** Custom resources through the API, from their definition to their end. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type TestApi } from '../endpoints/test-api.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets'
const MERGE = { contentType: 'application/merge-patch+json' }

const SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', default: 1, minimum: 0 },
        color: { type: 'string' },
        replicas: { type: 'integer' },
        mood: { type: 'string', enum: ['great', 'down'], nullable: true },
        more: { type: 'object', additionalProperties: true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, ready: { type: 'boolean' } } },
  },
}
const V1 = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: SCHEMA },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
  selectableFields: [{ jsonPath: '.spec.color' }],
}
const definition = (spec: object = {}, plural = 'widgets') => ({
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural, kind: 'Widget', shortNames: ['wd'] },
    versions: [V1],
    ...spec,
  },
})
const widget = (name: string, spec: object = {}) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec })
const conditions = (object: any) => object.status.conditions.map((c: any) => `${c.type}=${c.status} ${c.reason}`)

async function withWidgets(spec: object = {}): Promise<TestApi> {
  const t = await openTestApi()
  equal((await t.call('POST', DEFINITIONS, definition(spec))).status, 201)
  await t.clock.advance(10)
  return t
}

test('a definition is established, and its objects live as others do', async () => {
  await using t = await withWidgets()
  const { object: crd } = await t.call('GET', `${DEFINITIONS}/widgets.example.com`)
  deepEqual(conditions(crd), ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted'])
  const made = await t.call('POST', WIDGETS, { ...widget('a', { color: 'red', odd: 1 }), status: { ready: true } })
  deepEqual(
    [made.status, made.object.spec, made.object.status, made.object.metadata.generation],
    [201, { color: 'red', size: 1 }, undefined, 1],
  )
  const wrong = await t.call('POST', WIDGETS, widget('b', { size: -1 }))
  deepEqual([wrong.status, wrong.object.details.causes[0].field], [422, 'spec.size'])
  const patched = await t.call('PATCH', `${WIDGETS}/a`, { spec: { size: 3 } }, MERGE)
  deepEqual([patched.status, patched.object.spec.size, patched.object.metadata.generation], [200, 3, 2])
  const status = await t.call('PATCH', `${WIDGETS}/a/status`, { status: { replicas: 2 }, spec: { size: 9 } }, MERGE)
  deepEqual([status.object.status, status.object.spec.size, status.object.metadata.generation], [{ replicas: 2 }, 3, 2])
  const { object: list } = await t.call('GET', `${WIDGETS}?fieldSelector=spec.color%3Dred`)
  deepEqual([list.kind, list.items.length], ['WidgetList', 1])
  const strategic = await t.call('PATCH', `${WIDGETS}/a`, {}, { contentType: 'application/strategic-merge-patch+json' })
  equal(strategic.status, 415)
  const gone = await t.call('DELETE', `${WIDGETS}/a`)
  deepEqual([gone.status, gone.object.details.kind], [200, 'widgets'])
})

test('a scale shows and changes the number where the definition says', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a'))
  const none = await t.call('GET', `${WIDGETS}/a/scale`)
  deepEqual([none.status, none.object.message], [500, 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist'])
  await t.call('PATCH', `${WIDGETS}/a/scale`, { spec: { replicas: 4 } }, MERGE)
  const { object: scale } = await t.call('GET', `${WIDGETS}/a/scale`)
  deepEqual([scale.kind, scale.spec, scale.status], ['Scale', { replicas: 4 }, { replicas: 0 }])
  const wrong = await t.call('PATCH', `${WIDGETS}/a/scale`, { spec: { replicas: -1 } }, MERGE)
  deepEqual(
    [wrong.status, wrong.object.message],
    [422, 'Widget.example.com "a" is invalid: .spec.replicas: Invalid value: -1: should be a non-negative integer'],
  )
})

test('discovery, documents and API services follow the definitions', async () => {
  await using t = await withWidgets()
  const { object: list } = await t.call('GET', '/apis/example.com/v1')
  deepEqual(
    list.resources.map((r: any) => [r.name, r.kind, r.shortNames]),
    [
      ['widgets', 'Widget', ['wd']],
      ['widgets/status', 'Widget', undefined],
      ['widgets/scale', 'Scale', undefined],
    ],
  )
  const index = JSON.parse((await t.wire('GET', '/openapi/v3')).text)
  const document = JSON.parse((await t.wire('GET', index.paths['apis/example.com/v1'].serverRelativeURL)).text)
  const shown = document.components.schemas['com.example.v1.Widget']
  deepEqual(Object.keys(shown.properties), ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const older = JSON.parse((await t.wire('GET', '/openapi/v2')).text)
  const { mood, more } = older.definitions['com.example.v1.Widget'].properties.spec.properties
  deepEqual([mood, more], [{ enum: ['great', 'down'] }, { type: 'object', additionalProperties: true }])
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  match((await t.wire('GET', '/openapi/v2', { headers: { accept } })).text, /com\.example\.v1\.Widget[^]*"great"\n[^]*"down"\n/)
  equal((await t.call('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com')).status, 200)
  const aggregated = async () => {
    const wanted = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }
    const { headers, text } = await t.wire('GET', '/apis', { headers: wanted })
    const group = JSON.parse(text).items.find((i: any) => i.metadata.name === 'example.com')
    return {
      etag: headers['etag'],
      resources: group?.versions[0].resources.map((r: any) => `${r.resource} ${r.scope} ${r.responseKind.kind}`),
    }
  }
  const before = await aggregated()
  deepEqual(before.resources, ['widgets Namespaced Widget'])
  await t.call('DELETE', `${DEFINITIONS}/widgets.example.com`)
  await t.clock.advance(10)
  const after = await aggregated()
  deepEqual([after.resources, after.etag === before.etag], [undefined, false])
  equal((await t.call('GET', '/apis/example.com/v1')).status, 404)
  equal((await t.call('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com')).status, 404)
})

test('documents and discovery show the versions that are served, by the names they have now', async () => {
  const v2 = { ...V1, name: 'v2', storage: false }
  await using t = await withWidgets({ versions: [V1, v2] })
  const shown = async () => {
    const older = JSON.parse((await t.wire('GET', '/openapi/v2')).text)
    const index = JSON.parse((await t.wire('GET', '/openapi/v3')).text)
    const { object: group } = await t.call('GET', '/apis/example.com')
    return [
      Object.keys(older.definitions).filter((name) => name.startsWith('com.example') && !name.endsWith('List')),
      Object.keys(index.paths).filter((name) => name.startsWith('apis/example.com/')),
      group.versions.map((v: any) => v.version),
    ]
  }
  const change = async (...versions: readonly object[]) => {
    equal((await t.call('PATCH', `${DEFINITIONS}/widgets.example.com`, { spec: { versions } }, MERGE)).status, 200)
    await t.clock.advance(10)
    return shown()
  }
  const both = ['com.example.v1.Widget', 'com.example.v2.Widget']
  deepEqual(await shown(), [both, ['apis/example.com/v1', 'apis/example.com/v2'], ['v2', 'v1']])
  deepEqual(await change(V1, { ...v2, served: false }), [both.slice(0, 1), ['apis/example.com/v1'], ['v1']])
  deepEqual(await change(V1, { ...v2, name: 'v3beta1' }), [
    ['com.example.v1.Widget', 'com.example.v3beta1.Widget'],
    ['apis/example.com/v1', 'apis/example.com/v3beta1'],
    ['v1', 'v3beta1'],
  ])
})

test('the objects of a deleted definition go first', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, { ...widget('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } })
  await t.call('POST', WIDGETS, widget('free'))
  const deleted = await t.call('DELETE', `${DEFINITIONS}/widgets.example.com`)
  match(conditions(deleted.object).at(-1), /^Terminating=True InstanceDeletionPending/)
  await t.clock.advance(10)
  const refused = await t.call('POST', WIDGETS, widget('late'))
  deepEqual([refused.status, refused.object.message], [405, 'create not allowed while custom resource definition is terminating'])
  deepEqual(
    (await t.call('GET', WIDGETS)).object.items.map((i: any) => i.metadata.name),
    ['held'],
  )
  await t.call('PATCH', `${WIDGETS}/held`, { metadata: { finalizers: null } }, MERGE)
  await t.clock.advance(1000)
  equal((await t.call('GET', `${DEFINITIONS}/widgets.example.com`)).status, 404)
  equal((await t.call('GET', WIDGETS)).status, 404)
})

test('a definition that is made anew at once has none of the objects of before', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a'))
  await t.call('DELETE', `${DEFINITIONS}/widgets.example.com`)
  await t.clock.advanceUntil(async () => (await t.call('GET', `${DEFINITIONS}/widgets.example.com`)).status === 404, 1000)
  await t.call('POST', DEFINITIONS, definition())
  await t.clock.advance(10)
  const { status, object } = await t.call('GET', WIDGETS)
  deepEqual([status, object.items], [200, []])
  equal((await t.call('POST', WIDGETS, widget('a'))).status, 201)
})

test('a name that another definition has is not accepted until it is free', async () => {
  await using t = await withWidgets()
  await t.call('POST', DEFINITIONS, definition({ names: { plural: 'gadgets', kind: 'Gadget', shortNames: ['wd'] } }, 'gadgets'))
  await t.clock.advance(10)
  const { object: second } = await t.call('GET', `${DEFINITIONS}/gadgets.example.com`)
  deepEqual(
    second.status.conditions.map((c: any) => [c.type, c.status, c.reason, c.message]),
    [
      ['NamesAccepted', 'False', 'ShortNamesConflict', '"wd" is already in use'],
      ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
    ],
  )
  equal((await t.call('GET', '/apis/example.com/v1/gadgets')).status, 404)
  await t.call('DELETE', `${DEFINITIONS}/widgets.example.com`)
  await t.clock.advance(10)
  equal((await t.call('GET', '/apis/example.com/v1/gadgets')).status, 200)
})

test('versions are served by name, deprecated ones with a warning', async () => {
  const v2 = { ...V1, name: 'v2', storage: false, deprecated: true }
  await using t = await withWidgets({ versions: [V1, v2] })
  await t.call('POST', WIDGETS, widget('a', { size: 2 }))
  const other = await t.call('GET', WIDGETS.replace('/v1/', '/v2/') + '/a')
  deepEqual(
    [other.object.apiVersion, other.object.spec, other.warnings],
    ['example.com/v2', { size: 2 }, ['example.com/v2 Widget is deprecated']],
  )
  const put = await t.call('PUT', WIDGETS.replace('/v1/', '/v2/') + '/a', { ...other.object, spec: { size: 5 } })
  deepEqual([put.status, put.object.apiVersion], [200, 'example.com/v2'])
  deepEqual((await t.call('GET', `${WIDGETS}/a`)).object.spec, { size: 5 })
})

test('an update that changes nothing brings an object into the version that is stored now', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a'))
  const versions = [
    { ...V1, storage: false },
    { ...V1, name: 'v2' },
  ]
  await t.call('PATCH', `${DEFINITIONS}/widgets.example.com`, { spec: { versions } }, MERGE)
  const stored = async () =>
    JSON.parse(new TextDecoder().decode((await t.store.get('/registry/example.com/widgets/default/a'))!.value)).apiVersion
  equal(await stored(), 'example.com/v1')
  const { object } = await t.call('GET', `${WIDGETS}/a`)
  const same = await t.call('PUT', `${WIDGETS}/a`, object)
  deepEqual([same.status, same.object.apiVersion, same.object.metadata.generation], [200, 'example.com/v1', 1])
  equal(await stored(), 'example.com/v2')
  const again = await t.call('PUT', `${WIDGETS}/a`, same.object)
  equal(again.object.metadata.resourceVersion, same.object.metadata.resourceVersion)
})

test('objects are there again after a restart, under the keys that upstream gives them', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a', { size: 2 }))
  await using again = await openTestApi({ store: t.store })
  deepEqual((await again.call('GET', `${WIDGETS}/a`)).object.spec, { size: 2 })
  equal((await again.call('GET', '/apis/example.com')).object.preferredVersion.version, 'v1')
})

test('selectors, names and verbs that are not there are refused as upstream refuses them', async () => {
  await using t = await withWidgets()
  const answer = async (method: string, url: string, body?: object) => {
    const { status, object } = await t.call(method, url, body)
    return [status, object.message]
  }
  deepEqual(await answer('GET', `${WIDGETS}?fieldSelector=spec.size%3D1`), [400, 'field label not supported: spec.size'])
  deepEqual(await answer('GET', `${WIDGETS}/none`), [404, 'widgets.example.com "none" not found'])
  deepEqual(await answer('POST', WIDGETS, widget('Bad_Name')), [
    422,
    'Widget.example.com "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": ' +
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ])
  deepEqual(await answer('POST', WIDGETS, { ...widget('a'), metadata: { name: 'a', labels: [] } }), [
    400,
    'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal array into Go struct field ObjectMeta.labels of type map[string]string',
  ])
})

test('finalizers may be called anything, with a warning when that is not plain', async () => {
  await using t = await withWidgets()
  const metadata = { name: 'a', finalizers: ['mine', 'example.com/mine'] }
  const made = await t.call('POST', WIDGETS, { ...widget('a'), metadata })
  const why = 'prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers'
  deepEqual([made.status, made.warnings], [201, [`metadata.finalizers: "mine": ${why}`]])
  const more = await t.call('PATCH', `${WIDGETS}/a`, { metadata: { finalizers: ['mine', 'yours'] } }, MERGE)
  deepEqual([more.status, more.warnings], [200, [`metadata.finalizers: "yours": ${why}`]])
})

test('two servers over one store serve the same', async () => {
  await using a = await withWidgets()
  await using b = await openTestApi({ store: a.store })
  const pass = async () => {
    for (let i = 0; i < 3; i++) for (const t of [a, b]) await t.clock.advance(1000)
  }
  equal((await b.call('POST', WIDGETS, widget('a'))).status, 201)
  deepEqual((await a.call('GET', `${WIDGETS}/a`)).object.spec, { size: 1 })
  await b.call('POST', DEFINITIONS, definition({ names: { plural: 'gadgets', kind: 'Gadget' } }, 'gadgets'))
  await pass()
  for (const t of [a, b]) equal((await t.call('GET', WIDGETS.replace('widgets', 'gadgets'))).status, 200)
  const { object: services } = await a.call('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com')
  equal(services.metadata.labels['kube-aggregator.kubernetes.io/automanaged'], 'true')
  for (const name of ['widgets', 'gadgets']) await a.call('DELETE', `${DEFINITIONS}/${name}.example.com`)
  await pass()
  for (const t of [a, b]) {
    deepEqual((await t.call('GET', DEFINITIONS)).object.items, [])
    equal((await t.call('GET', WIDGETS)).status, 404)
    equal((await t.call('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com')).status, 404)
  }
})

test('a body of another kind, or of none, is refused', async () => {
  await using t = await withWidgets()
  const other = await t.call('POST', WIDGETS, { ...widget('a'), kind: 'Gadget' })
  deepEqual([other.status, other.object.message], [422, 'Widget.example.com "a" is invalid: kind: Invalid value: "Gadget": must be Widget'])
  const none = await t.call('POST', WIDGETS, undefined, { text: '{"metadata":{}}' })
  const why = `Object 'Kind' is missing in '{"metadata":{}}' ({"metadata":{}})`
  deepEqual([none.status, none.object.message], [400, `the object provided is unrecognized (must be of type Widget): ${why}`])
})

test('a default that comes later is shown of what is stored already', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a'))
  const { properties } = SCHEMA
  const spec = { ...properties.spec, properties: { ...properties.spec.properties, color: { type: 'string', default: 'grey' } } }
  const schema = { openAPIV3Schema: { ...SCHEMA, properties: { ...properties, spec } } }
  await t.call('PATCH', `${DEFINITIONS}/widgets.example.com`, { spec: { versions: [{ ...V1, schema }] } }, MERGE)
  deepEqual((await t.call('GET', `${WIDGETS}/a`)).object.spec, { size: 1, color: 'grey' })
  equal((await t.call('GET', `${WIDGETS}?fieldSelector=spec.color%3Dgrey`)).object.items.length, 1)
})

test('custom objects are spoken in CBOR where that is on', async () => {
  await using t = await withWidgets()
  await t.call('POST', WIDGETS, widget('a', { size: 2 }))
  const { status, headers } = await t.wire('GET', `${WIDGETS}/a`, { cbor: true, headers: { accept: 'application/cbor' } })
  deepEqual([status, headers['content-type']], [200, 'application/cbor'])
})
