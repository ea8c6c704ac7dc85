/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type TestApi } from './endpoints/test-api.ts'

const NOW = '2026-01-01T00:00:00Z'
const configMap = (name: string, data: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

async function withAccount(parts: Parameters<typeof openTestApi>[0] = {}): Promise<TestApi> {
  const t = await openTestApi(parts)
  await t.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return t
}

const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
})
const PODS = '/api/v1/namespaces/default/pods'

test('a new cluster has its namespaces, priority classes and the kubernetes service', async () => {
  await using t = await openTestApi({ advertised: { address: '10.0.0.1', port: 6443 } })
  const names = async (url: string) => (await t.call('GET', url)).object.items.map((i: any) => i.metadata.name)
  deepEqual(await names('/api/v1/namespaces'), ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  deepEqual(await names('/apis/scheduling.k8s.io/v1/priorityclasses'), ['system-cluster-critical', 'system-node-critical'])
  const { object: service } = await t.call('GET', '/api/v1/namespaces/default/services/kubernetes')
  equal(service.spec.clusterIP, '10.96.0.1')
  const { object: endpoints } = await t.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes')
  deepEqual(endpoints.subsets, [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }])

  await t.call('DELETE', '/api/v1/namespaces/default/services/kubernetes')
  await t.clock.advance(10_000)
  equal((await t.call('GET', '/api/v1/namespaces/default/services/kubernetes')).object.spec.clusterIP, '10.96.0.1')
  await using moved = await openTestApi({ store: t.store, advertised: { address: '10.0.0.2', port: 6443 } })
  const { object: other } = await moved.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes')
  deepEqual(other.subsets[0].addresses, [{ ip: '10.0.0.2' }])
})

test('create, get, update, delete of a config map', async () => {
  await using t = await openTestApi()
  const created = await t.call('POST', CONFIG_MAPS, configMap('a', { k: 'v' }))
  equal(created.status, 201)
  const { uid, resourceVersion, managedFields, ...metadata } = created.object.metadata
  deepEqual(
    { ...created.object, metadata },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default', creationTimestamp: NOW },
      data: { k: 'v' },
    },
  )
  match(uid, /^[0-9a-f]{8}-/)
  const fieldsV1 = { 'f:data': { '.': {}, 'f:k': {} } }
  deepEqual(managedFields, [{ manager: 'unknown', operation: 'Update', apiVersion: 'v1', time: NOW, fieldsType: 'FieldsV1', fieldsV1 }])
  deepEqual((await t.call('GET', `${CONFIG_MAPS}/a`)).object, created.object)

  const updated = await t.call('PUT', `${CONFIG_MAPS}/a`, { ...created.object, data: { k: 'w' } })
  equal(updated.status, 200)
  equal(updated.object.data.k, 'w')
  ok(Number(updated.object.metadata.resourceVersion) > Number(resourceVersion))

  const stale = await t.call('PUT', `${CONFIG_MAPS}/a`, { ...created.object, data: { k: 'x' } })
  equal(stale.status, 409)
  deepEqual(stale.object, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    reason: 'Conflict',
    details: { name: 'a', kind: 'configmaps' },
    code: 409,
  })

  const same = await t.call('PUT', `${CONFIG_MAPS}/a`, updated.object)
  equal(same.object.metadata.resourceVersion, updated.object.metadata.resourceVersion)

  const deleted = await t.call('DELETE', `${CONFIG_MAPS}/a`)
  deepEqual(deleted, {
    status: 200,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'a', kind: 'configmaps', uid } },
    warnings: [],
  })
  const gone = await t.call('GET', `${CONFIG_MAPS}/a`)
  equal(gone.status, 404)
  equal(gone.object.message, 'configmaps "a" not found')
})

test('names are taken, missing, generated and compared with the URL', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, configMap('a'))
  const again = await t.call('POST', CONFIG_MAPS, configMap('a'))
  deepEqual([again.status, again.object.message, again.object.reason], [409, 'configmaps "a" already exists', 'AlreadyExists'])
  const generated = await t.call('POST', CONFIG_MAPS, { metadata: { generateName: 'web-' } })
  match(generated.object.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  const other = await t.call('PUT', `${CONFIG_MAPS}/a`, configMap('b'))
  equal(other.object.message, 'the name of the object (b) does not match the name on the URL (a)')
  const elsewhere = await t.call('POST', CONFIG_MAPS, { metadata: { name: 'x', namespace: 'kube-system' } })
  equal(elsewhere.object.message, 'the namespace of the provided object does not match the namespace sent on the request')
  const nameless = await t.call('POST', CONFIG_MAPS, { metadata: {} })
  equal(nameless.status, 422)
  equal(nameless.object.message, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required')
})

