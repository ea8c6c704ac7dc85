/** Tests the operator against a whole cluster, without containers, network or waiting. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { pods } from '#api/core/v1/pod.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { runWebsiteOperator } from './website-operator.ts'

const blog = { namespace: 'default', name: 'blog' }
const ready = (c: TestCluster) => c.lister(deployments).get('default/blog')?.status.readyReplicas ?? 0

test('a website is served, repaired and resized, and goes with its ConfigMap', async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 1 })
  const { client } = cluster
  cluster.run(runWebsiteOperator)

  await client.create(configMaps, {
    metadata: { ...blog, labels: { 'example.com/website': 'true' } },
    data: { replicas: '2', 'index.html': '<h1>Hello</h1>' },
  })
  await cluster.until(() => ready(cluster) === 2, 30_000)

  await client.patch(deployments, blog, 'application/merge-patch+json', { spec: { replicas: 7 } })
  await cluster.advance(30_000)
  assert.equal(cluster.lister(deployments).get('default/blog')?.spec.replicas, 2)

  await client.patch(configMaps, blog, 'application/merge-patch+json', { data: { replicas: '3' } })
  await cluster.until(() => ready(cluster) === 3, 30_000)

  // Five minutes of a lost node take no time at all.
  cluster.node('node-0').stop()
  await cluster.advance(400_000)
  assert.equal(ready(cluster), 3)

  await client.delete(configMaps, blog)
  cluster.node('node-0').start()
  await cluster.until(() => cluster.lister(pods).list('default').length === 0, 120_000)
})
