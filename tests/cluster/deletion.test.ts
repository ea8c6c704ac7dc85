/** What is deleted, in which order, and what stays. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { pods } from '#api/core/v1/pod.ts'
import { services } from '#api/core/v1/service.ts'
import { isReason } from '#client/client.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { recordHistory } from '#testing/history.ts'
import { deployment, isReady, podsOf } from './workloads.ts'

const SECOND = 1_000
const web = { namespace: 'default', name: 'web' }

async function withDeployment(seed: number, replicas: number): Promise<TestCluster> {
  const cluster = await startCluster({ nodes: 2, seed })
  await cluster.client.create(deployments, deployment('web', replicas, { annotations: { 'simulated.k8ts.dev/stopSeconds': '5' } }))
  await cluster.until(() => podsOf(cluster, 'web').filter(isReady).length === replicas, 30 * SECOND)
  return cluster
}

/** How many of each are there: Deployments, ReplicaSets, pods. */
const counts = (c: TestCluster) => [
  c.lister(deployments).list('default').length,
  c.lister(replicaSets).list('default').length,
  podsOf(c, 'web').length,
]

test('deleted in the background, the owner goes at once and what it owns after it', async () => {
  await using cluster = await withDeployment(11, 3)
  await cluster.client.delete(deployments, web, { propagationPolicy: 'Background' })
  assert.deepEqual(counts(cluster)[0], 0)
  await cluster.advance(2 * SECOND)
  assert.deepEqual(counts(cluster), [0, 0, 3])
  assert.ok(podsOf(cluster, 'web').every((p) => p.metadata.deletionTimestamp !== undefined))
  await cluster.advance(10 * SECOND)
  assert.deepEqual(counts(cluster), [0, 0, 0])
})

test('deleted in the foreground, the owner waits until all it owns is gone', async () => {
  await using cluster = await withDeployment(12, 3)
  const history = recordHistory(cluster)
  await cluster.advance(SECOND)
  await cluster.client.delete(deployments, web, { propagationPolicy: 'Foreground' })
  await cluster.advance(2 * SECOND)
  assert.deepEqual(counts(cluster), [1, 1, 3])
  assert.deepEqual(cluster.lister(deployments).get('default/web')?.metadata.finalizers, ['foregroundDeletion'])
  await cluster.advance(10 * SECOND)
  assert.deepEqual(counts(cluster), [0, 0, 0])
  const gone = history.entries.filter((e) => e.type === 'DELETED' && ['pods', 'replicasets.apps', 'deployments.apps'].includes(e.resource))
  assert.deepEqual(
    gone.toSorted((a, b) => Number(a.object.metadata.resourceVersion) - Number(b.object.metadata.resourceVersion)).map((e) => e.resource),
    ['pods', 'pods', 'pods', 'replicasets.apps', 'deployments.apps'],
  )
})

test('orphaned, what was owned stays and is adopted by a new owner', async () => {
  await using cluster = await withDeployment(13, 3)
  const before = podsOf(cluster, 'web')
    .map((p) => p.metadata.uid)
    .toSorted()
  await cluster.client.delete(deployments, web, { propagationPolicy: 'Orphan' })
  await cluster.advance(10 * SECOND)
  assert.deepEqual(counts(cluster), [0, 1, 3])
  assert.equal(cluster.lister(replicaSets).list('default')[0]?.metadata.ownerReferences, undefined)

  await cluster.client.create(deployments, deployment('web', 3, { annotations: { 'simulated.k8ts.dev/stopSeconds': '5' } }))
  await cluster.advance(10 * SECOND)
  assert.deepEqual(counts(cluster), [1, 1, 3])
  assert.equal(cluster.lister(replicaSets).list('default')[0]?.metadata.ownerReferences?.[0]?.name, 'web')
  assert.deepEqual(
    podsOf(cluster, 'web')
      .map((p) => p.metadata.uid)
      .toSorted(),
    before,
  )
})

test('a deleted pod of a ReplicaSet is replaced', async () => {
  await using cluster = await withDeployment(14, 2)
  const [first] = podsOf(cluster, 'web')
  await cluster.client.delete(pods, { namespace: 'default', name: first!.metadata.name })
  await cluster.until(
    () => podsOf(cluster, 'web').filter((p) => isReady(p) && p.metadata.uid !== first!.metadata.uid).length === 2,
    30 * SECOND,
  )
  await cluster.advance(10 * SECOND)
  assert.equal(podsOf(cluster, 'web').length, 2)
})

test('a namespace is emptied before it goes, and refuses what is new meanwhile', async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 15 })
  const { client } = cluster
  await client.create(namespaces, { metadata: { name: 'shop' } })
  await cluster.advance(SECOND)
  await client.create(deployments, deployment('web', 4, { namespace: 'shop', annotations: { 'simulated.k8ts.dev/stopSeconds': '5' } }))
  await client.create(services, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  })
  await client.create(configMaps, { metadata: { name: 'kept', namespace: 'shop', finalizers: ['example.com/hold'] }, data: {} })
  await cluster.until(() => podsOf(cluster, 'web', 'shop').filter(isReady).length === 4, 30 * SECOND)

  await client.delete(namespaces, { name: 'shop' })
  assert.equal(cluster.lister(namespaces).get('shop')?.status.phase, 'Terminating')
  await assert.rejects(
    client.create(configMaps, { metadata: { name: 'late', namespace: 'shop' } }),
    (error) =>
      isReason(error, 'Forbidden') &&
      error.message.endsWith('unable to create new content in namespace shop because it is being terminated'),
  )
  await cluster.advance(60 * SECOND)
  const left = cluster.lister(namespaces).get('shop')!
  assert.deepEqual(
    left.status.conditions?.filter((c) => c.status === 'True').map((c) => [c.type, c.reason, c.message]),
    [
      ['NamespaceContentRemaining', 'SomeResourcesRemain', 'Some resources are remaining: configmaps. has 1 resource instances'],
      [
        'NamespaceFinalizersRemaining',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      ],
    ],
  )
  assert.deepEqual(podsOf(cluster, 'web', 'shop'), [])

  await client.patch(configMaps, { namespace: 'shop', name: 'kept' }, 'application/merge-patch+json', { metadata: { finalizers: null } })
  await cluster.until(() => cluster.lister(namespaces).get('shop') === undefined, 300 * SECOND)
  for (const resource of cluster.resources)
    if (resource.scope === 'Namespaced' && resource.verbs.includes('list'))
      assert.deepEqual((await client.list(resource, { namespace: 'shop' })).items, [], resource.plural)
})