test('patches that make no object of the kind are told why, as upstream words it', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, { ...configMap('a'), data: { k: 'v' } })
  const refused = async (type: string, patch: unknown, query = '') => {
    const { status, object } = await t.call('PATCH', `${CONFIG_MAPS}/a${query}`, patch, { contentType: `application/${type}+json` })
    return [status, object.message.replace(/(?<=patch: Invalid value: )"\{.*\}"/, '{}')]
  }
  const strict = '?fieldValidation=Strict'
  deepEqual(await refused('merge-patch', { data: { k: 1 } }), [
    422,
    ' "" is invalid: patch: Invalid value: {}: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
  ])
  deepEqual(await refused('merge-patch', { kind: 'Secret' }), [
    422,
    ' "" is invalid: patch: Invalid value: {}: converting (v1.Secret) to (v1.ConfigMap): unknown conversion',
  ])
  deepEqual(await refused('json-patch', [{ op: 'replace', path: '/apiVersion', value: 'v2' }]), [
    422,
    ' "" is invalid: patch: Invalid value: {}: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  ])
  deepEqual(await refused('json-patch', [{ op: 'add', path: '/odd', value: 1, zip: 2 }], strict), [
    422,
    ' "" is invalid: patch: Invalid value: {}: strict decoding error: json patch unknown field "[0].zip", unknown field "odd"',
  ])
  deepEqual(await refused('strategic-merge-patch', { data: { k: 1 } }), [
    422,
    ' "" is invalid: patch: Invalid value: "map[data:map[k:1]]": unrecognized type: string',
  ])
  deepEqual(await refused('strategic-merge-patch', { metadata: { finalizers: 'x' } }), [
    422,
    ' "" is invalid: patch: Invalid value: "map[metadata:map[finalizers:x]]": cannot restore slice from string',
  ])
  deepEqual(await refused('strategic-merge-patch', { odd: { b: null, a: [1, 'x'] } }, strict), [
    422,
    ' "" is invalid: patch: Invalid value: "map[odd:map[a:[1 x] b:<nil>]]": strict decoding error: unknown field "odd"',
  ])
  deepEqual(await refused('strategic-merge-patch', { metadata: { ownerReferences: [{ name: 'x' }] } }), [
    500,
    'map: map[name:x] does not contain declared merge key: uid',
  ])
  deepEqual(await refused('merge-patch', [1]), [
    400,
    'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ])
  deepEqual(await refused('json-patch', [{ op: 'fly', path: '/a' }]), [
    422,
    'the server rejected our request due to an error in our request',
  ])
})

test('paths and methods that a known version does not have are refused as such', async () => {
  await using t = await openTestApi()
  const said = async (method: string, path: string) => {
    const { status, object } = await t.call(method, path)
    return [status, object.message]
  }
  const absent = [404, 'the server could not find the requested resource']
  const method = [405, 'the server does not allow this method on the requested resource']
  deepEqual(await said('GET', '/api/v1/namespaces/default/nothings'), absent)
  deepEqual(await said('GET', '/api/v1/namespaces/default/nodes'), absent)
  deepEqual(await said('GET', '/api/v1/configmaps/a'), absent)
  deepEqual(await said('GET', '/api/v1/namespaces/default/pods/a/nothing'), absent)
  deepEqual(await said('POST', '/api/v1/configmaps'), method)
  deepEqual(await said('POST', `${CONFIG_MAPS}/a`), method)
  deepEqual(await said('PUT', CONFIG_MAPS), method)
  deepEqual(await said('DELETE', '/api/v1/namespaces'), method)
  deepEqual(await said('DELETE', '/api/v1/namespaces/default/pods/a/status'), method)
  deepEqual((await t.call('GET', '/api/v1/namespaces/default')).status, 200)
})

test('what is better not used is warned of', async () => {
  await using t = await openTestApi()
  const warned = async (path: string, object: object) => {
    const { status, warnings } = await t.call('POST', `${path}?dryRun=All`, object)
    return [status, ...warnings]
  }
  deepEqual((await t.call('GET', '/api/v1/endpoints')).warnings, [
    'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  ])
  const labels = [{ key: 'beta.kubernetes.io/os', values: ['linux'] }]
  deepEqual(
    await warned('/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'a' },
      provisioner: 'a.io/b',
      allowedTopologies: [{ matchLabelExpressions: labels }],
    }),
    [
      201,
      'allowedTopologies[0].matchLabelExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  )
  const from = [{ ipBlock: { cidr: '10.0.0.1/8', except: ['10.1.0.0/16'] } }]
  deepEqual(
    await warned('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
      metadata: { name: 'a' },
      spec: { podSelector: {}, ingress: [{ from }] },
    }),
    [
      201,
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ],
  )
  const spec = { ports: [{ port: 80 }], externalIPs: ['2001:DB8::1'], externalName: 'a.b', trafficDistribution: 'PreferClose' }
  deepEqual(await warned('/api/v1/namespaces/default/services', { metadata: { name: 'a' }, spec }), [
    201,
    'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ])
})

test('an eviction may be of the older version, and a secret for pulls holds JSON', async () => {
  await using t = await withAccount()
  await t.call('POST', PODS, pod('p'))
  const eviction = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'p' } }
  equal((await t.call('POST', `${PODS}/p/eviction`, eviction)).status, 201)
  const secret = { metadata: { name: 's' }, type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{' } }
  equal(
    (await t.call('POST', '/api/v1/namespaces/default/secrets', secret)).object.message,
    'Secret "s" is invalid: data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
  )
})

test('a list goes on from before a compaction only when it may be inconsistent', async () => {
  await using t = await openTestApi()
  for (const name of ['a', 'b', 'c']) await t.call('POST', CONFIG_MAPS, configMap(name))
  const first = await t.call('GET', `${CONFIG_MAPS}?limit=1`)
  const { continue: token, resourceVersion } = first.object.metadata
  await t.call('POST', CONFIG_MAPS, configMap('d'))
  const rest = `${CONFIG_MAPS}?limit=9&continue=${token}`
  deepEqual(
    (await t.call('GET', rest)).object.items.map((item: any) => item.metadata.name),
    ['b', 'c'],
  )
  await t.store.compact(await t.store.revision())
  const exact = await t.call('GET', `${CONFIG_MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)
  deepEqual([exact.status, exact.object.reason], [410, 'Expired'])
  const gone = await t.call('GET', rest)
  deepEqual([gone.status, gone.object.reason], [410, 'Expired'])
  const anew = await t.call('GET', `${CONFIG_MAPS}?limit=9&continue=${gone.object.metadata.continue}`)
  deepEqual(
    anew.object.items.map((item: any) => item.metadata.name),
    ['b', 'c', 'd'],
  )
})

test('bodies that cannot be read are told why', async () => {
  await using t = await openTestApi()
  const malformed = await t.call('POST', CONFIG_MAPS, undefined, { text: '{"a":' })
  equal(malformed.status, 400)
  match(
    malformed.object.message,
    /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error: /,
  )
  const strict = await t.call('POST', `${CONFIG_MAPS}?fieldValidation=Strict`, { ...configMap('a'), foo: 1 })
  equal(strict.object.message, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"')
  const warned = await t.call('POST', CONFIG_MAPS, { ...configMap('a'), foo: 1 })
  deepEqual([warned.status, warned.warnings], [201, ['unknown field "foo"']])
  const wrongType = await t.call('POST', CONFIG_MAPS, {}, { contentType: 'text/plain' })
  deepEqual(
    [wrongType.status, wrongType.object.message],
    [
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
  )
  const otherVersion = await t.call('POST', CONFIG_MAPS, { apiVersion: 'apps/v1', kind: 'ConfigMap' })
  equal(otherVersion.object.message, 'the API version in the data (apps/v1) does not match the expected API version (v1)')
  const yaml = await t.call('POST', CONFIG_MAPS, undefined, {
    contentType: 'application/yaml',
    text: 'metadata: {name: yaml}\ndata: {k: v}\n',
  })
  deepEqual(yaml.object.data, { k: 'v' })
})

test('dry runs change nothing', async () => {
  await using t = await openTestApi()
  equal((await t.call('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('a'))).status, 201)
  equal((await t.call('GET', `${CONFIG_MAPS}/a`)).status, 404)
  await t.call('POST', CONFIG_MAPS, configMap('a'))
  equal((await t.call('DELETE', `${CONFIG_MAPS}/a?dryRun=All`)).status, 200)
  equal((await t.call('GET', `${CONFIG_MAPS}/a`)).status, 200)
  equal((await t.call('POST', `${CONFIG_MAPS}?dryRun=Some`, configMap('b'))).status, 422)
})

test('lists come in chunks that stay at one revision', async () => {
  await using t = await openTestApi()
  for (const name of ['a', 'b', 'c', 'd'])
    await t.call('POST', CONFIG_MAPS, { ...configMap(name), metadata: { name, labels: { l: name } } })
  const first = await t.call('GET', `${CONFIG_MAPS}?limit=2`)
  const names = (reply: any) => reply.object.items.map((i: any) => i.metadata.name)
  deepEqual([names(first), first.object.metadata.remainingItemCount], [['a', 'b'], 2])
  await t.call('DELETE', `${CONFIG_MAPS}/c`)
  const second = await t.call('GET', `${CONFIG_MAPS}?limit=2&continue=${first.object.metadata.continue}`)
  deepEqual([names(second), second.object.metadata.continue], [['c', 'd'], undefined])
  equal(second.object.metadata.resourceVersion, first.object.metadata.resourceVersion)
  deepEqual(names(await t.call('GET', CONFIG_MAPS)), ['a', 'b', 'd'])
  deepEqual(names(await t.call('GET', `${CONFIG_MAPS}?labelSelector=l+in+(a,d)`)), ['a', 'd'])
  deepEqual(names(await t.call('GET', `${CONFIG_MAPS}?fieldSelector=metadata.name%3Db`)), ['b'])
  const odd = await t.call('GET', `${CONFIG_MAPS}?fieldSelector=data.k%3Db`)
  equal(odd.status, 400)
  const future = t.call('GET', `${CONFIG_MAPS}?resourceVersion=1000`)
  await t.clock.advance(5000)
  deepEqual(
    [(await future).status, (await future).object.message.startsWith('Timeout: Too large resource version: 1000, current: ')],
    [504, true],
  )
})

test('a watch begins with what there is and follows selections in and out', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, { metadata: { name: 'a', labels: { on: 'yes' } } })
  const stop = new AbortController()
  const events = await t.watch(`${CONFIG_MAPS}?watch=1&labelSelector=on%3Dyes`, { signal: stop.signal })
  const next = async () => (await events.next()).value?.map((e: any) => [e.type, (e.published ?? e).object.metadata.name])
  deepEqual(await next(), [['ADDED', 'a']])
  await t.call('POST', CONFIG_MAPS, { metadata: { name: 'b' } })
  await t.call('PATCH', `${CONFIG_MAPS}/b`, { metadata: { labels: { on: 'yes' } } }, { contentType: 'application/merge-patch+json' })
  deepEqual(await next(), [['ADDED', 'b']])
  await t.call('PATCH', `${CONFIG_MAPS}/a`, { metadata: { labels: { on: null } } }, { contentType: 'application/merge-patch+json' })
  deepEqual(await next(), [['DELETED', 'a']])
  await t.call('DELETE', `${CONFIG_MAPS}/b`)
  deepEqual(await next(), [['DELETED', 'b']])
  stop.abort()
  equal((await events.next()).done, true)
})

test('a watch list ends its initial events with a marked bookmark, and bookmarks follow', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, configMap('a'))
  const events = await t.watch(`${CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`)
  equal((await events.next()).value?.[0]?.type, 'ADDED')
  const mark = (await events.next()).value?.[0] as any
  deepEqual([mark.type, mark.object.metadata.annotations], ['BOOKMARK', { 'k8s.io/initial-events-end': 'true' }])
  const later = events.next()
  await t.clock.advance(61_000)
  equal((await later).value?.[0]?.type, 'BOOKMARK')
  await events.return?.()
})

test('a watch ends when its time is over, and from too long ago it says Expired', async () => {
  await using t = await openTestApi()
  const short = await t.watch(`${CONFIG_MAPS}?watch=1&timeoutSeconds=5&resourceVersion=0`)
  const end = short.next()
  await t.clock.advance(6000)
  equal((await end).done, true)
  for (const name of ['a', 'b']) await t.call('POST', CONFIG_MAPS, configMap(name))
  const compacted = await t.store.revision()
  await t.store.compact(compacted)
  // A server started after the compaction remembers no more than the store.
  await using later = await openTestApi({ store: t.store })
  const old = await later.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=3`)
  const { error } = (await old.next()).value![0] as any
  deepEqual([error.code, error.reason, error.message], [410, 'Expired', `too old resource version: 3 (${compacted})`])
  const late = await later.call('GET', `${CONFIG_MAPS}?resourceVersion=3&resourceVersionMatch=Exact`)
  deepEqual([late.status, late.object.message], [410, 'The resourceVersion for the provided list is too old.'])
})

test('patches of three kinds', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, configMap('a', { k: 'v' }))
  const json = await t.call('PATCH', `${CONFIG_MAPS}/a`, [{ op: 'add', path: '/data/x', value: 'y' }], {
    contentType: 'application/json-patch+json',
  })
  deepEqual(json.object.data, { k: 'v', x: 'y' })
  const merge = await t.call('PATCH', `${CONFIG_MAPS}/a`, { data: { k: null } }, { contentType: 'application/merge-patch+json' })
  deepEqual(merge.object.data, { x: 'y' })
  const strategic = await t.call(
    'PATCH',
    `${CONFIG_MAPS}/a`,
    { metadata: { finalizers: ['a.b/c'] } },
    { contentType: 'application/strategic-merge-patch+json' },
  )
  deepEqual(strategic.object.metadata.finalizers, ['a.b/c'])
  const test_ = await t.call('PATCH', `${CONFIG_MAPS}/a`, [{ op: 'test', path: '/data/x', value: 'n' }], {
    contentType: 'application/json-patch+json',
  })
  equal(test_.status, 422)
  const stale = await t.call(
    'PATCH',
    `${CONFIG_MAPS}/a`,
    { metadata: { resourceVersion: '1' } },
    { contentType: 'application/merge-patch+json' },
  )
  equal(stale.status, 409)
})

test('finalizers hold an object until the last one goes', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, { metadata: { name: 'a', finalizers: ['a.b/c'] } })
  const held = await t.call('DELETE', `${CONFIG_MAPS}/a`)
  deepEqual([held.status, held.object.metadata.deletionTimestamp, held.object.metadata.deletionGracePeriodSeconds], [200, NOW, 0])
  const foreground = await t.call('DELETE', `${CONFIG_MAPS}/a`, { propagationPolicy: 'Foreground' })
  deepEqual([foreground.status, foreground.object.metadata.finalizers], [200, ['a.b/c', 'foregroundDeletion']])
  equal((await t.call('DELETE', `${CONFIG_MAPS}/a`, { orphanDependents: false })).status, 202)
  await t.call('PATCH', `${CONFIG_MAPS}/a`, { metadata: { finalizers: null } }, { contentType: 'application/merge-patch+json' })
  equal((await t.call('GET', `${CONFIG_MAPS}/a`)).status, 404)
})

test('deletes hold to their preconditions', async () => {
  await using t = await openTestApi()
  const { object } = await t.call('POST', CONFIG_MAPS, configMap('a'))
  const wrong = await t.call('DELETE', `${CONFIG_MAPS}/a`, { preconditions: { uid: 'other' } })
  deepEqual(
    [wrong.status, wrong.object.message],
    [
      409,
      `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`,
    ],
  )
  await t.call('POST', CONFIG_MAPS, configMap('b'))
  const all = await t.call('DELETE', CONFIG_MAPS)
  deepEqual(
    all.object.items.map((i: any) => i.metadata.name),
    ['a', 'b'],
  )
  equal((await t.call('GET', CONFIG_MAPS)).object.items.length, 0)
})

test('a created pod has what the server gives it', async () => {
  await using t = await withAccount()
  const { status, object } = await t.call('POST', PODS, pod('p'))
  equal(status, 201)
  const { spec } = object
  deepEqual(object.status, { phase: 'Pending', qosClass: 'BestEffort' })
  deepEqual(
    [spec.serviceAccountName, spec.serviceAccount, spec.priority, spec.preemptionPolicy],
    ['default', 'default', 0, 'PreemptLowerPriority'],
  )
  deepEqual(spec.tolerations, [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ])
  match(spec.volumes[0].name, /^kube-api-access-/)
  deepEqual(spec.containers[0].volumeMounts, [
    { name: spec.volumes[0].name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ])
  equal(object.metadata.generation, 1)
})

test('a pod is bound once, and deleted with grace once it is on a node', async () => {
  await using t = await withAccount()
  await t.call('POST', PODS, pod('p'))
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }
  deepEqual(await t.call('POST', `${PODS}/p/binding`, binding), {
    status: 201,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
    warnings: [],
  })
  const again = await t.call('POST', `${PODS}/p/binding`, binding)
  equal(again.object.message, 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"')
  const { object } = await t.call('GET', `${PODS}/p`)
  deepEqual([object.spec.nodeName, object.status.conditions[0].type, object.status.conditions[0].status], ['n1', 'PodScheduled', 'True'])
  const listed = await t.call('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')
  equal(listed.object.items.length, 1)

  const deleted = await t.call('DELETE', `${PODS}/p`)
  deepEqual([deleted.object.metadata.deletionTimestamp, deleted.object.metadata.deletionGracePeriodSeconds], ['2026-01-01T00:00:30Z', 30])
  const forced = await t.call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0 })
  equal(forced.status, 200)
  equal((await t.call('GET', `${PODS}/p`)).status, 404)
})

test('status and main paths keep to their parts', async () => {
  await using t = await withAccount()
  const { object } = await t.call('POST', PODS, pod('p'))
  const status = await t.call('PUT', `${PODS}/p/status`, {
    ...object,
    spec: { ...object.spec, nodeName: 'x' },
    status: { phase: 'Running' },
  })
  deepEqual([status.object.status, status.object.spec.nodeName], [{ phase: 'Running', qosClass: 'BestEffort' }, undefined])
  const main = await t.call('PATCH', `${PODS}/p`, { status: { phase: 'Failed' } }, { contentType: 'application/merge-patch+json' })
  equal(main.object.status.phase, 'Running')
})

test('deployments have generations and a scale', async () => {
  await using t = await openTestApi()
  const url = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } }
  const { object, status } = await t.call('POST', url, {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  })
  deepEqual([status, object.metadata.generation, object.spec.replicas, object.status], [201, 1, 1, {}])
  const scale = await t.call('GET', `${url}/d/scale`)
  deepEqual([scale.object.kind, scale.object.spec, scale.object.status], ['Scale', { replicas: 1 }, { replicas: 0, selector: 'a=b' }])
  const scaled = await t.call('PATCH', `${url}/d/scale`, { spec: { replicas: 3 } }, { contentType: 'application/merge-patch+json' })
  deepEqual(scaled.object.spec, { replicas: 3 })
  const after = await t.call('GET', `${url}/d`)
  deepEqual([after.object.spec.replicas, after.object.metadata.generation], [3, 2])
  const wrong = await t.call('POST', url, { metadata: { name: 'e' }, spec: { selector: { matchLabels: { x: 'y' } }, template } })
  equal(wrong.status, 422)
  match(wrong.object.message, /^Deployment.apps "e" is invalid: /)
})

