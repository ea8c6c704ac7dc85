/* oxlint-disable typescript/no-explicit-any -- steps look into objects of every kind, and a wrong path fails there anyway */
/** Conformance descriptions of what the controllers do to objects: garbage collection, namespaces, quotas. Each test is named after its description. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, json, merge, startConformanceCluster, strategic, type Cluster } from './conformance-steps.ts'

let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(() => c?.[Symbol.asyncDispose]())

/** A namespace of its own for each test, and what it takes to act in it. */
async function inNamespace(name: string) {
  const made = await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name } })
  // As upstream's framework does, wait until pods may be made.
  await eventually(
    'a default service account',
    async () => (await c.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
  )
  const core = `/api/v1/namespaces/${name}`
  return { made, core, apps: `/apis/apps/v1/namespaces/${name}` }
}

const podSpec = { containers: [{ name: 'nginx', image: 'nginx' }] }
const template = (labels: object) => ({ metadata: { labels }, spec: podSpec })
const controller = (name: string, replicas: number) => ({
  metadata: { name },
  spec: { replicas, selector: { name }, template: template({ name }) },
})
const deployment = (name: string, replicas: number) => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { name } }, template: template({ name }) },
})
const owner = (kind: string, { metadata }: any, more: object = {}) => ({
  apiVersion: 'v1',
  kind,
  name: metadata.name,
  uid: metadata.uid,
  ...more,
})

async function items(path: string, count?: number): Promise<any[]> {
  if (count === undefined) return (await c.must(200, 'GET', path)).items
  return eventually(`${count} of ${path}`, async () => {
    const found = (await c.must(200, 'GET', path)).items
    return found.length === count && found
  })
}

const gone = (path: string) => eventually(`${path} is gone`, async () => (await c.call('GET', path)).status === 404)
const propagate = (propagationPolicy: string, uid?: string) => ({ propagationPolicy, ...(uid !== undefined && { preconditions: { uid } }) })

/** How long what must stay is watched for going all the same; upstream takes half a minute, for slower collectors. */
const STAYS_MS = 2000
const settle = () => new Promise((done) => setTimeout(done, STAYS_MS))

test('Garbage collector should delete pods created by rc when not orphaning', async () => {
  const { core } = await inNamespace('gc-pods')
  const rc = await c.must(201, 'POST', `${core}/replicationcontrollers`, controller('simpletest.rc', 2))
  await items(`${core}/pods`, 2)
  await c.must(200, 'DELETE', `${core}/replicationcontrollers/simpletest.rc`, propagate('Background', rc.metadata.uid))
  await items(`${core}/pods`, 0)
})

test('Garbage collector should orphan pods created by rc if delete options say so', async () => {
  const { core } = await inNamespace('gc-orphan')
  const rc = await c.must(201, 'POST', `${core}/replicationcontrollers`, controller('simpletest.rc', 20))
  await items(`${core}/pods`, 20)
  await eventually('all replicas are counted', async () => {
    return (await c.must(200, 'GET', `${core}/replicationcontrollers/simpletest.rc`)).status.replicas === 20
  })
  await c.must(200, 'DELETE', `${core}/replicationcontrollers/simpletest.rc`, propagate('Orphan', rc.metadata.uid))
  await gone(`${core}/replicationcontrollers/simpletest.rc`)
  await settle()
  deepEqual(
    (await items(`${core}/pods`)).map((pod) => [pod.metadata.ownerReferences, pod.metadata.deletionTimestamp]),
    Array.from({ length: 20 }, () => [undefined, undefined]),
  )
})

test('Garbage collector should delete RS created by deployment when not orphaning', async () => {
  const { core, apps } = await inNamespace('gc-deployment')
  const made = await c.must(201, 'POST', `${apps}/deployments`, deployment('simpletest.deployment', 2))
  await items(`${apps}/replicasets`, 1)
  await c.must(200, 'DELETE', `${apps}/deployments/simpletest.deployment`, propagate('Background', made.metadata.uid))
  await items(`${apps}/replicasets`, 0)
  await items(`${core}/pods`, 0)
})

