/** Quotas through the API: what is counted, what is refused and in which words, and that many at once take no more than there is. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'

const NAMESPACE = '/api/v1/namespaces/default'
const PODS = `${NAMESPACE}/pods`
const container = (name: string, requests?: object, limits?: object) => ({
  name,
  image: 'i:1',
  ...((requests || limits) && { resources: { ...(requests && { requests }), ...(limits && { limits }) } }),
})
const pod = (name: string, containers: readonly object[] = [container('c')], more: object = {}) => ({
  metadata: { name },
  spec: { containers, ...more },
})

async function opened(configuration?: object) {
  const configurations = new Map(configuration ? [['ResourceQuota', configuration]] : [])
  const api = await openTestApi({ admission: { disable: ['ServiceAccount'], configurations } })
  return {
    ...api,
    api,
    /** As the controller leaves it: all of it in force, nothing used. */
    async quota(name: string, hard: Readonly<Record<string, string>>, spec: object = {}) {
      const made = await api.call('POST', `${NAMESPACE}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } })
      const used = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']))
      await api.call('PUT', `${NAMESPACE}/resourcequotas/${name}/status`, { ...made.object, status: { hard, used } })
    },
    async used(name: string) {
      return (await api.call('GET', `${NAMESPACE}/resourcequotas/${name}`)).object.status.used
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

test('pods take what they ask for until nothing is left', async () => {
  await using api = await opened()
  await api.quota('q', { pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi', 'requests.nvidia.com/gpu': '1' })
  const first = pod('a', [container('c', { cpu: '600m', 'nvidia.com/gpu': 1 }, { memory: '512Mi', 'nvidia.com/gpu': 1 })])
  assert.equal((await api.call('POST', PODS, first)).status, 201)
  assert.deepEqual(await api.used('q'), { pods: '1', 'requests.cpu': '600m', 'limits.memory': '512Mi', 'requests.nvidia.com/gpu': '1' })
  const refused = await api.call('POST', PODS, pod('b', [container('c', { cpu: '500m' }, { memory: '1Gi' })]))
  assert.equal(refused.status, 403)
  assert.equal(
    refused.object.message,
    'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=500m, used: limits.memory=512Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1',
  )
  assert.equal((await api.call('POST', PODS, pod('b', [container('c', { cpu: '400m' }, { memory: '1Mi' })]))).status, 201)
  assert.equal((await api.used('q'))['requests.cpu'], '1')
})

test('where cpu or memory is counted every container says how much it takes', async () => {
  await using api = await opened()
  await api.quota('q', { 'requests.cpu': '1', 'limits.memory': '1Gi' })
  const { object } = await api.call('POST', PODS, pod('a', [container('y'), container('x', { cpu: '1m' })]))
  assert.equal(object.message, 'pods "a" is forbidden: failed quota: q: must specify limits.memory for: x,y; requests.cpu for: y')
})

test('a quota that has not been counted yet lets nothing through', async () => {
  await using api = await opened()
  const made = await api.call('POST', `${NAMESPACE}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } })
  await api.call('PUT', `${NAMESPACE}/resourcequotas/q/status`, { ...made.object, status: { hard: { pods: '1' } } })
  const { object } = await api.call('POST', PODS, pod('a'))
  assert.equal(object.message, 'pods "a" is forbidden: status unknown for quota: q, resources: pods')
})

test('of many pods at once as many are made as the quota allows, and no more', async () => {
  await using api = await opened()
  await api.quota('q', { pods: '7', 'count/pods': '100' })
  await api.quota('r', { 'count/pods': '20' })
  const made = await Promise.all(Array.from({ length: 40 }, (_, i) => api.call('POST', PODS, pod(`p${i}`))))
  assert.equal(made.filter((reply) => reply.status === 201).length, 7)
  assert.deepEqual(new Set(made.map((reply) => reply.status)), new Set([201, 403]))
  assert.deepEqual(await api.used('q'), { pods: '7', 'count/pods': '7' })
  assert.deepEqual(await api.used('r'), { 'count/pods': '7' })
})