test('services get addresses and ports, keep them, and give them back', async () => {
  await using t = await openTestApi({ serviceCidr: '10.96.0.0/29', nodePortRange: [30000, 30001] })
  const url = '/api/v1/namespaces/default/services'
  const service = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } })
  const { object } = await t.call('POST', url, service('a', { type: 'NodePort' }))
  const { clusterIP } = object.spec
  deepEqual(
    [object.spec.clusterIPs, object.spec.ipFamilies, object.spec.ipFamilyPolicy, object.spec.externalTrafficPolicy],
    [[clusterIP], ['IPv4'], 'SingleStack', 'Cluster'],
  )
  ok([30000, 30001].includes(object.spec.ports[0].nodePort))
  const taken = await t.call('POST', url, service('b', { clusterIP }))
  deepEqual(
    [taken.status, taken.object.message],
    [
      422,
      `Service "b" is invalid: spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: provided IP is already allocated`,
    ],
  )
  const patched = await t.call(
    'PATCH',
    `${url}/a`,
    { spec: { clusterIP: '', clusterIPs: null } },
    { contentType: 'application/merge-patch+json' },
  )
  equal(patched.object.spec.clusterIP, clusterIP)
  const other = clusterIP === '10.96.0.6' ? '10.96.0.5' : '10.96.0.6'
  const moved = await t.call('PATCH', `${url}/a`, { spec: { clusterIP: other } }, { contentType: 'application/merge-patch+json' })
  equal(moved.object.message, `Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set`)
  equal((await t.call('POST', url, service('h', { clusterIP: 'None' }))).object.spec.clusterIP, 'None')
  for (const name of ['c', 'd', 'e', 'f']) equal((await t.call('POST', url, service(name))).status, 201)
  equal((await t.call('POST', url, service('full'))).status, 422)
  await t.call('DELETE', `${url}/a`)
  equal((await t.call('POST', url, service('full'))).object.spec.clusterIP, clusterIP)
})

