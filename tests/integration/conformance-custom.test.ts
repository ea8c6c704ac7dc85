/* oxlint-disable typescript/no-explicit-any -- steps look into objects of every kind, and a wrong path fails there anyway */
/** Conformance descriptions of custom resources: their definitions, versions, selectors, discovery and checks. Each test is named after its description. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, inDiscovery, json, merge, startConformanceCluster, type Cluster } from './conformance-steps.ts'
import { openTestPki, serveTls } from './tls-server.ts'

const keys = openTestPki()
const converter = await serveTls(keys, ['127.0.0.1'], (_, body, response) => {
  const { kind, apiVersion, request } = JSON.parse(body) as any
  const convertedObjects = request.objects.map((object: any) => converted(object, request.desiredAPIVersion))
  response.end(JSON.stringify({ kind, apiVersion, response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } }))
})

/** Upstream's converter: one field `hostPort` in v1 is the fields `host` and `port` in v2. */
function converted(object: any, apiVersion: string): any {
  if (object.apiVersion === apiVersion) return object
  const { hostPort, host, port, ...rest } = object
  if (!apiVersion.endsWith('/v2')) return { ...rest, apiVersion, hostPort: `${host}:${port}` }
  const [newHost, newPort] = hostPort.split(':')
  return { ...rest, apiVersion, host: newHost, port: newPort }
}

let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(async () => {
  await c?.[Symbol.asyncDispose]()
  await converter[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
})

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = 'custom.example.com'
const text = { type: 'string' }
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const version = (name: string, openAPIV3Schema: object = open, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema },
  ...more,
})
const kindOf = (plural: string) => `E2e${plural}`

interface Definition {
  readonly versions?: readonly object[]
  readonly labels?: object
  readonly more?: object
}

const definition = (plural: string, { versions = [version('v1')], labels = {}, more }: Definition = {}) => ({
  metadata: { name: `${plural}.${GROUP}`, labels },
  spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind: kindOf(plural) }, versions, ...more },
})

/** Makes a definition and waits until it is established; answers with the path of its objects. */
async function defined(plural: string, how?: Definition): Promise<string> {
  await c.must(201, 'POST', DEFINITIONS, definition(plural, how))
  const objects = `/apis/${GROUP}/v1/namespaces/default/${plural}`
  await eventually(`${plural} are served`, async () => (await c.call('GET', objects)).status === 200)
  return objects
}

const custom = (plural: string, name: string, fields: object = {}, of = 'v1') => ({
  apiVersion: `${GROUP}/${of}`,
  kind: kindOf(plural),
  metadata: { name },
  ...fields,
})

test('CustomResourceDefinition resources Simple CustomResourceDefinition creating/deleting custom resource definition objects works', async () => {
  await defined('simples')
  await c.must(200, 'DELETE', `${DEFINITIONS}/simples.${GROUP}`)
  await eventually('it is gone', async () => (await c.call('GET', `${DEFINITIONS}/simples.${GROUP}`)).status === 404)
})

test('CustomResourceDefinition resources Simple CustomResourceDefinition listing custom resource definition objects works', async () => {
  const labels = { 'e2e-list-test-uuid': 'listed' }
  for (let n = 0; n < 10; n++) await c.must(201, 'POST', DEFINITIONS, definition(`listeds${n}`, { labels }))
  await defined('unlisteds')
  const selected = `${DEFINITIONS}?labelSelector=e2e-list-test-uuid%3Dlisted`
  const names = async (path: string): Promise<string[]> => (await c.must(200, 'GET', path)).items.map((item: any) => item.metadata.name)
  deepEqual(
    await names(selected),
    Array.from({ length: 10 }, (_, n) => `listeds${n}.${GROUP}`),
  )
  await c.must(200, 'DELETE', selected)
  await eventually('they are gone', async () => (await names(selected)).length === 0)
  ok((await names(DEFINITIONS)).includes(`unlisteds.${GROUP}`))
})

