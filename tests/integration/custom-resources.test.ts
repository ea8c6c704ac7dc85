/** Custom resources as kubectl and other clients meet them, against a server process with its controllers. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { startServer, type ServerUnderTest } from './server-under-test.ts'

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
async function made(server: ServerUnderTest): Promise<void> {
  equal((await server.call('POST', DEFINITIONS, definition)).status, 201)
  for (;;) {
    if ((await server.call('GET', WIDGETS)).status === 200) return
    await new Promise((done) => setTimeout(done, 10))
  }
}