test('namespaces end in two steps and take nothing new meanwhile', async () => {
  await using t = await openTestApi()
  const { object } = await t.call('POST', '/api/v1/namespaces', { metadata: { name: 'n' } })
  deepEqual(
    [object.spec, object.status, object.metadata.labels],
    [{ finalizers: ['kubernetes'] }, { phase: 'Active' }, { 'kubernetes.io/metadata.name': 'n' }],
  )
  const absent = await t.call('POST', '/api/v1/namespaces/none/configmaps', configMap('a'))
  deepEqual([absent.status, absent.object.message], [404, 'namespaces "none" not found'])
  const immortal = await t.call('DELETE', '/api/v1/namespaces/default')
  deepEqual([immortal.status, immortal.object.message], [403, 'namespaces "default" is forbidden: this namespace may not be deleted'])
  equal((await t.call('DELETE', '/api/v1/namespaces/n')).object.status.phase, 'Terminating')
  const late = await t.call('POST', '/api/v1/namespaces/n/configmaps', configMap('a'))
  equal(late.object.message, 'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated')
  equal((await t.call('DELETE', '/api/v1/namespaces/n')).status, 409)
  const { object: ending } = await t.call('GET', '/api/v1/namespaces/n')
  equal((await t.call('PUT', '/api/v1/namespaces/n/finalize', { ...ending, spec: {} })).status, 200)
  equal((await t.call('GET', '/api/v1/namespaces/n')).status, 404)
})

