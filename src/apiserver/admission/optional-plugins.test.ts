/** Plugins that are off unless an operator turns them on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'

const PODS = '/api/v1/namespaces/default/pods'
const MERGE = { contentType: 'application/merge-patch+json' }
const pod = (name: string, more: object = {}, container: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1', ...container }], ...more },
})

const opened = (plugin: string, configuration?: object) =>
  openTestApi({
    admission: {
      enable: [plugin],
      disable: ['ServiceAccount', 'DefaultTolerationSeconds'],
      configurations: new Map(configuration ? [[plugin, configuration]] : []),
    },
    withDefaultObjects: true,
  })

test('AlwaysPullImages pulls every image, whatever pods say', async () => {
  await using api = await opened('AlwaysPullImages')
  const made = await api.call('POST', PODS, {
    ...pod('a', { initContainers: [{ name: 'i', image: 'i:1' }] }, { imagePullPolicy: 'Never' }),
  })
  const { containers, initContainers } = made.object.spec
  assert.deepEqual([containers[0].imagePullPolicy, initContainers[0].imagePullPolicy], ['Always', 'Always'])
})

test('DenyServiceExternalIPs refuses new addresses and keeps old ones', async () => {
  await using api = await opened('DenyServiceExternalIPs')
  const url = '/api/v1/namespaces/default/services'
  const service = (externalIPs: readonly string[]) => ({ metadata: { name: 's' }, spec: { ports: [{ port: 1 }], externalIPs } })
  const refused = await api.call('POST', url, service(['192.0.2.1']))
  assert.equal(refused.object.message, 'services "s" is forbidden: Use of external IPs is denied by admission control.')
  assert.equal((await api.call('POST', url, service([]))).status, 201)
  assert.equal((await api.call('PATCH', `${url}/s`, { metadata: { labels: { a: 'b' } } }, MERGE)).status, 200)
})

test('EventRateLimit lets so many events through, and more as time goes by', async () => {
  await using api = await opened('EventRateLimit', {
    apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
    kind: 'Configuration',
    limits: [
      { type: 'Server', qps: 100, burst: 100 },
      { type: 'Namespace', qps: 1, burst: 2 },
    ],
  })
  const event = (name: string) => ({
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'R',
    type: 'Normal',
  })
  const send = (name: string) => api.call('POST', '/api/v1/namespaces/default/events', event(name))
  assert.deepEqual([(await send('a')).status, (await send('b')).status], [201, 201])
  const { status, object } = await send('c')
  assert.deepEqual(
    [status, object.reason, object.message],
    [429, 'TooManyRequests', 'Too many requests: limit reached on type Namespace for key default'],
  )
  await api.clock.advance(1000)
  assert.equal((await send('d')).status, 201)
})

test('EventRateLimit without limits keeps the server from starting', async () => {
  await assert.rejects(opened('EventRateLimit'), { message: `couldn't init admission plugin "EventRateLimit": Object 'Kind' is missing` })
})

test('ExtendedResourceToleration gives pods with devices the tolerations of their nodes', async () => {
  await using api = await opened('ExtendedResourceToleration')
  const devices = { 'example.com/gpu': '1' }
  const made = await api.call('POST', PODS, pod('a', {}, { resources: { requests: devices, limits: devices } }))
  assert.deepEqual(made.object.spec.tolerations, [{ key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' }])
})

test('LimitPodHardAntiAffinityTopology lets pods keep others off their node only', async () => {
  await using api = await opened('LimitPodHardAntiAffinityTopology')
  const apart = (topologyKey: string) => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: {} }] } },
  })
  const refused = await api.call('POST', PODS, pod('a', apart('zone')))
  assert.equal(
    refused.object.message,
    'pods "a" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  )
  assert.equal((await api.call('POST', PODS, pod('a', apart('kubernetes.io/hostname')))).status, 201)
})

test('NamespaceAutoProvision makes the namespace that an object is for', async () => {
  await using api = await opened('NamespaceAutoProvision')
  const map = { metadata: { name: 'm' } }
  assert.equal((await api.call('POST', '/api/v1/namespaces/new/configmaps?dryRun=All', map)).status, 404)
  assert.equal((await api.call('POST', '/api/v1/namespaces/new/configmaps', map)).status, 201)
  const { object } = await api.call('GET', '/api/v1/namespaces/new')
  assert.deepEqual([object.status, object.metadata.labels], [{ phase: 'Active' }, { 'kubernetes.io/metadata.name': 'new' }])
})

test('NamespaceExists refuses what is for no namespace', async () => {
  await using api = await opened('NamespaceExists')
  const { status, object } = await api.call('POST', '/api/v1/namespaces/none/configmaps', { metadata: { name: 'm' } })
  assert.deepEqual([status, object.message], [404, 'namespaces "none" not found'])
})

test('AlwaysDeny refuses every change', async () => {
  await using api = await openTestApi({ admission: { enable: ['AlwaysDeny'] } })
  const { object } = await api.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'm' } })
  assert.equal(object.message, 'configmaps "m" is forbidden: admission control is denying all modifications')
})

test('OwnerReferencesPermissionEnforcement asks for the rights that owners give', async () => {
  const allowed = new Set(['create', 'get', 'patch'])
  const asked: string[] = []
  await using api = await openTestApi({
    admission: { enable: ['OwnerReferencesPermissionEnforcement'], disable: ['ServiceAccount'] },
    authorizer: () => ({
      authorize({ info }) {
        asked.push(`${info.verb} ${info.resource}/${info.subresource} ${info.namespace}/${info.name}`)
        return { type: allowed.has(info.verb) ? 'allow' : 'no-opinion', reason: '' }
      },
    }),
  })
  const url = '/api/v1/namespaces/default/configmaps'
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u' }
  const owned = (ownerReferences: readonly object[]) => ({ metadata: { name: 'm', ownerReferences } })
  const blocking = await api.call('POST', url, owned([{ ...owner, blockOwnerDeletion: true }]))
  assert.equal(
    blocking.object.message,
    'configmaps "m" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
  )
  const unknown = await api.call('POST', url, owned([{ ...owner, kind: 'None', blockOwnerDeletion: true }]))
  assert.match(unknown.object.message, /cannot find RESTMapping for APIVersion apps\/v1 Kind None/)
  assert.equal((await api.call('POST', url, owned([owner]))).status, 201)
  const changed = await api.call('PATCH', `${url}/m`, owned([]), MERGE)
  assert.equal(changed.object.message, 'configmaps "m" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>')
  assert.deepEqual(
    asked.filter((a) => !a.startsWith('create')),
    ['update deployments/finalizers default/d', 'delete configmaps/ default/m'],
  )
})

test('PodNodeSelector puts pods where their namespace belongs', async () => {
  await using api = await opened('PodNodeSelector', {
    podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'pool=all', default: 'pool=all,disk=ssd' },
  })
  assert.deepEqual((await api.call('POST', PODS, pod('a', { nodeSelector: { disk: 'ssd' } }))).object.spec.nodeSelector, {
    pool: 'all',
    disk: 'ssd',
  })
  const message = async (nodeSelector: object) => (await api.call('POST', PODS, pod('b', { nodeSelector }))).object.message
  assert.deepEqual(
    [await message({ pool: 'mine' }), await message({ disk: 'hdd' })],
    [
      'pods "b" is forbidden: pod node label selector conflicts with its namespace node label selector',
      'pods "b" is forbidden: pod node label selector labels conflict with its namespace whitelist',
    ],
  )
})

test('PodTolerationRestriction gives and bounds the tolerations of a namespace', async () => {
  await using api = await opened('PodTolerationRestriction')
  const given = [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }]
  const annotations = {
    'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify(given),
    'scheduler.alpha.kubernetes.io/tolerationsWhitelist': JSON.stringify([{ key: 'a', operator: 'Exists' }]),
  }
  await api.call('PATCH', '/api/v1/namespaces/default', { metadata: { annotations } }, MERGE)
  const made = await api.call('POST', PODS, pod('a', { tolerations: [{ key: 'a', operator: 'Equal', value: 'x', effect: 'NoSchedule' }] }))
  assert.deepEqual(made.object.spec.tolerations, given)
  const refused = await api.call('POST', PODS, pod('b', { tolerations: [{ key: 'b', operator: 'Exists' }] }))
  assert.deepEqual(
    [refused.status, refused.object.message],
    [500, 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist'],
  )
})
