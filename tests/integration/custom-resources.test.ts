/** Custom resources as kubectl and other clients meet them, against a server process with its controllers. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { startServer, type ServerUnderTest } from './server-under-test.ts'
import { openTestPki, serveTls } from './tls-server.ts'

const skip = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'needs kubectl'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets'

const version = {
  name: 'v1',
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      description: 'A thing that is made.',
      properties: {
        spec: {
          type: 'object',
          required: ['size'],
          properties: {
            size: { type: 'integer', minimum: 1, description: 'How large it is.' },
            color: { type: 'string', default: 'grey' },
            replicas: { type: 'integer' },
            ports: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { type: 'integer' } } },
            },
          },
        },
        status: { type: 'object', properties: { replicas: { type: 'integer' }, ready: { type: 'boolean' } } },
      },
    },
  },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  additionalPrinterColumns: [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'First', type: 'string', jsonPath: '.spec.ports[0].name', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [{ jsonPath: '.spec.color' }],
}
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions: [version],
  },
}
const widget = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function kubectl(server: ServerUnderTest, words: readonly string[], input?: object): Ran {
  const { status, stdout, stderr } = spawnSync('kubectl', ['--kubeconfig', server.kubeconfig, ...words], {
    encoding: 'utf8',
    ...(input !== undefined && { input: JSON.stringify(input) }),
    timeout: 30_000,
  })
  return { code: status, out: stdout, err: stderr }
}

async function established(server: ServerUnderTest, flags: readonly string[] = []): Promise<void> {
  equal(kubectl(server, ['apply', '-f', '-', ...flags], definition).code, 0)
  equal(kubectl(server, ['wait', '--for', 'condition=established', '--timeout=10s', 'crd/widgets.example.com']).code, 0)
}

test('kubectl works with custom resources as with any others', { skip }, async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await established(server)
  const ok = (out: string) => ({ code: 0, out, err: '' })
  const small = widget('small', { size: 1, ports: [{ name: 'http', port: 80 }] })
  deepEqual(kubectl(server, ['apply', '-f', '-'], small), ok('widget.example.com/small created\n'))
  deepEqual(kubectl(server, ['apply', '-f', '-'], small), ok('widget.example.com/small unchanged\n'))
  deepEqual(kubectl(server, ['apply', '-f', '-'], widget('small', { size: 2 })), ok('widget.example.com/small configured\n'))
  match(kubectl(server, ['get', 'wd']).out, /^NAME +SIZE +AGE\nsmall +2 +\d+s\n$/)
  deepEqual(kubectl(server, ['apply', '-f', '-'], small), ok('widget.example.com/small configured\n'))
  match(kubectl(server, ['get', 'all', '-o', 'wide']).out, /widget.example.com\/small +1 +http +\d+s/)
  match(kubectl(server, ['describe', 'widget', 'small']).out, /Kind: +Widget\n[^]*Spec:\n {2}Color: +grey\n/)
  match(
    kubectl(server, ['explain', 'widget.spec']).out,
    /GROUP: +example.com\nKIND: +Widget\nVERSION: +v1\n[^]*size\t<integer> -required-\n +How large it is\./,
  )
  deepEqual(kubectl(server, ['scale', 'widget/small', '--replicas', '3']), ok('widget.example.com/small scaled\n'))
  equal(kubectl(server, ['get', 'wd', 'small', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}']).out, '3 4')
  equal(kubectl(server, ['get', 'wd', '--field-selector', 'spec.color=grey', '-o', 'name']).out, 'widget.example.com/small\n')
  equal(kubectl(server, ['get', 'wd', '--field-selector', 'spec.color=red', '-o', 'name']).out, '')
  match(
    kubectl(server, ['apply', '-f', '-'], widget('odd', { size: 1, weight: 2 })).err,
    /Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.weight"/,
  )
  match(
    kubectl(server, ['apply', '-f', '-'], widget('none', { size: 0 })).err,
    /The Widget "none" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1/,
  )
  equal(
    kubectl(
      server,
      ['apply', '--server-side', '--field-manager', 'one', '-f', '-'],
      widget('shared', { size: 1, ports: [{ name: 'a', port: 1 }] }),
    ).code,
    0,
  )
  equal(
    kubectl(
      server,
      ['apply', '--server-side', '--field-manager', 'two', '-f', '-'],
      widget('shared', { size: 1, ports: [{ name: 'b', port: 2 }] }),
    ).code,
    0,
  )
  equal(kubectl(server, ['get', 'wd', 'shared', '-o', 'jsonpath={.spec.ports[*].name}']).out, 'a b')
  match(
    kubectl(server, ['apply', '--server-side', '--field-manager', 'two', '-f', '-'], widget('shared', { size: 5 })).err,
    /^error: Apply failed with 1 conflict: conflict with "one": \.spec\.size\n/,
  )
  equal(kubectl(server, ['delete', 'wd', '--all']).code, 0)
  equal(kubectl(server, ['delete', 'crd', 'widgets.example.com']).code, 0)
  equal(kubectl(server, ['get', 'widgets']).code, 1)
  deepEqual(kubectl(server, ['api-resources', '--api-group', 'example.com', '--no-headers']).out, '')
})

test('what the wire says of custom resources is what upstream says', async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await made(server)
  equal((await server.call('POST', WIDGETS, widget('a', { size: 1 }))).status, 201)
  const protobuf = 'application/vnd.kubernetes.protobuf'
  const asProtobuf = await server.call('GET', WIDGETS, undefined, { accept: protobuf })
  equal(asProtobuf.status, 406)
  const { metadata, items } = (await server.call('GET', WIDGETS)).json<{ metadata: { continue: string }; items: Widget[] }>()
  deepEqual([metadata.continue, items.map((i) => [i.apiVersion, i.kind])], ['', [['example.com/v1', 'Widget']]])
  const single = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
  equal(
    (await server.call('GET', WIDGETS, undefined, { accept: single })).json()['message'],
    'you requested PartialObjectMetadata, but the requested object is a list (*unstructured.UnstructuredList)',
  )
  const partial = `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
  equal((await server.call('GET', WIDGETS, undefined, { accept: partial })).headers['content-type'], protobuf)
  equal((await server.call('POST', WIDGETS, 'k8s', { contentType: protobuf })).status, 415)
  equal((await server.call('PUT', `${WIDGETS}/a`, widget('a', { size: 2 }))).json()['message'], UNCONDITIONAL)
  equal((await server.call('GET', '/apis/example.com/v2/widgets')).text, '404 page not found\n')
  equal((await server.call('GET', '/apis/example.com/v1/widgets/a')).text, '404 page not found\n')
  deepEqual((await server.call('GET', `${WIDGETS}/a/proxy`)).json()['message'], 'widgets.example.com "a" not found')
  const yaml = await server.call('GET', `${WIDGETS}/a`, undefined, { accept: 'application/yaml' })
  match(yaml.text, /^apiVersion: example.com\/v1\nkind: Widget\n/)
})

const UNCONDITIONAL = 'Widget.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update'

test('a watch sees custom objects come, change and go, and ends when their definition changes', async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await made(server)
  const lines = server.lines(`${WIDGETS}?watch=true&fieldSelector=spec.color%3Dred`)
  const seen = Array.fromAsync(lines, (line) => JSON.parse(line) as { type: string; object: { spec: { size: number } } })
  await server.call('POST', WIDGETS, widget('a', { size: 1, color: 'red' }))
  await server.call('POST', WIDGETS, widget('b', { size: 1 }))
  await server.call('PATCH', `${WIDGETS}/a`, { spec: { size: 2 } }, { contentType: 'application/merge-patch+json' })
  await server.call('PATCH', `${WIDGETS}/a`, { spec: { color: 'blue' } }, { contentType: 'application/merge-patch+json' })
  await server.call(
    'PATCH',
    `${DEFINITIONS}/widgets.example.com`,
    { spec: { names: { shortNames: ['w'] } } },
    { contentType: 'application/merge-patch+json' },
  )
  deepEqual(
    (await seen).map((e) => [e.type, e.object.spec.size]),
    [
      ['ADDED', 1],
      ['MODIFIED', 2],
      ['DELETED', 2],
    ],
  )
})

test('namespaces, owners, roles and quotas know custom resources', { skip }, async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await established(server)
  const run = (...words: string[]) => kubectl(server, words)
  equal(run('create', 'namespace', 'shop').code, 0)
  equal(kubectl(server, ['-n', 'shop', 'apply', '-f', '-'], widget('owner', { size: 1 })).code, 0)
  const uid = run('-n', 'shop', 'get', 'wd', 'owner', '-o', 'jsonpath={.metadata.uid}').out
  const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'owner', uid }]
  const owned = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences } }
  equal(kubectl(server, ['-n', 'shop', 'apply', '-f', '-'], owned).code, 0)
  equal(kubectl(server, ['-n', 'shop', 'apply', '-f', '-'], widget('part', { size: 1 }, { ownerReferences })).code, 0)

  equal(run('create', 'clusterrole', 'looks', '--verb=get,list', '--resource=widgets.example.com').code, 0)
  equal(run('-n', 'shop', 'create', 'rolebinding', 'looks', '--clusterrole=looks', '--user=eve').code, 0)
  equal(run('-n', 'shop', 'get', 'wd', '-o', 'name', '--as', 'eve').out, 'widget.example.com/owner\nwidget.example.com/part\n')
  match(
    run('-n', 'shop', 'delete', 'wd', 'owner', '--as', 'eve').err,
    /User "eve" cannot delete resource "widgets" in API group "example.com" in the namespace "shop"/,
  )

  equal(run('-n', 'shop', 'delete', 'wd', 'owner').code, 0)
  equal(run('-n', 'shop', 'wait', '--for=delete', '--timeout=15s', 'configmap/owned', 'widget/part').code, 0)

  equal(run('-n', 'shop', 'create', 'quota', 'few', '--hard=count/widgets.example.com=1').code, 0)
  const counted = { status: { hard: { 'count/widgets.example.com': '1' }, used: { 'count/widgets.example.com': '0' } } }
  equal(run('-n', 'shop', 'patch', 'quota', 'few', '--subresource=status', '--type=merge', '-p', JSON.stringify(counted)).code, 0)
  equal(kubectl(server, ['-n', 'shop', 'apply', '-f', '-'], widget('first', { size: 1 })).code, 0)
  match(
    kubectl(server, ['-n', 'shop', 'apply', '-f', '-'], widget('second', { size: 1 })).err,
    /forbidden: exceeded quota: few, requested: count\/widgets.example.com=1, used: count\/widgets.example.com=1, limited: count\/widgets.example.com=1/,
  )
  equal(run('delete', 'namespace', 'shop', '--timeout=20s').code, 0)
  deepEqual((await server.call('GET', '/apis/example.com/v1/widgets')).json<{ items: unknown[] }>().items, [])
})

/** Without kubectl. */
async function made(server: ServerUnderTest, defined: object = definition): Promise<void> {
  equal((await server.call('POST', DEFINITIONS, defined)).status, 201)
  for (;;) {
    if ((await server.call('GET', WIDGETS)).status === 200) return
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** A definition whose versions call a size differently, with a webhook that converts between them. */
async function withWebhook() {
  const keys = openTestPki()
  const asked: number[] = []
  const failing = { now: false }
  const hook = await serveTls(keys, ['127.0.0.1'], (_, body, response) => {
    const { kind, apiVersion, request } = JSON.parse(body) as ConversionReview
    asked.push(request.objects.length)
    const convertedObjects = request.objects.map((o) => {
      const { size, length, ...rest } = o.spec
      const spec = request.desiredAPIVersion.endsWith('/v2') ? { ...rest, length: size } : { ...rest, size: length }
      return { ...o, apiVersion: request.desiredAPIVersion, spec }
    })
    const result = failing.now ? { status: 'Failed', message: 'not today' } : { status: 'Success' }
    response.end(JSON.stringify({ kind, apiVersion, response: { uid: request.uid, result, convertedObjects } }))
  })
  const { properties } = version.schema.openAPIV3Schema
  const { size, ...others } = properties.spec.properties
  const spec = { type: 'object', required: ['length'], properties: { ...others, length: size } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status: properties.status } } }
  const versions = [
    { ...version, selectableFields: [{ jsonPath: '.spec.size' }] },
    { ...version, name: 'v2', storage: false, schema, selectableFields: [{ jsonPath: '.spec.length' }] },
  ]
  const clientConfig = { url: `https://127.0.0.1:${hook.port}/convert`, caBundle: keys.caBundle }
  const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } }
  return {
    definition: { ...definition, spec: { ...definition.spec, versions, conversion } },
    asked,
    failing,
    async [Symbol.asyncDispose]() {
      await hook[Symbol.asyncDispose]()
      keys[Symbol.dispose]()
    },
  }
}