test('secrets take text, events are one thing under two kinds', async () => {
  await using t = await openTestApi()
  const secret = await t.call('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { a: 'b' } })
  deepEqual([secret.object.data, secret.object.stringData, secret.object.type], [{ a: 'Yg==' }, undefined, 'Opaque'])
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' }
  const event = { metadata: { name: 'e' }, involvedObject, reason: 'Started', message: 'hello', type: 'Normal' }
  equal((await t.call('POST', '/api/v1/namespaces/default/events', event)).status, 201)
  const { object } = await t.call('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e')
  deepEqual([object.apiVersion, object.regarding, object.note], ['events.k8s.io/v1', involvedObject, 'hello'])
  const found = await t.call('GET', '/api/v1/events?fieldSelector=involvedObject.name%3Dp')
  equal(found.object.items.length, 1)
})

test('eviction asks the budget', async () => {
  await using t = await withAccount()
  await t.call('POST', PODS, { ...pod('p'), metadata: { name: 'p', labels: { a: 'b' } } })
  await t.call('POST', `${PODS}/p/binding`, { metadata: { name: 'p' }, target: { name: 'n1' } })
  const { object } = await t.call('GET', `${PODS}/p`)
  await t.call('PUT', `${PODS}/p/status`, { ...object, status: { phase: 'Running' } })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const { object: budget } = await t.call('POST', budgets, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
  })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  const { object: known } = await t.call('PUT', `${budgets}/b/status`, { ...budget, status })
  const refused = await t.call('POST', `${PODS}/p/eviction`, eviction)
  deepEqual(
    [refused.status, refused.object.message, refused.object.details.causes[0].message],
    [
      429,
      "Cannot evict pod as it would violate the pod's disruption budget.",
      'The disruption budget b needs 1 healthy pods and has 1 currently',
    ],
  )
  await t.call('PUT', `${budgets}/b/status`, { ...known, status: { ...status, disruptionsAllowed: 1 } })
  equal((await t.call('POST', `${PODS}/p/eviction`, eviction)).status, 201)
  ok((await t.call('GET', `${PODS}/p`)).object.metadata.deletionTimestamp)
})