test('CustomResourceDefinition resources Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works', async () => {
  await defined('statuses')
  const path = `${DEFINITIONS}/statuses.${GROUP}/status`
  const condition = (message: string) => ({ type: 'StatusUpdate', status: 'True', reason: 'E2E', message })
  const told = async () =>
    (await c.must(200, 'GET', path)).status.conditions
      .filter((one: any) => one.type === 'StatusUpdate')
      .map(({ type, status, reason, message }: any) => ({ type, status, reason, message }))
  deepEqual(await told(), [])
  const fresh = await c.must(200, 'GET', path)
  const conditions = [...fresh.status.conditions, condition('Set from e2e test')]
  await c.must(200, 'PUT', path, { ...fresh, status: { ...fresh.status, conditions } })
  deepEqual(await told(), [condition('Set from e2e test')])
  const at = (await c.must(200, 'GET', path)).status.conditions.findIndex((one: any) => one.type === 'StatusUpdate')
  await c.must(200, 'PATCH', path, [{ op: 'replace', path: `/status/conditions/${at}/message`, value: 'patched' }], json)
  deepEqual(await told(), [condition('patched')])
})

test('CustomResourceDefinition resources should include custom resource definition resources in discovery documents', () =>
  inDiscovery(c, 'apiextensions.k8s.io', 'v1', ['customresourcedefinitions', 'customresourcedefinitions/status']))

test('CustomResourceDefinition resources custom resource defaulting for requests and from storage works', async () => {
  const schema = (a: object, b: object) => ({ type: 'object', properties: { a: { ...text, ...a }, b: { ...text, ...b } } })
  const objects = await defined('defaulteds', { versions: [version('v1', schema({}, {}))] })
  const fields = async (name: string) => {
    const { a, b } = await c.must(200, 'GET', `${objects}/${name}`)
    return { a, b }
  }
  const defaults = (openAPIV3Schema: object) =>
    c.must(200, 'PATCH', `${DEFINITIONS}/defaulteds.${GROUP}`, { spec: { versions: [version('v1', openAPIV3Schema)] } }, merge)
  const shows = (name: string, wanted: object) =>
    eventually(`${name} is ${JSON.stringify(wanted)}`, async () => {
      deepEqual(await fields(name), wanted)
      return true
    })

  await c.must(201, 'POST', objects, custom('defaulteds', 'one'))
  deepEqual(await fields('one'), { a: undefined, b: undefined })
  await defaults(schema({ default: 'A' }, {}))
  await shows('one', { a: 'A', b: undefined })
  const two = await c.must(201, 'POST', objects, custom('defaulteds', 'two'))
  equal(two.a, 'A')
  const properties = '/spec/versions/0/schema/openAPIV3Schema/properties'
  const moved = [
    { op: 'remove', path: `${properties}/a/default` },
    { op: 'add', path: `${properties}/b/default`, value: 'B' },
  ]
  await c.must(200, 'PATCH', `${DEFINITIONS}/defaulteds.${GROUP}`, moved, json)
  await shows('two', { a: 'A', b: 'B' })
  await shows('one', { a: undefined, b: 'B' })
})

test('CustomResourceDefinition Watch CustomResourceDefinition Watch watch on custom resource definition objects', async () => {
  await using definitions = c.watch(`${DEFINITIONS}?watch=1&fieldSelector=metadata.name%3Dwatcheds.${GROUP}`)
  const objects = await defined('watcheds')
  const first = c.watch(`${objects}?watch=1&fieldSelector=metadata.name%3Dname1`)
  const second = c.watch(`${objects}?watch=1&fieldSelector=metadata.name%3Dname2`)
  await using _first = first
  await using _second = second
  for (const name of ['name1', 'name2']) {
    await c.must(201, 'POST', objects, custom('watcheds', name))
    await c.must(200, 'PATCH', `${objects}/${name}`, { custom: { dummy: 'test' } }, merge)
    await c.must(200, 'DELETE', `${objects}/${name}`)
  }
  for (const [name, watch] of [
    ['name1', first],
    ['name2', second],
  ] as const) {
    await watch.event('deleted', (e) => e.type === 'DELETED')
    deepEqual(
      watch.events.map((e) => [e.type, e.object.metadata.name, e.object.custom]),
      [
        ['ADDED', name, undefined],
        ['MODIFIED', name, { dummy: 'test' }],
        ['DELETED', name, { dummy: 'test' }],
      ],
    )
  }
  const path = `${DEFINITIONS}/watcheds.${GROUP}`
  await c.must(200, 'PATCH', path, { metadata: { labels: { changed: 'yes' } } }, merge)
  await c.must(200, 'DELETE', path)
  await definitions.event('deleted', (e) => e.type === 'DELETED')
  equal(definitions.events[0].type, 'ADDED')
  ok(definitions.events.some((e) => e.type === 'MODIFIED' && e.object.metadata.labels?.changed === 'yes'))
})

