/** The parts of a cluster are never refused what they ask for: the default roles have all they need. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { persistentVolumeClaims } from '#api/core/v1/persistent-volume-claim.ts'
import { services } from '#api/core/v1/service.ts'
import { serviceCIDRs } from '#api/networking/v1/service-cidr.ts'
import { podDisruptionBudgets } from '#api/policy/v1/pod-disruption-budget.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { resourceSlices } from '#api/resource/v1/resource-slice.ts'
import { csiNodes } from '#api/storage/v1/csi-node.ts'
import { storageClasses } from '#api/storage/v1/storage-class.ts'
import { volumeAttributesClasses } from '#api/storage/v1/volume-attributes-class.ts'
import type { Log, LogFields } from '#base/log.ts'
import { isReason } from '#client/client.ts'
import { startCluster } from '#testing/cluster.ts'
import { deployment, isReady, podsOf } from './workloads.ts'

const SECOND = 1_000
const REFUSED = /is forbidden: User/ // a namespace that is going refuses what is new, too, whoever asks

/** Keeps the lines that tell of a refusal. */
function refusalLog(kept: string[]): Log {
  const keep = (message: string, fields?: LogFields) => {
    const line = `${message} ${JSON.stringify(fields ?? {})}`
    if (REFUSED.test(line)) kept.push(line)
  }
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, with: () => log }
  return log
}

test('a cluster at work is refused nothing', async () => {
  const refused: string[] = []
  await using cluster = await startCluster({ nodes: 2, seed: 51, log: refusalLog(refused) })
  const { client } = cluster
  await client.create(namespaces, { metadata: { name: 'shop' } })
  await cluster.advance(SECOND)
  await client.create(deployments, deployment('web', 3, { namespace: 'shop' }))
  await client.create(services, { metadata: { name: 'web', namespace: 'shop' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
  await client.create(podDisruptionBudgets, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  })
  await client.create(storageClasses, { metadata: { name: 'fast' }, provisioner: 'csi.example.com' })
  await client.create(volumeAttributesClasses, { metadata: { name: 'gold' }, driverName: 'csi.example.com', parameters: { iops: '100' } })
  await client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'shop' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await client.create(serviceCIDRs, { metadata: { name: 'more' }, spec: { cidrs: ['10.200.0.0/24'] } })
  await client.create(clusterRoles, {
    metadata: { name: 'more-view', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }],
  })
  await cluster.until(() => podsOf(cluster, 'web', 'shop').filter(isReady).length === 3, 60 * SECOND)
  await client.patch(deployments, { namespace: 'shop', name: 'web' }, 'application/merge-patch+json', {
    spec: { template: { metadata: { annotations: { round: '2' } } } },
  })
  await cluster.advance(60 * SECOND)
  await client.delete(serviceCIDRs, { name: 'more' })
  await client.delete(volumeAttributesClasses, { name: 'gold' })
  await client.delete(namespaces, { name: 'shop' })
  await cluster.until(() => cluster.lister(namespaces).get('shop') === undefined, 300 * SECOND)
  await cluster.advance(60 * SECOND)
  assert.deepEqual([cluster.lister(serviceCIDRs).get('more'), cluster.lister(volumeAttributesClasses).get('gold')], [undefined, undefined])
  assert.deepEqual([...new Set(refused)], [])
})

test("a node has its own CSINode and slices, and nobody else's", async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 52 })
  const node = cluster.clientFor({ username: 'system:node:node-0', groups: ['system:nodes', 'system:authenticated'] })
  const refused = (said: string) => (error: unknown) => isReason(error, 'Forbidden') && error.message.endsWith(said)
  const slice = (name: string, nodeName: string) => ({
    metadata: { name },
    spec: { driver: 'gpu.example.com', nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'a' }] },
  })
  await node.create(csiNodes, { metadata: { name: 'node-0' }, spec: { drivers: [] } })
  await assert.rejects(
    node.create(csiNodes, { metadata: { name: 'node-1' }, spec: { drivers: [] } }),
    refused('can only access CSINode with the same name as the requesting node'),
  )
  await node.create(resourceSlices, slice('mine', 'node-0'))
  await assert.rejects(
    node.create(resourceSlices, slice('theirs', 'node-1')),
    refused('can only create ResourceSlice with the same NodeName as the requesting node'),
  )
  await cluster.client.create(resourceSlices, slice('theirs', 'node-1'))
  await cluster.advance(SECOND)
  await assert.rejects(
    node.delete(resourceSlices, { name: 'theirs' }),
    refused("no relationship found between node 'node-0' and this object"),
  )
  await assert.rejects(
    node.list(resourceSlices),
    refused('can only list/watch/deletecollection resourceslices with nodeName field selector'),
  )
  await node.deleteCollection(resourceSlices, { fieldSelector: 'spec.nodeName=node-0' })
  await cluster.advance(SECOND)
  assert.deepEqual(
    cluster
      .lister(resourceSlices)
      .list()
      .map((s) => s.metadata.name),
    ['theirs'],
  )
})