test('access reviews ask the authorizer', async () => {
  await using t = await openTestApi({
    authorizer: () => ({
      authorize: ({ info }) => (info.verb === 'get' ? { type: 'allow', reason: 'reading' } : { type: 'no-opinion', reason: '' }),
    }),
  })
  const ask = async (verb: string) =>
    (
      await t.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb, resource: 'pods' } },
      })
    ).object.status
  deepEqual(await ask('get'), { allowed: true, reason: 'reading' })
  deepEqual(await ask('delete'), { allowed: false })
  const self = await t.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  deepEqual(self.object.status.userInfo, { username: 'admin', groups: ['system:masters', 'system:authenticated'] })
})

test('answers are encoded as asked: objects, lists, tables, metadata', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, configMap('a', { k: 'v' }))
  const one = await t.wire('GET', `${CONFIG_MAPS}/a`)
  deepEqual([one.status, one.headers['content-type'], JSON.parse(one.text).kind], [200, 'application/json', 'ConfigMap'])
  const list = JSON.parse((await t.wire('GET', CONFIG_MAPS)).text)
  deepEqual(
    [list.kind, list.apiVersion, list.items.length, list.items[0].kind, list.items[0].data],
    ['ConfigMapList', 'v1', 1, undefined, { k: 'v' }],
  )
  const accept = (text: string) => ({ headers: { accept: text } })
  const table = JSON.parse((await t.wire('GET', CONFIG_MAPS, accept('application/json;as=Table;v=v1;g=meta.k8s.io,application/json'))).text)
  deepEqual([table.kind, table.rows[0].cells[0], table.rows[0].object.kind], ['Table', 'a', 'PartialObjectMetadata'])
  const partial = JSON.parse(
    (await t.wire('GET', CONFIG_MAPS, accept('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'))).text,
  )
  deepEqual([partial.kind, partial.items[0].kind, partial.items[0].data], ['PartialObjectMetadataList', 'PartialObjectMetadata', undefined])
  const yaml = await t.wire('GET', `${CONFIG_MAPS}/a`, accept('application/yaml'))
  match(yaml.text, /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\n/)
  const protobuf = await t.wire('GET', `${CONFIG_MAPS}/a`, accept('application/vnd.kubernetes.protobuf'))
  equal(protobuf.text.slice(0, 4), 'k8s\0')
  // there is nothing to indent in protobuf, whoever asks
  for (const path of [`${CONFIG_MAPS}/a`, CONFIG_MAPS]) {
    const { status, text } = await t.wire('GET', `${path}?pretty=true`, accept('application/vnd.kubernetes.protobuf'))
    deepEqual([status, text.slice(0, 4)], [200, 'k8s\0'])
  }
  const none = await t.wire('GET', `${CONFIG_MAPS}/a`, accept('text/html'))
  deepEqual([none.status, JSON.parse(none.text).reason], [406, 'NotAcceptable'])
  const frames = await t.wire('GET', `${CONFIG_MAPS}?watch=1&timeoutSeconds=1`, { signal: AbortSignal.abort() })
  deepEqual(
    frames.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).type),
    ['ADDED'],
  )
})