test('CustomResourceFieldSelectors CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector', async () => {
  const clientConfig = { url: `https://127.0.0.1:${converter.port}/convert`, caBundle: keys.caBundle }
  const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } }
  const selectable = (...paths: readonly string[]) => ({ selectableFields: paths.map((jsonPath) => ({ jsonPath })) })
  const v1 = await defined('selecteds', {
    versions: [
      version('v1', { type: 'object', properties: { hostPort: text } }, selectable('.hostPort')),
      version('v2', { type: 'object', properties: { host: text, port: text } }, selectable('.host', '.port')),
    ],
    more: { conversion },
  })
  const v2 = v1.replace('/v1/', '/v2/')
  const old = (name: string, hostPort: string) => c.must(201, 'POST', v1, custom('selecteds', name, { hostPort }))
  await old('host1-80', 'host1:80')
  await old('host1-8080', 'host1:8080')
  await c.must(201, 'POST', v2, custom('selecteds', 'host2-80', { host: 'host2', port: '80' }, 'v2'))
  await c.must(201, 'POST', v2, custom('selecteds', 'host2-8080', { host: 'host2', port: '8080' }, 'v2'))

  const selections = [
    [v1, 'hostPort=host1:80'],
    [v2, 'host=host1'],
    [v2, 'port=80'],
    [v2, 'host=host1,port=80'],
  ] as const
  const selected = (path: string, selector: string, more = '') => `${path}?fieldSelector=${encodeURIComponent(selector)}${more}`
  const listed = () =>
    Promise.all(
      selections.map(async ([path, selector]) =>
        (await c.must(200, 'GET', selected(path, selector))).items.map((item: any) => item.metadata.name),
      ),
    )
  deepEqual(await listed(), [['host1-80'], ['host1-80', 'host1-8080'], ['host1-80', 'host2-80'], ['host1-80']])
  const refused = await c.must(400, 'GET', selected(v1, 'host=host1'))
  match(refused.message, /field label not supported: host/)

  // A watch from now, and one that begins with what is there, as informers do.
  const initial = '&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const { resourceVersion } = (await c.must(200, 'GET', v1)).metadata
  const watches = selections.map(([path, selector]) => c.watch(selected(path, selector, `&watch=1&resourceVersion=${resourceVersion}`)))
  const informers = selections.map(([path, selector]) => c.watch(selected(path, selector, initial)))
  try {
    for (const informer of informers) await informer.event('all of the beginning', (e) => e.type === 'BOOKMARK')
    await c.must(200, 'DELETE', `${v1}/host2-80`)
    await c.must(200, 'PATCH', `${v1}/host1-80`, { hostPort: 'host2:8080' }, merge)
    await c.must(200, 'PATCH', `${v2}/host2-8080`, { host: 'host1', port: '80' }, merge)
    deepEqual(await listed(), [['host2-8080'], ['host1-8080', 'host2-8080'], ['host2-8080'], ['host2-8080']])
    for (const watch of [...watches, ...informers])
      await watch.event('the last', (e) => e.type === 'ADDED' && e.object.metadata.name === 'host2-8080')
    const told = (watch: { readonly events: readonly any[] }) =>
      watch.events
        .filter((e) => e.type !== 'BOOKMARK')
        .map((e) => `${e.type} ${e.object.metadata.name} ${e.object.apiVersion.split('/')[1]}`)
    const one = (of: string, deletedToo = false) => [
      ...(deletedToo ? [`DELETED host2-80 ${of}`] : []),
      `DELETED host1-80 ${of}`,
      `ADDED host2-8080 ${of}`,
    ]
    deepEqual(watches.map(told), [one('v1'), one('v2'), one('v2', true), one('v2')])
    deepEqual(informers.map(told), [
      ['ADDED host1-80 v1', ...one('v1')],
      ['ADDED host1-80 v2', 'ADDED host1-8080 v2', ...one('v2')],
      ['ADDED host1-80 v2', 'ADDED host2-80 v2', ...one('v2', true)],
      ['ADDED host1-80 v2', ...one('v2')],
    ])
  } finally {
    for (const watch of [...watches, ...informers]) await watch[Symbol.asyncDispose]()
  }
})

