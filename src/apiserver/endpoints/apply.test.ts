/** Server-side apply through the API: sharing, conflicts, creation, and who owns what after each kind of write. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type TestApi } from './test-api.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const APPLY = { contentType: 'application/apply-patch+yaml' }
const MERGE = { contentType: 'application/merge-patch+json' }

const configMap = (data?: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...metadata },
  ...(data && { data }),
})
const applyAs = (t: TestApi, manager: string, config: object, query = '') =>
  t.call('PATCH', `${CONFIG_MAPS}/c?fieldManager=${manager}${query}`, config, APPLY)

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
  readonly fieldsV1: object
}

/** Each owner as `manager operation subresource`, with its fields. */
async function owners(t: TestApi, url: string): Promise<Record<string, object>> {
  const { object } = await t.call('GET', url)
  return Object.fromEntries(
    ((object.metadata.managedFields ?? []) as Entry[]).map((e) => [
      [e.manager, e.operation, e.subresource].filter(Boolean).join(' '),
      e.fieldsV1,
    ]),
  )
}

test('an apply creates, changes nothing when said again, and takes back what is no longer said', async () => {
  await using t = await openTestApi()
  const created = await applyAs(t, 'one', configMap({ a: '1', b: '2' }))
  deepEqual([created.status, created.object.data], [201, { a: '1', b: '2' }])
  deepEqual(await owners(t, `${CONFIG_MAPS}/c`), { 'one Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } } })
  const again = await applyAs(t, 'one', configMap({ a: '1', b: '2' }))
  deepEqual([again.status, again.object.metadata.resourceVersion], [200, created.object.metadata.resourceVersion])
  const less = await applyAs(t, 'one', configMap({ a: '1' }))
  deepEqual(less.object.data, { a: '1' })
})

test('managers share what they agree on and conflict over what they do not', async () => {
  await using t = await openTestApi()
  await applyAs(t, 'one', configMap({ a: '1', b: '2' }))
  equal((await applyAs(t, 'two', configMap({ a: '1' }))).status, 200)
  const one = await applyAs(t, 'two', configMap({ a: '9' }))
  deepEqual(
    [one.status, one.object.reason, one.object.message, one.object.details],
    [
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "one": .data.a',
      { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }] },
    ],
  )
  const both = await applyAs(t, 'two', configMap({ a: '9', b: '9' }))
  equal(both.object.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b')
  const forced = await applyAs(t, 'two', configMap({ a: '9' }), '&force=true')
  deepEqual([forced.status, forced.object.data], [200, { a: '9', b: '2' }])
  deepEqual(await owners(t, `${CONFIG_MAPS}/c`), { 'one Apply': { 'f:data': { 'f:b': {} } }, 'two Apply': { 'f:data': { 'f:a': {} } } })
})

test('an update takes over what it changes, and is named with its version in conflicts', async () => {
  await using t = await openTestApi()
  await applyAs(t, 'one', configMap({ a: '1' }))
  await t.call('PATCH', `${CONFIG_MAPS}/c?fieldManager=editor`, { data: { a: '2' } }, MERGE)
  deepEqual(await owners(t, `${CONFIG_MAPS}/c`), { 'editor Update': { 'f:data': { 'f:a': {} } } })
  const refused = await applyAs(t, 'one', configMap({ a: '1' }))
  equal(refused.object.message, 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a')
})

test('each path owns its part: spec, status and scale', async () => {
  await using t = await openTestApi()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template },
  }
  await t.call('PATCH', `${DEPLOYMENTS}/d?fieldManager=one`, deployment, APPLY)
  await t.call('PATCH', `${DEPLOYMENTS}/d/status?fieldManager=controller`, { status: { observedGeneration: 1 } }, MERGE)
  await t.call('PATCH', `${DEPLOYMENTS}/d/scale?fieldManager=scaler`, { spec: { replicas: 3 } }, MERGE)
  const found = await owners(t, `${DEPLOYMENTS}/d`)
  deepEqual(Object.keys(found).toSorted(), ['controller Update status', 'one Apply', 'scaler Update scale'])
  deepEqual(found['controller Update status'], { 'f:status': { 'f:observedGeneration': {} } })
  deepEqual(found['scaler Update scale'], { 'f:spec': { 'f:replicas': {} } })
  const refused = await t.call('PATCH', `${DEPLOYMENTS}/d?fieldManager=one`, deployment, APPLY)
  equal(
    refused.object.message,
    'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
  )
  const { spec, ...rest } = deployment
  const { replicas: _, ...withoutReplicas } = spec
  equal((await t.call('PATCH', `${DEPLOYMENTS}/d?fieldManager=one`, { ...rest, spec: withoutReplicas }, APPLY)).object.spec.replicas, 3)
})

test('list items are owned by their keys', async () => {
  await using t = await openTestApi()
  const service = (ports: object[]) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports } })
  const url = '/api/v1/namespaces/default/services/s'
  await t.call('PATCH', `${url}?fieldManager=one`, service([{ name: 'a', port: 80, protocol: 'TCP' }]), APPLY)
  const two = await t.call('PATCH', `${url}?fieldManager=two`, service([{ name: 'b', port: 81, protocol: 'TCP' }]), APPLY)
  deepEqual(
    two.object.spec.ports.map((p: { name: string }) => p.name),
    ['a', 'b'],
  )
  const gone = await t.call('PATCH', `${url}?fieldManager=two`, service([]), APPLY)
  deepEqual(
    gone.object.spec.ports.map((p: { name: string }) => p.name),
    ['a'],
  )
})