test('Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan', async () => {
  const { core, apps } = await inNamespace('gc-orphan-rs')
  const made = await c.must(201, 'POST', `${apps}/deployments`, deployment('simpletest.deployment', 2))
  const [set] = await items(`${apps}/replicasets`, 1)
  await items(`${core}/pods`, 2)
  await c.must(200, 'DELETE', `${apps}/deployments/simpletest.deployment`, propagate('Orphan', made.metadata.uid))
  await gone(`${apps}/deployments/simpletest.deployment`)
  await settle()
  const [kept] = await items(`${apps}/replicasets`, 1)
  deepEqual([kept.metadata.uid, kept.metadata.ownerReferences], [set.metadata.uid, undefined])
  deepEqual(
    (await items(`${core}/pods`, 2)).map((pod) => pod.metadata.ownerReferences.map((one: any) => one.uid)),
    [[set.metadata.uid], [set.metadata.uid]],
  )
})

test('Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so', async () => {
  const { core } = await inNamespace('gc-foreground')
  const path = `${core}/replicationcontrollers/simpletest.rc`
  const rc = await c.must(201, 'POST', `${core}/replicationcontrollers`, controller('simpletest.rc', 20))
  await items(`${core}/pods`, 20)
  await using pods = c.watch(`${core}/pods?watch=1`)
  await using controllers = c.watch(`${core}/replicationcontrollers?watch=1`)
  const deleted = await c.must(200, 'DELETE', path, propagate('Foreground', rc.metadata.uid))
  deepEqual(deleted.metadata.finalizers, ['foregroundDeletion'])
  const last = await controllers.event('deletion', (e) => e.type === 'DELETED')
  await items(`${core}/pods`, 0)
  await eventually('all deletions', () => pods.events.filter((e) => e.type === 'DELETED').length === 20)
  const versions = pods.events.filter((e) => e.type === 'DELETED').map((e) => Number(e.object.metadata.resourceVersion))
  equal(Math.max(...versions) < Number(last.object.metadata.resourceVersion), true)
})

test("Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted", async () => {
  const { core } = await inNamespace('gc-owners')
  const rcs = `${core}/replicationcontrollers`
  const going = await c.must(201, 'POST', rcs, controller('simpletest-rc-to-be-deleted', 10))
  const staying = await c.must(201, 'POST', rcs, controller('simpletest-rc-to-stay', 0))
  const pods = await items(`${core}/pods`, 10)
  const shared = pods.slice(0, 5).map((pod) => pod.metadata.name)
  for (const name of shared) {
    const reference = owner('ReplicationController', staying)
    await c.must(200, 'PATCH', `${core}/pods/${name}`, { metadata: { ownerReferences: [reference] } }, strategic)
  }
  await c.must(200, 'DELETE', `${rcs}/simpletest-rc-to-be-deleted`, propagate('Foreground', going.metadata.uid))
  await gone(`${rcs}/simpletest-rc-to-be-deleted`)
  await settle()
  deepEqual(
    (await items(`${core}/pods`)).map((pod) => [
      pod.metadata.name,
      pod.metadata.ownerReferences.map((one: any) => one.name),
      pod.metadata.deletionTimestamp,
    ]),
    shared.map((name) => [name, ['simpletest-rc-to-stay'], undefined]),
  )
})

