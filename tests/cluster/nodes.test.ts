/** Nodes that fail, come back and join: what happens to them and to their pods. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { events } from '#api/core/v1/event.ts'
import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { deployment, isReady, pod, podsOf } from './workloads.ts'

const SECOND = 1_000
const get = (c: TestCluster, name: string) => c.lister(nodes).get(name)!
const readyOf = (c: TestCluster, name: string) => get(c, name).status.conditions?.find((x) => x.type === 'Ready')
const eventsAbout = (c: TestCluster, name: string) =>
  c
    .lister(events)
    .list('default')
    .filter((e) => e.involvedObject.name === name)
    .map((e) => `${e.type} ${e.reason}: ${e.message}`)

test('a silent node becomes Unknown and tainted, and its pods are replaced after their five minutes', async () => {
  await using cluster = await startCluster({ nodes: 3, seed: 4 })
  await cluster.client.create(deployments, deployment('web', 6))
  await cluster.until(() => podsOf(cluster, 'web').filter(isReady).length === 6, 30 * SECOND)
  const lost = podsOf(cluster, 'web').filter((p) => p.spec.nodeName === 'node-1')
  assert.ok(lost.length > 0)

  cluster.node('node-1').stop()
  const stoppedAt = cluster.clock.now()
  await cluster.advance(35 * SECOND)
  assert.equal(readyOf(cluster, 'node-1')?.status, 'True')
  await cluster.until(() => readyOf(cluster, 'node-1')?.status === 'Unknown', 30 * SECOND)
  await cluster.advance(SECOND)
  const { reason, message } = readyOf(cluster, 'node-1')!
  assert.deepEqual({ reason, message }, { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' })
  assert.deepEqual(
    get(cluster, 'node-1').spec.taints?.map((t) => `${t.key}:${t.effect}`),
    ['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'],
  )
  assert.deepEqual(
    eventsAbout(cluster, 'node-1').filter((e) => e.includes('NodeNotReady')),
    ['Normal NodeNotReady: Node node-1 status is now: NodeNotReady'],
  )
  assert.deepEqual(
    lost.map((p) => isReady(cluster.lister(pods).get(`default/${p.metadata.name}`)!)),
    lost.map(() => false),
  )

  const taintedAt = cluster.clock.now()
  await cluster.advance(295 * SECOND)
  assert.equal(podsOf(cluster, 'web').length, 6)
  await cluster.until(() => podsOf(cluster, 'web').filter((p) => isReady(p) && p.spec.nodeName !== 'node-1').length === 6, 30 * SECOND)
  assert.ok(cluster.clock.now() - taintedAt >= 298 * SECOND)
  assert.ok(cluster.clock.now() - stoppedAt <= 380 * SECOND)
  const remains = podsOf(cluster, 'web').filter((p) => p.spec.nodeName === 'node-1')
  assert.deepEqual(
    remains.map((p) => [
      p.metadata.deletionTimestamp !== undefined,
      p.status.conditions?.find((c) => c.type === 'DisruptionTarget')?.reason,
    ]),
    lost.map(() => [true, 'DeletionByTaintManager']),
  )

  cluster.node('node-1').start()
  await cluster.until(() => readyOf(cluster, 'node-1')?.status === 'True' && get(cluster, 'node-1').spec.taints === undefined, 60 * SECOND)
  await cluster.until(() => podsOf(cluster, 'web').length === 6, 60 * SECOND)
})

test('a node that comes back in time keeps its pods', async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 5 })
  await cluster.client.create(deployments, deployment('web', 4))
  await cluster.until(() => podsOf(cluster, 'web').filter(isReady).length === 4, 30 * SECOND)
  const before = podsOf(cluster, 'web')
    .map((p) => p.metadata.uid)
    .toSorted()
  cluster.node('node-0').stop()
  await cluster.until(() => readyOf(cluster, 'node-0')?.status === 'Unknown', 90 * SECOND)
  await cluster.advance(100 * SECOND)
  cluster.node('node-0').start()
  await cluster.until(() => podsOf(cluster, 'web').filter(isReady).length === 4, 60 * SECOND)
  await cluster.advance(400 * SECOND)
  assert.deepEqual(
    podsOf(cluster, 'web')
      .map((p) => p.metadata.uid)
      .toSorted(),
    before,
  )
  assert.deepEqual(
    podsOf(cluster, 'web').map((p) => p.status.containerStatuses?.[0]?.restartCount),
    [0, 0, 0, 0],
  )
})

test('a pod that fits nowhere says why, and is scheduled once a node with room joins', async () => {
  await using cluster = await startCluster({
    nodes: [{ cpus: 2 }, { cpus: 2 }, { cpus: 8, taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] }],
    seed: 6,
  })
  await cluster.client.create(pods, pod('big', { requests: { cpu: '4' } }))
  const found = () => cluster.lister(pods).get('default/big')!
  await cluster.until(() => found().status.conditions !== undefined, 10 * SECOND)
  await cluster.advance(SECOND)
  const message =
    '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
  const { type, status, reason, message: said } = found().status.conditions![0]!
  assert.deepEqual({ type, status, reason, said }, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', said: message })
  assert.deepEqual(eventsAbout(cluster, 'big'), [`Warning FailedScheduling: ${message}`])

  cluster.addNode({ cpus: 8 })
  await cluster.until(() => isReady(found()), 60 * SECOND)
  assert.equal(found().spec.nodeName, 'node-3')
})

test('a container that keeps failing is restarted after pauses that double from ten seconds to five minutes', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 7 })
  await cluster.client.create(
    pods,
    pod('crash', { annotations: { 'simulated.k8ts.dev/runSeconds': '1', 'simulated.k8ts.dev/exitCode': '3' } }),
  )
  const container = () => cluster.lister(pods).get('default/crash')?.status.containerStatuses?.[0]
  const endedAt: number[] = []
  const startedAt: number[] = []
  for (let restart = 0; restart < 8; restart++) {
    await cluster.until(() => container()?.restartCount === restart && container()?.state?.running !== undefined, 400 * SECOND)
    startedAt.push(cluster.clock.now())
    await cluster.until(() => container()?.state?.running === undefined, 10 * SECOND)
    endedAt.push(cluster.clock.now())
  }
  const pauses = endedAt.slice(0, -1).map((end, i) => Math.round((startedAt[i + 1]! - end) / 1_000))
  assert.deepEqual(pauses, [0, 10, 20, 40, 80, 160, 300])
  await cluster.advance(5 * SECOND)
  assert.equal(container()?.state?.waiting?.reason, 'CrashLoopBackOff')
  assert.match(container()?.state?.waiting?.message ?? '', /^back-off 5m0s restarting failed container=main pod=crash_default\(.*\)$/)
  const { exitCode, reason } = container()!.lastState!.terminated!
  assert.deepEqual({ exitCode, reason }, { exitCode: 3, reason: 'Error' })
})