/** What stock discovery clients accept: both forms of the one document, or the old documents. */
const DISCOVERY_CLIENT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** The resources of the one document of `/api` or `/apis`, as group/version/resource. */
async function aggregated(path: string, accept: string): Promise<readonly string[]> {
  const answer = await c.call('GET', path, undefined, { accept })
  equal(answer.headers['content-type'], AGGREGATED)
  const found = answer.json<any>()
  deepEqual([found.kind, found.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2'])
  return found.items.flatMap((group: any) =>
    group.versions.flatMap((one: any) =>
      one.resources.map((resource: any) => [group.metadata.name, one.version, resource.resource].filter(Boolean).join('/')),
    ),
  )
}

test('AggregatedDiscovery should support aggregated discovery interface', async () => {
  const found = [...(await aggregated('/api', DISCOVERY_CLIENT)), ...(await aggregated('/apis', DISCOVERY_CLIENT))]
  const builtIn = [
    'v1/namespaces',
    'v1/pods',
    'v1/serviceaccounts',
    'apps/v1/daemonsets',
    'apps/v1/deployments',
    'batch/v1/jobs',
    'rbac.authorization.k8s.io/v1/clusterroles',
    'storage.k8s.io/v1/storageclasses',
  ]
  deepEqual(
    builtIn.filter((one) => !found.includes(one)),
    [],
  )
})

test('AggregatedDiscovery should support aggregated discovery interface for CRDs', async () => {
  await defined('discovereds')
  await eventually('it is in the document', async () => (await aggregated('/apis', DISCOVERY_CLIENT)).includes(`${GROUP}/v1/discovereds`))
})

test('AggregatedDiscovery should support raw aggregated discovery request for CRDs', async () => {
  await defined('raws')
  await eventually('it is in the document', async () => (await aggregated('/apis', AGGREGATED)).includes(`${GROUP}/v1/raws`))
})

const STRICT = 'fieldValidation=Strict'
const yaml = { contentType: 'application/apply-patch+yaml' }

/** Upstream's schema of these descriptions. */
const ports = {
  type: 'array',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  'x-kubernetes-list-type': 'map',
  items: {
    type: 'object',
    required: ['containerPort', 'protocol'],
    properties: {
      containerPort: { format: 'int32', type: 'integer' },
      hostIP: text,
      hostPort: { format: 'int32', type: 'integer' },
      name: text,
      protocol: text,
    },
  },
}
const knownSchema = (more: object = {}) => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { cronSpec: { ...text, pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' }, knownField1: text, ports },
      ...more,
    },
  },
})
const spec = { cronSpec: '* * * * */5', ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }] }
const applied = (objects: string, name: string) => `${objects}/${name}?fieldManager=field_validation_test&${STRICT}`

test('FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema', async () => {
  const objects = await defined('schemalesses')
  const fields = { spec: { ...spec, unknownField: 'unknown' } }
  deepEqual((await c.must(201, 'POST', `${objects}?${STRICT}`, custom('schemalesses', 'made', fields))).spec, fields.spec)
  const body = JSON.stringify(custom('schemalesses', 'applied', fields))
  deepEqual((await c.must(201, 'PATCH', applied(objects, 'applied'), body, yaml)).spec, fields.spec)
})