const NEWER = WIDGETS.replace('/v1/', '/v2/')
const newer = (name: string, length: number) => ({ ...widget(name, { length }), apiVersion: 'example.com/v2' })

test('a webhook converts between versions, lists at once, and its failures are told', async () => {
  await using webhook = await withWebhook()
  const { asked, failing } = webhook
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await made(server, webhook.definition)

  const first = await server.call('POST', NEWER, newer('a', 3))
  deepEqual([first.status, first.json<Widget>().spec], [201, { length: 3, color: 'grey' }])
  deepEqual((await server.call('GET', `${WIDGETS}/a`)).json<Widget>().spec, { size: 3, color: 'grey' })
  for (const name of ['b', 'c', 'd']) await server.call('POST', WIDGETS, widget(name, { size: 1 }))
  asked.length = 0
  const list = await server.call('GET', NEWER)
  deepEqual([list.json<{ items: Widget[] }>().items.map((i) => i.spec.length), asked.length], [[3, 1, 1, 1], 1])
  const invalid = await server.call('POST', NEWER, newer('e', 0))
  match(invalid.json<{ message: string }>().message, /^Widget.example.com "e" is invalid: spec.length: Invalid value: 0: /)

  const changed = await server.call('PATCH', `${NEWER}/a`, { spec: { length: 4 } }, { contentType: 'application/merge-patch+json' })
  deepEqual([changed.status, changed.json<Widget>().metadata.generation], [200, 2])
  deepEqual((await server.call('GET', `${WIDGETS}/a`)).json<Widget>().spec, { size: 4, color: 'grey' })
  failing.now = true
  await server.call('POST', WIDGETS, widget('z', { size: 1 }))
  const failed = await server.call('GET', `${NEWER}/z`)
  deepEqual([failed.status, failed.json()['message']], [500, 'conversion webhook for example.com/v1, Kind=Widget failed: not today'])
})