test('Garbage collector should not be blocked by dependency circle', async () => {
  const { core } = await inNamespace('gc-circle')
  const [one, two, three] = await Promise.all(
    ['pod1', 'pod2', 'pod3'].map((name) => c.must(201, 'POST', `${core}/pods`, { metadata: { name }, spec: podSpec })),
  )
  for (const [pod, of] of [
    [one, three],
    [two, one],
    [three, two],
  ]) {
    const reference = owner('Pod', of, { controller: true, blockOwnerDeletion: true })
    await c.must(200, 'PATCH', `${core}/pods/${pod.metadata.name}`, { metadata: { ownerReferences: [reference] } }, strategic)
  }
  await c.must(200, 'DELETE', `${core}/pods/pod1`, propagate('Foreground', one.metadata.uid))
  await items(`${core}/pods`, 0)
})

test('Namespaces should ensure that all pods are removed when a namespace is deleted', () => goneWithNamespace('pods', podSpec))

test('Namespaces should ensure that all services are removed when a namespace is deleted', () =>
  goneWithNamespace('services', { ports: [{ port: 80, targetPort: 80 }], selector: { foo: 'bar' } }))

async function goneWithNamespace(resource: string, spec: object): Promise<void> {
  const name = `nsdelete-${resource}`
  const { core } = await inNamespace(name)
  await c.must(201, 'POST', `${core}/${resource}`, { metadata: { name: 'test' }, spec })
  await c.must(200, 'DELETE', `/api/v1/namespaces/${name}`)
  await gone(`/api/v1/namespaces/${name}`)
  await inNamespace(name)
  await c.must(404, 'GET', `${core}/${resource}/test`)
}

test('OrderedNamespaceDeletion namespace deletion should delete pod first', async () => {
  const name = 'nsordered'
  const { core } = await inNamespace(name)
  const finalizers = ['e2e.example.com/finalizer']
  await c.must(201, 'POST', `${core}/pods`, { metadata: { name: 'pod', finalizers }, spec: podSpec })
  await c.must(201, 'POST', `${core}/configmaps`, { metadata: { name: 'map' } })
  await c.must(200, 'DELETE', `/api/v1/namespaces/${name}`)
  const remaining = await eventually('the condition', async () => {
    const namespace = await c.must(200, 'GET', `/api/v1/namespaces/${name}`)
    return (
      namespace.status.conditions?.find(
        (one: any) => one.type === 'NamespaceDeletionContentFailure' || one.type === 'NamespaceContentRemaining',
      ) && namespace.status.conditions
    )
  })
  await settle()
  equal((await c.must(200, 'GET', `${core}/pods/pod`)).metadata.deletionTimestamp !== undefined, true)
  equal((await c.must(200, 'GET', `${core}/configmaps/map`)).metadata.deletionTimestamp, undefined)
  match(JSON.stringify(remaining), /pods/)
  await c.must(200, 'PATCH', `${core}/pods/pod`, [{ op: 'remove', path: '/metadata/finalizers' }], json)
  await gone(`/api/v1/namespaces/${name}`)
})

const usedOf = (core: string, name: string, used: object) =>
  eventually(`${name} has used ${JSON.stringify(used)}`, async () => {
    const { status } = await c.must(200, 'GET', `${core}/resourcequotas/${name}`)
    if (status?.used === undefined) return false
    deepEqual(Object.fromEntries(Object.keys(used).map((key) => [key, status.used[key]])), used)
    return status
  })

/** Upstream's quota of these descriptions. */
const hard = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'requests.ephemeral-storage': '50Gi',
  'count/replicasets.apps': '5',
  'requests.example.com/dongle': '3',
}

async function withQuota(namespace: string) {
  const paths = await inNamespace(namespace)
  await c.must(201, 'POST', `${paths.core}/resourcequotas`, { metadata: { name: 'test-quota' }, spec: { hard } })
  const status = await usedOf(paths.core, 'test-quota', { resourcequotas: '1' })
  deepEqual(status.hard, hard)
  return { ...paths, before: status.used }
}

test('ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.', async () => {
  const { before } = await withQuota('quota-prompt')
  deepEqual(before, {
    ...Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])),
    resourcequotas: '1',
    configmaps: '1', // kube-root-ca.crt
  })
})

