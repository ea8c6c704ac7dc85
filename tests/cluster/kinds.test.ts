/** Every kind that is served is deleted with its namespace and with its owners. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { horizontalPodAutoscalers } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { jobs } from '#api/batch/v1/job.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { limitRanges } from '#api/core/v1/limit-range.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { networkPolicies } from '#api/networking/v1/network-policy.ts'
import { ingresses } from '#api/networking/v1/ingress.ts'
import { resourceClaimTemplates } from '#api/resource/v1/resource-claim-template.ts'
import { storageClasses } from '#api/storage/v1/storage-class.ts'
import { volumeAttachments } from '#api/storage/v1/volume-attachment.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'

const SECOND = 1_000

const container = { name: 'main', image: 'registry.example/app:1' }
const SPECS: readonly (readonly [Resource, object])[] = [
  [networkPolicies as Resource, { podSelector: {} }],
  [ingresses as Resource, { defaultBackend: { service: { name: 'web', port: { number: 80 } } } }],
  [limitRanges as Resource, { limits: [{ type: 'Container', max: { cpu: '2' } }] }],
  [resourceClaimTemplates as Resource, { spec: { devices: { requests: [{ name: 'd', exactly: { deviceClassName: 'gpu' } }] } } }],
  [horizontalPodAutoscalers as Resource, { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } }],
  [jobs as Resource, { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [container] } } }],
]

/** One of each kind, named `one`. */
async function createAll(cluster: TestCluster, namespace: string, metadata: object = {}): Promise<void> {
  for (const [resource, spec] of SPECS)
    await cluster.client.create(resource, { metadata: { name: 'one', namespace, ...metadata }, spec } as unknown as Draft<KubeObject>)
}

const there = (cluster: TestCluster, namespace: string) =>
  SPECS.filter(([resource]) => cluster.lister(resource).get(`${namespace}/one`) !== undefined).map(([resource]) => resource.plural)

test('a namespace takes objects of every kind with it, and counts each once while it waits', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 41 })
  const { client } = cluster
  await client.create(namespaces, { metadata: { name: 'shop' } })
  await cluster.advance(SECOND)
  await createAll(cluster, 'shop')
  const held = { metadata: { finalizers: ['example.com/hold'] } }
  const autoscaler = { namespace: 'shop', name: 'one' }
  await client.patch(horizontalPodAutoscalers, autoscaler, 'application/merge-patch+json', held)
  await client.delete(namespaces, { name: 'shop' })
  await cluster.advance(60 * SECOND)
  assert.deepEqual(there(cluster, 'shop'), ['horizontalpodautoscalers'])
  assert.deepEqual(
    cluster
      .lister(namespaces)
      .get('shop')
      ?.status.conditions?.filter((c) => c.status === 'True')
      .map((c) => c.message),
    [
      'Some resources are remaining: horizontalpodautoscalers.autoscaling has 1 resource instances',
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    ],
  )
  await client.patch(horizontalPodAutoscalers, autoscaler, 'application/merge-patch+json', { metadata: { finalizers: null } })
  await cluster.until(() => cluster.lister(namespaces).get('shop') === undefined, 300 * SECOND)
  for (const resource of cluster.resources)
    if (resource.scope === 'Namespaced' && resource.verbs.includes('list'))
      assert.deepEqual((await client.list(resource, { namespace: 'shop' })).items, [], `${resource.apiVersion} ${resource.plural}`)
})

test('every kind that can be deleted can be emptied out of a namespace', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 42 })
  const skipped = cluster.resources
    .filter((r) => r.scope === 'Namespaced' && r.verbs.includes('create') && r.verbs.includes('get'))
    .filter((r) => !r.verbs.includes('deletecollection') || !r.verbs.includes('list') || !r.verbs.includes('watch'))
  assert.deepEqual(skipped, [])
})

test('objects of every kind go after their owner, whatever kind it is of', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 43 })
  const { client } = cluster
  const policy = await client.create(networkPolicies, { metadata: { name: 'owner', namespace: 'default' }, spec: { podSelector: {} } })
  const owner = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name: 'owner', uid: policy.metadata.uid }
  await createAll(cluster, 'default', { ownerReferences: [owner] })
  await cluster.advance(5 * SECOND)
  assert.equal(there(cluster, 'default').length, SPECS.length)
  await client.delete(networkPolicies, { namespace: 'default', name: 'owner' }, { propagationPolicy: 'Background' })
  await cluster.until(() => there(cluster, 'default').length === 0, 30 * SECOND)
})

test('autoscalers named as owners in either version hold what they own, and let it go in the foreground', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 44 })
  const { client } = cluster
  const spec = { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } }
  const { uid } = (await client.create(horizontalPodAutoscalers, { metadata: { name: 'web', namespace: 'default' }, spec })).metadata
  for (const version of ['v1', 'v2'])
    await client.create(configMaps, {
      metadata: {
        name: version,
        namespace: 'default',
        ownerReferences: [
          { apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', name: 'web', uid, blockOwnerDeletion: true },
        ],
      },
    })
  const left = () => ['v1', 'v2'].filter((name) => cluster.lister(configMaps).get(`default/${name}`) !== undefined)
  await cluster.advance(30 * SECOND)
  assert.deepEqual(left(), ['v1', 'v2'])
  await client.delete(horizontalPodAutoscalers, { namespace: 'default', name: 'web' }, { propagationPolicy: 'Foreground' })
  await cluster.until(() => cluster.lister(horizontalPodAutoscalers).get('default/web') === undefined, 30 * SECOND)
  assert.deepEqual(left(), [])
})

test('cluster-wide kinds own and are owned, too', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 45 })
  const { client } = cluster
  const { uid } = (await client.create(storageClasses, { metadata: { name: 'fast' }, provisioner: 'csi.example.com' })).metadata
  const owner = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name: 'fast', uid }
  await client.create(volumeAttachments, {
    metadata: { name: 'a', ownerReferences: [owner] },
    spec: { attacher: 'csi.example.com', nodeName: 'node-0', source: { persistentVolumeName: 'pv' } },
  })
  await cluster.advance(5 * SECOND)
  assert.notEqual(cluster.lister(volumeAttachments).get('a'), undefined)
  await client.delete(storageClasses, { name: 'fast' })
  await cluster.until(() => cluster.lister(volumeAttachments).get('a') === undefined, 30 * SECOND)
})