test('FieldValidation should create/apply a valid CR for CRD with validation schema', async () => {
  const objects = await defined('valids', { versions: [version('v1', knownSchema())] })
  deepEqual((await c.must(201, 'POST', `${objects}?${STRICT}`, custom('valids', 'made', { spec }))).spec, spec)
  deepEqual(
    (await c.must(201, 'PATCH', applied(objects, 'applied'), JSON.stringify(custom('valids', 'applied', { spec })), yaml)).spec,
    spec,
  )
})

test('FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema', async () => {
  const objects = await defined('extras', { versions: [version('v1', knownSchema())] })
  const extra = (name: string) => custom('extras', name, { spec: { ...spec, extraProperty: 'arbitrary-value' } })
  const made = await c.must(400, 'POST', `${objects}?${STRICT}`, extra('made'))
  match(made.message, /strict decoding error: unknown field "spec.extraProperty"$/)
  const patched = await c.must(500, 'PATCH', applied(objects, 'applied'), JSON.stringify(extra('applied')), yaml)
  match(patched.message, /\.spec\.extraProperty: field not declared in schema/)
  for (const name of ['made', 'applied']) await c.must(404, 'GET', `${objects}/${name}`)
})

test('FieldValidation should detect duplicates in a CR when preserving unknown fields', async () => {
  const objects = await defined('doubleds', { versions: [version('v1', knownSchema({ 'x-kubernetes-preserve-unknown-fields': true }))] })
  const head = `{"apiVersion":"${GROUP}/v1","kind":"${kindOf('doubleds')}","metadata":{"name":"doubled"},`
  const doubled = `${head}"spec":{"unknown1":"val1","unknownDupe":"valDupe","unknownDupe":"valDupe2","knownField1":"val1","knownField1":"val2","cronSpec":"* * * * */5","ports":[{"name":"portName","containerPort":8080,"protocol":"TCP","hostPort":8081,"hostPort":8082,"unknownNested":"val"}]}}`
  const refused = await c.must(400, 'POST', `${objects}?${STRICT}`, doubled)
  match(
    refused.message,
    /strict decoding error: duplicate field "spec.unknownDupe", duplicate field "spec.knownField1", duplicate field "spec.ports\[0\].hostPort", unknown field "spec.ports\[0\].unknownNested"$/,
  )
  const lines = `apiVersion: ${GROUP}/v1
kind: ${kindOf('doubleds')}
metadata:
  name: doubled
spec:
  unknown1: val1
  unknownDupe: valDupe
  unknownDupe: valDupe2
  knownField1: val1
  knownField1: val2
  ports:
  - name: portName
    containerPort: 8080
    protocol: TCP
    hostPort: 8081
    hostPort: 8082
  cronSpec: "* * * * */5"
`
  const inYaml = await c.must(400, 'PATCH', applied(objects, 'doubled'), lines, yaml)
  for (const said of [
    'line 8: key "unknownDupe" already set in map',
    'line 10: key "knownField1" already set in map',
    'line 16: key "hostPort" already set in map',
  ])
    ok(inYaml.message.includes(said), inYaml.message)
  await c.must(404, 'GET', `${objects}/doubled`)
})

test('FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR', async () => {
  const template = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { template } } } }
  const objects = await defined('embeddeds', { versions: [version('v1', schema)] })
  const body = (name: string) => ({
    ...custom('embeddeds', name),
    metadata: { name, unknownMeta: 'unknown', labels: { app: 'nginx' } },
    spec: {
      template: { apiVersion: 'foo/v1', kind: 'Sub', metadata: { name: 'subobject', namespace: 'default', unknownSubMeta: 'unknown' } },
    },
  })
  const made = await c.must(400, 'POST', `${objects}?${STRICT}`, body('made'))
  match(made.message, /strict decoding error: .*unknown field "metadata.unknownMeta"/)
  match(made.message, /unknown field "spec.template.metadata.unknownSubMeta"/)
  // Server-side apply comes upon them earlier, as upstream's does.
  const answer = await c.must(500, 'PATCH', applied(objects, 'applied'), JSON.stringify(body('applied')), yaml)
  match(answer.message, /\.metadata\.unknownMeta: field not declared in schema/)
  match(answer.message, /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema/)
  for (const name of ['made', 'applied']) await c.must(404, 'GET', `${objects}/${name}`)
})