test('two servers charge one quota, and together they make no more than it allows', async () => {
  await using one = await opened()
  await one.quota('q', { pods: '7' })
  await using two = await openTestApi({ store: one.store, admission: { disable: ['ServiceAccount'] } })
  const made = await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? one : two).call('POST', PODS, pod(`p${i}`))))
  assert.equal(made.filter((reply) => reply.status === 201).length, 7)
  assert.deepEqual(new Set(made.map((reply) => reply.status)), new Set([201, 403]))
  assert.deepEqual(await one.used('q'), { pods: '7' })
})

test('a dry run is judged and takes nothing', async () => {
  await using api = await opened()
  await api.quota('q', { pods: '1' })
  assert.equal((await api.call('POST', `${PODS}?dryRun=All`, pod('a'))).status, 201)
  assert.deepEqual(await api.used('q'), { pods: '0' })
  await api.call('POST', PODS, pod('a'))
  assert.equal((await api.call('POST', `${PODS}?dryRun=All`, pod('b'))).status, 403)
})

test('what is there already takes nothing when somebody makes it again', async () => {
  await using api = await opened()
  await api.quota('q', { pods: '2' })
  await api.call('POST', PODS, pod('a'))
  assert.equal((await api.call('POST', PODS, pod('a'))).status, 409)
  assert.deepEqual(await api.used('q'), { pods: '1' })
  await api.call('POST', PODS, pod('b'))
  const { object } = await api.call('POST', PODS, pod('a'))
  assert.equal(object.message, 'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2')
})

test('a quota with scopes counts only what is in all of them', async () => {
  await using api = await opened()
  await api.quota('best', { pods: '1' }, { scopes: ['BestEffort'] })
  await api.quota('ends', { pods: '1' }, { scopes: ['Terminating', 'NotBestEffort'] })
  const high = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] }
  await api.quota('high', { pods: '0' }, { scopeSelector: { matchExpressions: [high] } })
  await api.quota('far', { pods: '0' }, { scopes: ['CrossNamespacePodAffinity'] })
  await api.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 10 })
  const burstable = [container('c', { cpu: '1m' })]
  assert.equal((await api.call('POST', PODS, pod('a'))).status, 201)
  assert.equal((await api.call('POST', PODS, pod('b', burstable))).status, 201)
  assert.equal((await api.call('POST', PODS, pod('c', burstable, { activeDeadlineSeconds: 5 }))).status, 201)
  const messages = []
  for (const more of [
    pod('d'),
    pod('e', burstable, { activeDeadlineSeconds: 5 }),
    pod('f', burstable, { priorityClassName: 'high' }),
    pod('g', burstable, {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaceSelector: {}, labelSelector: {} }],
        },
      },
    }),
  ])
    messages.push((await api.call('POST', PODS, more)).object.message)
  assert.deepEqual(messages, [
    'pods "d" is forbidden: exceeded quota: best, requested: pods=1, used: pods=1, limited: pods=1',
    'pods "e" is forbidden: exceeded quota: ends, requested: pods=1, used: pods=1, limited: pods=1',
    'pods "f" is forbidden: exceeded quota: high, requested: pods=1, used: pods=0, limited: pods=0',
    'pods "g" is forbidden: exceeded quota: far, requested: pods=1, used: pods=0, limited: pods=0',
  ])
})