test('options and configurations that make no sense are refused', async () => {
  await using t = await openTestApi()
  const refused = async (query: string, body: object, contentType = APPLY.contentType) => {
    const { status, object } = await t.call('PATCH', `${CONFIG_MAPS}/c${query}`, body, { contentType })
    return [status, object.message]
  }
  const options = 'PatchOptions.meta.k8s.io "" is invalid: '
  deepEqual(await refused('', configMap()), [422, `${options}fieldManager: Required value: is required for apply patch`])
  deepEqual(await refused('?force=true', {}, MERGE.contentType), [
    422,
    `${options}force: Forbidden: may not be specified for non-apply patch`,
  ])
  deepEqual(await refused(`?fieldManager=${'m'.repeat(129)}`, configMap()), [
    422,
    `${options}fieldManager: Too long: may not be more than 128 bytes`,
  ])
  deepEqual(await refused('?fieldManager=m', configMap({}, { managedFields: [{}] })), [400, 'metadata.managedFields must be nil'])
  deepEqual(await refused('?fieldManager=m', { ...configMap(), apiVersion: 'v2' }), [400, 'invalid object type: /v2, Kind=ConfigMap'])
  deepEqual(await refused('?fieldManager=m&fieldValidation=Ignore', { ...configMap(), datta: {} }), [
    500,
    'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .datta: field not declared in schema',
  ])
  deepEqual(await refused('?fieldManager=m', { ...configMap({ a: 1 }), datta: {} }), [
    500,
    'failed to create typed patch object (/c; /v1, Kind=ConfigMap): errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .datta: field not declared in schema',
  ])
  deepEqual(await refused('?fieldManager=m', ['a'] as object), [
    400,
    'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ])
})

test('an apply of something named by its uid does not make another', async () => {
  await using t = await openTestApi()
  const { status, object } = await applyAs(t, 'one', configMap({}, { uid: 'u' }))
  deepEqual([status, object.reason], [409, 'Conflict'])
})

test('dry runs of applies change nothing', async () => {
  await using t = await openTestApi()
  equal((await applyAs(t, 'one', configMap({ a: '1' }), '&dryRun=All')).status, 201)
  equal((await t.call('GET', `${CONFIG_MAPS}/c`)).status, 404)
})

test('what kubectl applied on its own side it takes over on the server', async () => {
  await using t = await openTestApi()
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
  const before = configMap({ a: '1' })
  const annotated = configMap({ a: '1' }, { annotations: { [annotation]: JSON.stringify(before) } })
  await t.call('POST', `${CONFIG_MAPS}?fieldManager=kubectl-client-side-apply`, annotated)
  const next = configMap({ a: '2' })
  const applied = await applyAs(t, 'kubectl', next)
  deepEqual([applied.status, applied.object.data], [200, { a: '2' }])
  equal(
    applied.object.metadata.annotations[annotation],
    '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}}\n',
  )
  equal((await applyAs(t, 'other', configMap({ a: '3' }))).status, 409)
})

test('what kubectl applied on its own side and somebody changed since it does not take over', async () => {
  await using t = await openTestApi()
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
  const annotated = configMap({ a: '1', b: '1' }, { annotations: { [annotation]: JSON.stringify(configMap({ a: '1', b: '1' })) } })
  await t.call('POST', `${CONFIG_MAPS}?fieldManager=kubectl-client-side-apply`, annotated)
  await t.call('PATCH', `${CONFIG_MAPS}/c?fieldManager=editor`, { data: { a: '9' } }, MERGE)
  const refused = await applyAs(t, 'kubectl', configMap({ a: '1', b: '2' }))
  deepEqual([refused.status, refused.object.message], [409, 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a'])
})

test('the few fields that a path writes are all that its writer owns', async () => {
  await using t = await openTestApi()
  const pods = '/api/v1/namespaces/default/pods'
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await t.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  })
  await t.call('POST', `${pods}?fieldManager=maker`, pod)
  const smp = { contentType: 'application/strategic-merge-patch+json' }
  const container = { name: 'debug', image: 'd', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }
  await t.call('PATCH', `${pods}/p/ephemeralcontainers?fieldManager=debugger`, { spec: { ephemeralContainers: [container] } }, smp)
  await t.call('PATCH', `${pods}/p/status?fieldManager=node`, { status: { podIP: '10.0.0.1' }, spec: { nodeName: 'n' } }, MERGE)
  const found = await owners(t, `${pods}/p`)
  deepEqual(Object.keys(found).toSorted(), ['debugger Update ephemeralcontainers', 'maker Update', 'node Update status'])
  deepEqual(Object.keys((found['debugger Update ephemeralcontainers'] as { 'f:spec': object })['f:spec']), ['f:ephemeralContainers'])
  const podIps = { '.': {}, 'k:{"ip":"10.0.0.1"}': { '.': {}, 'f:ip': {} } } // the list follows the single address
  deepEqual(found['node Update status'], { 'f:status': { 'f:podIP': {}, 'f:podIPs': podIps } })
})

test('owners can be given up and handed over in managedFields itself', async () => {
  await using t = await openTestApi()
  await t.call('POST', `${CONFIG_MAPS}?fieldManager=maker`, configMap({ a: '1' }))
  const json = { contentType: 'application/json-patch+json' }
  await t.call('PATCH', `${CONFIG_MAPS}/c`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], json)
  deepEqual(await owners(t, `${CONFIG_MAPS}/c`), {})
  await applyAs(t, 'one', configMap({ b: '2' }))
  deepEqual(await owners(t, `${CONFIG_MAPS}/c`), {
    'one Apply': { 'f:data': { 'f:b': {} } },
    'before-first-apply Update': { 'f:data': { '.': {}, 'f:a': {} } },
  })
})