test('the server describes itself', async () => {
  await using t = await openTestApi()
  deepEqual((await t.call('GET', '/api')).object.versions, ['v1'])
  const groups = (await t.call('GET', '/apis')).object.groups.map((g: any) => g.name)
  ok(groups.includes('apps') && groups.includes('rbac.authorization.k8s.io'))
  const core = (await t.call('GET', '/api/v1')).object
  deepEqual(
    [core.kind, core.groupVersion, core.resources.find((r: any) => r.name === 'pods/exec').kind],
    ['APIResourceList', 'v1', 'PodExecOptions'],
  )
  const aggregated = await t.wire('GET', '/apis', {
    headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' },
  })
  equal(JSON.parse(aggregated.text).kind, 'APIGroupDiscoveryList')
  equal(
    (
      await t.wire('GET', '/apis', {
        headers: {
          accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
          'if-none-match': aggregated.headers['etag']!,
        },
      })
    ).status,
    304,
  )
  equal((await t.call('GET', '/version')).object.major, '1')
  equal((await t.call('GET', '/readyz')).object, 'ok')
  match((await t.call('GET', '/livez?verbose')).object, /^\[\+\]ping ok\n\[\+\]etcd ok\nlivez check passed\n$/)
  const index = JSON.parse((await t.call('GET', '/openapi/v3')).object)
  const document = await t.call('GET', index.paths['apis/apps/v1'].serverRelativeURL)
  equal(JSON.parse(document.object).openapi, '3.0.0')
  const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'
  equal((await t.call('GET', '/openapi/v3/apis/apps/v1', undefined, { headers: { accept } })).status, 406)
  equal(JSON.parse((await t.call('GET', '/openapi/v2')).object).swagger, '2.0')
  match((await t.call('GET', '/metrics')).object, /apiserver_storage_objects\{resource="namespaces"\} 4/)
  equal((await t.call('GET', '/apis/none/v1/things')).status, 404)
  equal((await t.call('POST', '/api/v1/pods', pod('p'))).status, 405)
})