test('ResourceQuota should create a ResourceQuota and capture the life of a configMap.', () =>
  countedWhileItLives('core/configmaps', { data: { a: 'b' } }, { configmaps: ['1', '2'] }))

test('ResourceQuota should create a ResourceQuota and capture the life of a secret.', () =>
  countedWhileItLives('core/secrets', { stringData: { a: 'b' } }, { secrets: ['0', '1'], resourcequotas: ['1', '1'] }))

test('ResourceQuota should create a ResourceQuota and capture the life of a replication controller.', () =>
  countedWhileItLives(
    'core/replicationcontrollers',
    { spec: { replicas: 0, selector: { name: 'a' }, template: template({ name: 'a' }) } },
    { replicationcontrollers: ['0', '1'] },
  ))

test('ResourceQuota should create a ResourceQuota and capture the life of a replica set.', () =>
  countedWhileItLives(
    'apps/replicasets',
    { spec: { replicas: 0, selector: { matchLabels: { name: 'a' } }, template: template({ name: 'a' }) } },
    { 'count/replicasets.apps': ['0', '1'] },
  ))

/** Makes an object below a quota and deletes it; `counted` says what is used without it and with it. */
async function countedWhileItLives(
  path: `${'core' | 'apps'}/${string}`,
  object: object,
  counted: Readonly<Record<string, readonly [string, string]>>,
) {
  const [root, resource] = path.split('/') as ['core' | 'apps', string]
  const paths = await withQuota(`quota-${resource}`)
  const objects = `${paths[root]}/${resource}`
  const at = (n: 0 | 1) => Object.fromEntries(Object.entries(counted).map(([name, counts]) => [name, counts[n]]))
  await usedOf(paths.core, 'test-quota', at(0))
  await c.must(201, 'POST', objects, { metadata: { name: 'test' }, ...object })
  await usedOf(paths.core, 'test-quota', at(1))
  await c.must(200, 'DELETE', `${objects}/test`)
  await usedOf(paths.core, 'test-quota', at(0))
}

