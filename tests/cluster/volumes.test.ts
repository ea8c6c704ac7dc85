/** Claims, volumes and attribute classes that are deleted while somebody uses them, and the namespaces that hold claims. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespaces } from '#api/core/v1/namespace.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import { pods } from '#api/core/v1/pod.ts'
import { volumeAttributesClasses } from '#api/storage/v1/volume-attributes-class.ts'
import type { Draft } from '#schema/resource.ts'
import { startCluster } from '#testing/cluster.ts'
import { isReady, pod } from './workloads.ts'

const SECOND = 1_000

function claim(name: string, namespace: string, spec: object = {}): Draft<PersistentVolumeClaim> {
  return {
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  }
}

test('a claim that a pod uses waits for the pod, and its attributes class for the claim', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 31 })
  const { client } = cluster
  await client.create(volumeAttributesClasses, { metadata: { name: 'gold' }, driverName: 'csi.example.com', parameters: { iops: '100' } })
  await client.create(persistentVolumeClaims, claim('data', 'default', { volumeAttributesClassName: 'gold' }))
  const mounted = { nodeName: 'node-0', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }
  const drafted = pod('web', { annotations: { 'simulated.k8ts.dev/stopSeconds': '5' } })
  await client.create(pods, { ...drafted, spec: { ...drafted.spec, ...mounted } } as typeof drafted)
  await cluster.advance(5 * SECOND)
  await client.delete(volumeAttributesClasses, { name: 'gold' })
  await client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' })
  await cluster.advance(60 * SECOND)
  const left = () => [
    cluster.lister(pods).get('default/web') !== undefined,
    cluster.lister(persistentVolumeClaims).get('default/data')?.metadata.finalizers,
    cluster.lister(volumeAttributesClasses).get('gold')?.metadata.finalizers,
  ]
  assert.deepEqual(left(), [true, ['kubernetes.io/pvc-protection'], ['kubernetes.io/vac-protection']])
  await client.delete(pods, { namespace: 'default', name: 'web' })
  await cluster.until(() => left().every((there) => there === undefined || there === false), 60 * SECOND)
})

test('a volume that no claim has goes at once, a bound one when it is released', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 32 })
  const { client } = cluster
  for (const name of ['free', 'bound'])
    await client.create(persistentVolumes, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: `/tmp/${name}` } },
    })
  const phase = (to: string) =>
    client.patch(persistentVolumes, { name: 'bound' }, 'application/merge-patch+json', { status: { phase: to } }, { subresource: 'status' })
  await phase('Bound')
  for (const name of ['free', 'bound']) await client.delete(persistentVolumes, { name })
  await cluster.advance(5 * SECOND)
  const names = () =>
    cluster
      .lister(persistentVolumes)
      .list()
      .map((v) => v.metadata.name)
  assert.deepEqual(names(), ['bound'])
  await phase('Released')
  await cluster.advance(5 * SECOND)
  assert.deepEqual(names(), [])
})

test('a namespace with a claim in use goes, the pod first', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 33 })
  const { client } = cluster
  await client.create(namespaces, { metadata: { name: 'shop' } })
  await cluster.advance(SECOND)
  await client.create(persistentVolumeClaims, claim('data', 'shop'))
  await client.create(persistentVolumeClaims, claim('spare', 'shop'))
  const drafted = pod('web')
  const mounted = { nodeName: 'node-0', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }
  await client.create(pods, { metadata: { name: 'web', namespace: 'shop' }, spec: { ...drafted.spec, ...mounted } } as typeof drafted)
  await cluster.until(() => cluster.lister(pods).list('shop').every(isReady), 30 * SECOND)
  await client.delete(namespaces, { name: 'shop' })
  await cluster.until(() => cluster.lister(namespaces).get('shop') === undefined, 300 * SECOND)
  assert.deepEqual([cluster.lister(pods).list('shop'), cluster.lister(persistentVolumeClaims).list('shop')], [[], []])
})
