/** Deployments on a whole cluster: from the object to ready pods, and through every change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { pods } from '#api/core/v1/pod.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { recordHistory } from '#testing/history.ts'
import { deployment, isReady, podsOf } from './workloads.ts'

const web = { namespace: 'default', name: 'web' }
const statusOf = (c: TestCluster) => c.lister(deployments).get('default/web')?.status

/** What `kubectl rollout status` waits for. */
function isRolledOut(c: TestCluster): boolean {
  const { metadata, spec, status } = c.lister(deployments).get('default/web')!
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    [status.updatedReplicas, status.replicas, status.availableReplicas].every((count) => count === spec.replicas)
  )
}

async function timeToReadyMs(): Promise<number> {
  await using cluster = await startCluster({ nodes: 10, seed: 1 })
  const began = performance.now()
  await cluster.client.create(deployments, deployment('web', 100))
  await cluster.until(() => statusOf(cluster)?.readyReplicas === 100, 30_000)
  const tookMs = performance.now() - began
  const perNode = Map.groupBy(podsOf(cluster, 'web'), (p) => p.spec.nodeName)
  assert.deepEqual(
    [...perNode.values()].map((onNode) => onNode.length),
    Array.from({ length: 10 }, () => 10),
  )
  return tookMs
}

test('a hundred pods on ten nodes are ready in under a second of real time', async (t) => {
  const tookMs: number[] = []
  // The machine may have other things to do just then: once in three is enough.
  while (tookMs.length < 3 && !tookMs.some((ms) => ms < 1_000)) tookMs.push(await timeToReadyMs())
  t.diagnostic(tookMs.map((ms) => `${Math.round(ms)} ms`).join(', '))
  assert.ok(tookMs.some((ms) => ms < 1_000))
})

async function historyOf(seed: number): Promise<readonly string[]> {
  await using cluster = await startCluster({ nodes: 5, seed })
  const history = recordHistory(cluster)
  await cluster.advance(1_000)
  await cluster.client.create(deployments, deployment('web', 20))
  await cluster.until(() => statusOf(cluster)?.readyReplicas === 20, 30_000)
  await cluster.client.patch(deployments, web, 'application/merge-patch+json', { spec: { replicas: 5 } })
  await cluster.advance(60_000)
  return history.entries.map((e) => JSON.stringify(e))
}

test('the same seed gives the same history to the letter, another seed another one', async () => {
  const [first, second, other] = [await historyOf(7), await historyOf(7), await historyOf(8)]
  assert.ok(first.length > 300, `${first.length} entries`)
  assert.deepEqual(second, first)
  assert.notDeepEqual(other, first)
})

test('a Deployment is scaled up and down, and what leaves goes gracefully', async () => {
  await using cluster = await startCluster({ nodes: 3, seed: 2 })
  await cluster.client.create(deployments, deployment('web', 2, { annotations: { 'simulated.k8ts.dev/stopSeconds': '5' } }))
  await cluster.until(() => statusOf(cluster)?.readyReplicas === 2, 30_000)
  await cluster.client.patch(deployments, web, 'application/merge-patch+json', { spec: { replicas: 9 } }, { subresource: 'scale' })
  await cluster.until(() => statusOf(cluster)?.readyReplicas === 9, 30_000)
  await cluster.client.patch(deployments, web, 'application/merge-patch+json', { spec: { replicas: 1 } })
  await cluster.advance(1_000)
  assert.equal(podsOf(cluster, 'web').filter((p) => p.metadata.deletionTimestamp !== undefined).length, 8)
  await cluster.advance(5_000)
  assert.equal(podsOf(cluster, 'web').length, 1)
  assert.deepEqual([statusOf(cluster)?.replicas, statusOf(cluster)?.readyReplicas, statusOf(cluster)?.availableReplicas], [1, 1, 1])
})

test('a rolling update never leaves the bounds and replaces every pod', async () => {
  await using cluster = await startCluster({ nodes: 4, seed: 3 })
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } } as const
  const spec = {
    containers: [
      { name: 'main', image: 'app:1', readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 3, periodSeconds: 1 } },
    ],
  }
  await cluster.client.create(deployments, deployment('web', 10, { strategy, spec }))
  await cluster.until(() => statusOf(cluster)?.availableReplicas === 10, 60_000)

  const seen = { fewest: Infinity, most: 0 }
  const watch = async () => {
    const events = cluster.client.watch(pods, { namespace: 'default', resourceVersion: '0', signal: new AbortController().signal })
    for await (const _ of events) {
      const now = podsOf(cluster, 'web').filter((p) => p.metadata.deletionTimestamp === undefined)
      seen.fewest = Math.min(seen.fewest, now.filter(isReady).length)
      seen.most = Math.max(seen.most, now.length)
    }
  }
  watch().catch(() => {})
  await cluster.client.patch(deployments, web, 'application/json-patch+json', [
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'app:2' },
  ])
  await cluster.until(() => isRolledOut(cluster), 300_000)
  assert.deepEqual(seen, { fewest: 9, most: 12 })
  assert.deepEqual(new Set(podsOf(cluster, 'web').map((p) => p.spec.containers[0]!.image)), new Set(['app:2']))
  const sizes = cluster
    .lister(replicaSets)
    .list('default')
    .map((rs) => [rs.metadata.annotations?.['deployment.kubernetes.io/revision'], rs.spec.replicas])
  assert.deepEqual(sizes.toSorted(), [
    ['1', 0],
    ['2', 10],
  ])
  assert.equal(cluster.lister(deployments).get('default/web')?.metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
})