test('services count by their type, and may change it only where that is left', async () => {
  await using api = await opened()
  await api.quota('q', { services: '2', 'services.nodeports': '2', 'services.loadbalancers': '1' })
  const service = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 1 }], ...spec } })
  const services = `${NAMESPACE}/services`
  assert.equal((await api.call('POST', services, service('a', { type: 'LoadBalancer' }))).status, 201)
  assert.deepEqual(await api.used('q'), { services: '1', 'services.nodeports': '1', 'services.loadbalancers': '1' })
  assert.equal((await api.call('POST', services, service('b', {}))).status, 201)
  const merge = { contentType: 'application/merge-patch+json' }
  const changed = await api.call('PATCH', `${services}/b`, { spec: { type: 'LoadBalancer' } }, merge)
  assert.equal(
    changed.object.message,
    'services "b" is forbidden: exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=1, limited: services.loadbalancers=1',
  )
  assert.equal((await api.call('PATCH', `${services}/b`, { spec: { type: 'NodePort' } }, merge)).status, 200)
  assert.deepEqual(await api.used('q'), { services: '2', 'services.nodeports': '2', 'services.loadbalancers': '1' })
})

test('claims count by their storage class, too', async () => {
  await using api = await opened()
  await api.quota('q', {
    'requests.storage': '5Gi',
    'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
    persistentvolumeclaims: '9',
  })
  const claim = (name: string, storage: string, storageClassName: string) => ({
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, storageClassName },
  })
  const claims = `${NAMESPACE}/persistentvolumeclaims`
  assert.equal((await api.call('POST', claims, claim('a', '2Gi', 'gold'))).status, 201)
  assert.equal((await api.call('POST', claims, claim('b', '1Gi', 'gold'))).status, 403)
  assert.equal((await api.call('POST', claims, claim('b', '1Gi', 'iron'))).status, 201)
  assert.deepEqual(await api.used('q'), {
    'requests.storage': '3Gi',
    'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
    persistentvolumeclaims: '2',
  })
})

test('anything is counted by its name and group, and devices by their class', async () => {
  await using api = await opened()
  await api.quota('q', {
    'count/deployments.apps': '0',
    secrets: '1',
    'gpu.deviceclass.resource.k8s.io/devices': '4',
    'count/resourceclaims.resource.k8s.io': '1',
  })
  const labels = { a: 'b' }
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod('').spec } }
  const deployment = await api.call('POST', '/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec })
  assert.equal(
    deployment.object.message,
    'deployments.apps "d" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0',
  )
  assert.equal((await api.call('POST', `${NAMESPACE}/secrets`, { metadata: { name: 's' } })).status, 201)
  assert.equal((await api.call('POST', `${NAMESPACE}/secrets`, { metadata: { generateName: 's-' } })).object.details.name.slice(0, 2), 's-')
  const requests = [
    {
      name: 'r',
      firstAvailable: [
        { name: 'x', deviceClassName: 'gpu', count: 3 },
        { name: 'y', deviceClassName: 'gpu', count: 2 },
      ],
    },
    { name: 's', exactly: { deviceClassName: 'gpu', count: 1 } },
  ]
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  assert.equal((await api.call('POST', claims, { metadata: { name: 'c' }, spec: { devices: { requests } } })).status, 201)
  assert.deepEqual(await api.used('q'), {
    'count/deployments.apps': '0',
    secrets: '1',
    'gpu.deviceclass.resource.k8s.io/devices': '4',
    'count/resourceclaims.resource.k8s.io': '1',
  })
})

test('what the operator wants covered is refused where no quota counts it', async () => {
  await using api = await opened({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'ResourceQuotaConfiguration',
    limitedResources: [
      { resource: 'persistentvolumeclaims', matchContains: ['.storageclass.storage.k8s.io/'] },
      { resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    ],
  })
  await api.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 10 })
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'gold' }
  const claim = await api.call('POST', `${NAMESPACE}/persistentvolumeclaims`, { metadata: { name: 'a' }, spec })
  assert.equal(
    claim.object.message,
    'persistentvolumeclaims "a" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/persistentvolumeclaims,gold.storageclass.storage.k8s.io/requests.storage',
  )
  const refused = await api.call('POST', PODS, pod('p', undefined, { priorityClassName: 'high' }))
  assert.equal(refused.object.message, 'pods "p" is forbidden: insufficient quota to match these scopes: [{PriorityClass In [high]}]')
  assert.equal((await api.call('POST', PODS, pod('p'))).status, 201)
})