test('ResourceQuota should create a ResourceQuota and capture the life of a service.', async () => {
  const { core } = await withQuota('quota-services')
  const service = (name: string, type: string) => ({ metadata: { name }, spec: { type, ports: [{ port: 80, targetPort: 80 }] } })
  await c.must(201, 'POST', `${core}/services`, service('test-service', 'ClusterIP'))
  await c.must(201, 'POST', `${core}/services`, service('test-service-np', 'NodePort'))
  const refused = await c.must(403, 'POST', `${core}/services`, service('test-service-lb', 'LoadBalancer'))
  match(
    refused.message,
    /exceeded quota: test-quota, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1/,
  )
  await usedOf(core, 'test-quota', { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
  for (const name of ['test-service', 'test-service-np']) await c.must(200, 'DELETE', `${core}/services/${name}`)
  await usedOf(core, 'test-quota', { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
})

const asking = (name: string, requests: object, limits: object = {}, more: object = {}) => ({
  metadata: { name },
  spec: { ...more, containers: [{ name: 'pause', image: 'pause', resources: { requests, limits } }] },
})

test('ResourceQuota should create a ResourceQuota and capture the life of a pod.', async () => {
  const { core } = await withQuota('quota-pods')
  const dongle = 'example.com/dongle'
  const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' }
  await c.must(201, 'POST', `${core}/pods`, asking('test-pod', requests, { [dongle]: '2' }))
  const used = {
    pods: '1',
    cpu: '500m',
    memory: '252Mi',
    'requests.ephemeral-storage': '30Gi',
    'requests.example.com/dongle': '2',
  }
  await usedOf(core, 'test-quota', used)
  const refused = async (body: object) => match((await c.must(403, 'POST', `${core}/pods`, body)).message, /exceeded quota: test-quota/)
  await refused(asking('fail-pod', { cpu: '600m', memory: '100Mi' }))
  await refused(asking('fail-pod-for-extended-resource', { cpu: '500m', memory: '100Mi', [dongle]: '2' }, { [dongle]: '2' }))
  const pod = await scheduled(`${core}/pods/test-pod`)
  const [container] = pod.spec.containers
  const more = { ...container, resources: { ...container.resources, requests: { ...requests, cpu: '100m', memory: '100Mi' } } }
  await c.must(422, 'PUT', `${core}/pods/test-pod`, { ...pod, spec: { ...pod.spec, containers: [more] } })
  await usedOf(core, 'test-quota', used)
  await c.must(200, 'DELETE', `${core}/pods/test-pod`, { gracePeriodSeconds: 0 })
  await usedOf(core, 'test-quota', Object.fromEntries(Object.keys(used).map((name) => [name, '0'])))
})

/** The pod after the scheduler has looked at it, so that nobody changes it any more. */
const scheduled = (path: string) =>
  eventually('the scheduler has looked', async () => {
    const pod = await c.must(200, 'GET', path)
    return pod.status.conditions?.length > 0 && pod
  })

const scoped = (name: string, scope: string, limits: object) => ({ metadata: { name }, spec: { hard: limits, scopes: [scope] } })

test('ResourceQuota should verify ResourceQuota with best effort scope.', async () => {
  const { core } = await inNamespace('quota-besteffort')
  const quotas = [
    ['quota-besteffort', 'BestEffort'],
    ['quota-not-besteffort', 'NotBestEffort'],
  ] as const
  for (const [name, scope] of quotas) {
    await c.must(201, 'POST', `${core}/resourcequotas`, scoped(name, scope, { pods: '5' }))
    await usedOf(core, name, { pods: '0' })
  }
  await countedBy(core, asking('besteffort-pod', {}), { 'quota-besteffort': { pods: '1' }, 'quota-not-besteffort': { pods: '0' } })
  const asks = asking('burstable-pod', { cpu: '500m', memory: '252Mi' }, { cpu: '1', memory: '252Mi' })
  await countedBy(core, asks, { 'quota-besteffort': { pods: '0' }, 'quota-not-besteffort': { pods: '1' } })
})

test('ResourceQuota should verify ResourceQuota with terminating scopes.', async () => {
  const { core } = await inNamespace('quota-terminating')
  const limits = { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' }
  const none = Object.fromEntries(Object.keys(limits).map((name) => [name, '0']))
  const quotas = [
    ['quota-terminating', 'Terminating'],
    ['quota-not-terminating', 'NotTerminating'],
  ] as const
  for (const [name, scope] of quotas) {
    await c.must(201, 'POST', `${core}/resourcequotas`, scoped(name, scope, limits))
    await usedOf(core, name, none)
  }
  const requests = { cpu: '500m', memory: '200Mi' }
  const used = { pods: '1', 'requests.cpu': '500m', 'requests.memory': '200Mi', 'limits.cpu': '1', 'limits.memory': '400Mi' }
  const pod = (name: string, more: object = {}) => asking(name, requests, { cpu: '1', memory: '400Mi' }, more)
  await countedBy(core, pod('test-pod'), { 'quota-terminating': none, 'quota-not-terminating': used })
  await countedBy(core, pod('terminating-pod', { activeDeadlineSeconds: 3600 }), {
    'quota-terminating': used,
    'quota-not-terminating': none,
  })
})

/** Makes a pod, sees what each quota has used then, and that none has used anything when the pod is gone. */
async function countedBy(
  core: string,
  pod: { readonly metadata: { readonly name: string } },
  used: Readonly<Record<string, object>>,
): Promise<void> {
  await c.must(201, 'POST', `${core}/pods`, pod)
  for (const [name, of] of Object.entries(used)) await usedOf(core, name, of)
  await c.must(200, 'DELETE', `${core}/pods/${pod.metadata.name}`, { gracePeriodSeconds: 0 })
  for (const [name, of] of Object.entries(used)) await usedOf(core, name, Object.fromEntries(Object.keys(of).map((key) => [key, '0'])))
}

const CPU_AND_MEMORY = { cpu: '1', memory: '500Mi' }

test('ResourceQuota should be able to update and delete ResourceQuota.', async () => {
  const { core } = await inNamespace('quota-update')
  const path = `${core}/resourcequotas/test-quota`
  const made = await c.must(201, 'POST', `${core}/resourcequotas`, { metadata: { name: 'test-quota' }, spec: { hard: CPU_AND_MEMORY } })
  deepEqual(made.spec.hard, CPU_AND_MEMORY)
  const more = { cpu: '2', memory: '1Gi' }
  const fresh = await c.must(200, 'GET', path)
  deepEqual((await c.must(200, 'PUT', path, { ...fresh, metadata: { name: 'test-quota' }, spec: { hard: more } })).spec.hard, more)
  deepEqual((await c.must(200, 'GET', path)).spec.hard, more)
  await c.must(200, 'DELETE', path)
  await c.must(404, 'GET', path)
})

test('ResourceQuota should manage the lifecycle of a ResourceQuota', async () => {
  const { core } = await inNamespace('quota-lifecycle')
  const labels = { 'e2e-rq-label': 'e2e-test' }
  await c.must(201, 'POST', `${core}/resourcequotas`, { metadata: { name: 'e2e-quota', labels }, spec: { hard: CPU_AND_MEMORY } })
  const everywhere = '/api/v1/resourcequotas?labelSelector=e2e-rq-label%3De2e-test'
  equal((await items(everywhere)).length, 1)
  const patch = { metadata: { labels: { 'e2e-rq-patched': 'patched' } }, spec: { hard: { memory: '750Mi' } } }
  const patched = await c.must(200, 'PATCH', `${core}/resourcequotas/e2e-quota`, patch, strategic)
  deepEqual(
    [patched.metadata.labels, patched.spec.hard],
    [
      { ...labels, 'e2e-rq-patched': 'patched' },
      { cpu: '1', memory: '750Mi' },
    ],
  )
  await c.must(200, 'DELETE', `${core}/resourcequotas?labelSelector=e2e-rq-label%3De2e-test`)
  await items(everywhere, 0)
})

test('ResourceQuota should apply changes to a resourcequota status', async () => {
  const { core } = await inNamespace('quota-status')
  const path = `${core}/resourcequotas/e2e-rq-status`
  await using watch = c.watch(`${core}/resourcequotas?watch=1`)
  const hards = (cpu: string, memory: string) => ({ cpu, memory })
  await c.must(201, 'POST', `${core}/resourcequotas`, { metadata: { name: 'e2e-rq-status' }, spec: { hard: hards('500m', '500Mi') } })
  await watch.event('calculated', (e) => JSON.stringify(e.object.status?.hard) === JSON.stringify(hards('500m', '500Mi')))

  const wanted = hards('750m', '750Mi')
  const fresh = await c.must(200, 'GET', path)
  const updated = await c.must(200, 'PUT', `${path}/status`, { ...fresh, status: { hard: wanted } })
  deepEqual([updated.status.hard, updated.spec.hard], [wanted, hards('500m', '500Mi')])
  await c.must(200, 'PATCH', path, { spec: { hard: hards('1', '1Gi') } }, strategic)
  await eventually('the status follows the spec', async () => (await c.must(200, 'GET', `${path}/status`)).status.hard.memory === '1Gi')
  const patched = await c.must(200, 'PATCH', `${path}/status`, { spec: { hard: hards('9', '9Gi') }, status: { hard: wanted } }, merge)
  deepEqual([patched.spec.hard, patched.status.hard], [hards('1', '1Gi'), wanted])
  deepEqual((await c.must(200, 'GET', path)).spec.hard, hards('1', '1Gi'))
})