test('objects stored in different versions are listed, selected and watched in the one that is asked for', async () => {
  await using webhook = await withWebhook()
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await made(server, webhook.definition)
  await server.call('POST', WIDGETS, widget('old', { size: 1 }))
  const versions = webhook.definition.spec.versions.map((v) => ({ ...v, storage: v.name === 'v2' }))
  const path = `${DEFINITIONS}/widgets.example.com`
  equal((await server.call('PATCH', path, { spec: { versions } }, { contentType: 'application/merge-patch+json' })).status, 200)
  await server.call('POST', NEWER, newer('new', 1))
  await server.call('POST', WIDGETS, widget('other', { size: 2 }))
  const names = async (path: string) =>
    (await server.call('GET', path))
      .json<{ items: Widget[] }>()
      .items.map((i) => [i.apiVersion, i.metadata.name, i.spec.size ?? i.spec.length])
  deepEqual(await names(NEWER), [
    ['example.com/v2', 'new', 1],
    ['example.com/v2', 'old', 1],
    ['example.com/v2', 'other', 2],
  ])
  deepEqual(await names(`${WIDGETS}?fieldSelector=spec.size%3D1`), [
    ['example.com/v1', 'new', 1],
    ['example.com/v1', 'old', 1],
  ])
  deepEqual(await names(`${NEWER}?fieldSelector=spec.length%3D2`), [['example.com/v2', 'other', 2]])

  const events: [string, string][] = []
  const watching = (async () => {
    for await (const line of server.lines(
      `${NEWER}?watch=true&fieldSelector=spec.length%3D1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    )) {
      const { type, object } = JSON.parse(line) as { type: string; object: Widget }
      if (type !== 'BOOKMARK') events.push([type, `${object.metadata.name} ${object.spec.length}`])
      if (object.metadata.name === 'other' && type === 'DELETED') return
    }
  })()
  while (events.length < 2) await new Promise((done) => setTimeout(done, 10))
  for (const size of [1, 3])
    await server.call('PATCH', `${WIDGETS}/other`, { spec: { size } }, { contentType: 'application/merge-patch+json' })
  await watching
  deepEqual(events, [
    ['ADDED', 'new 1'],
    ['ADDED', 'old 1'],
    ['ADDED', 'other 1'],
    ['DELETED', 'other 1'],
  ])
})

interface Widget {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly spec: { readonly size?: number; readonly length?: number }
}

interface ConversionReview {
  readonly kind: string
  readonly apiVersion: string
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Widget[] }
}

test('admission webhooks see custom objects, in the version they ask for', async () => {
  using keys = openTestPki()
  const asked: string[] = []
  await using hook = await serveTls(keys, ['127.0.0.1'], (incoming, body, response) => {
    const { kind, apiVersion, request } = JSON.parse(body) as AdmissionReview
    asked.push(`${incoming.url!.split('?')[0]} ${request.operation} ${request.object.apiVersion}`)
    const add = (path: string, value: unknown) => ({ op: 'add', path, value })
    const patch = Buffer.from(JSON.stringify([add('/spec/color', 'red'), add('/spec/odd', 1)])).toString('base64')
    const verdict = incoming.url!.startsWith('/change')
      ? { allowed: true, patchType: 'JSONPatch', patch }
      : { allowed: request.object.spec.size !== 13, status: { message: 'unlucky' } }
    response.end(JSON.stringify({ kind, apiVersion, response: { uid: request.uid, ...verdict } }))
  })
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  await made(server, { ...definition, spec: { ...definition.spec, versions: [version, { ...version, name: 'v2', storage: false }] } })
  const webhook = (path: string, apiVersion: string) => ({
    name: `${path}.example.com`,
    clientConfig: { url: `https://127.0.0.1:${hook.port}/${path}`, caBundle: keys.caBundle },
    rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['example.com'], apiVersions: [apiVersion], resources: ['widgets'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  })
  const configure = async (kind: string, ...webhooks: readonly object[]) => {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`
    equal((await server.call('POST', path, { metadata: { name: kind }, webhooks })).status, 201)
  }
  await configure('mutating', webhook('change', 'v1'))
  await configure('validating', webhook('judge', 'v2'))
  const created = await server.call('POST', WIDGETS, widget('a', { size: 1 }))
  deepEqual([created.status, created.json<Widget>().spec], [201, { size: 1, color: 'red' }])
  deepEqual(asked, ['/change CREATE example.com/v1', '/judge CREATE example.com/v2'])
  const denied = await server.call('POST', WIDGETS, widget('b', { size: 13 }))
  deepEqual([denied.status, denied.json()['message']], [400, 'admission webhook "judge.example.com" denied the request: unlucky'])
})

interface AdmissionReview {
  readonly kind: string
  readonly apiVersion: string
  readonly request: {
    readonly uid: string
    readonly operation: string
    readonly object: { readonly apiVersion: string; readonly spec: { readonly size: number } }
  }
}