test('a debug container is added through its own path only', async () => {
  await using t = await withAccount()
  const { object } = await t.call('POST', PODS, pod('p'))
  const debug = { name: 'd', image: 'busybox', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }
  const spec = { ...object.spec, ephemeralContainers: [debug] }
  const direct = await t.call('PUT', `${PODS}/p`, { ...object, spec })
  equal(direct.status, 422)
  const added = await t.call('PUT', `${PODS}/p/ephemeralcontainers`, { ...object, spec })
  deepEqual([added.status, added.object.spec.ephemeralContainers[0].name, added.object.metadata.generation], [200, 'd', 2])
  const removed = await t.call('PUT', `${PODS}/p/ephemeralcontainers`, { ...added.object, spec: object.spec })
  match(removed.object.message, /existing ephemeral containers "d" may not be removed/)
  const image = await t.call(
    'PATCH',
    `${PODS}/p`,
    { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } },
    { contentType: 'application/strategic-merge-patch+json' },
  )
  deepEqual([image.status, image.object.metadata.generation], [200, 3])
})

test('a template that hardly does what was meant gets warnings, once', async () => {
  await using t = await withAccount()
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' }, containers: [{ name: 'c', image: 'i' }] },
  }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  }
  const url = '/apis/apps/v1/namespaces/default/deployments'
  const warning = 'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'
  const created = await t.call('POST', url, deployment)
  deepEqual([created.status, created.warnings], [201, [warning]])
  const merge = { contentType: 'application/merge-patch+json' }
  deepEqual((await t.call('PATCH', `${url}/d`, { metadata: { labels: { l: 'm' } } }, merge)).warnings, [])
  deepEqual((await t.call('PATCH', `${url}/d`, { spec: { replicas: 2 } }, merge)).warnings, [warning])
})
