/** The life of single pods on a whole cluster: running to an end, init containers, probes, and being reached by Services. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { events } from '#api/core/v1/event.ts'
import { pods } from '#api/core/v1/pod.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { deployment, isReady, pod, podsOf } from './workloads.ts'

const SECOND = 1_000
const found = (c: TestCluster, name: string) => c.lister(pods).get(`default/${name}`)!
const said = (c: TestCluster, name: string) =>
  c
    .lister(events)
    .list('default')
    .filter((e) => e.involvedObject.name === name)
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map((e) => `${e.reason}: ${e.message}`)

test('a pod that never restarts ends as its containers did', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 21 })
  const once = (exitCode: string) => ({
    annotations: { 'simulated.k8ts.dev/runSeconds': '20', 'simulated.k8ts.dev/exitCode': exitCode },
    spec: { restartPolicy: 'Never' as const },
  })
  await cluster.client.create(pods, pod('good', once('0')))
  await cluster.client.create(pods, pod('bad', once('2')))
  await cluster.until(() => isReady(found(cluster, 'good')) && isReady(found(cluster, 'bad')), 10 * SECOND)
  await cluster.advance(25 * SECOND)
  const ending = (name: string) => [
    found(cluster, name).status.phase,
    found(cluster, name).status.containerStatuses?.[0]?.state?.terminated?.exitCode ?? 0,
  ]
  assert.deepEqual(
    [ending('good'), ending('bad')],
    [
      ['Succeeded', 0],
      ['Failed', 2],
    ],
  )
  assert.deepEqual(said(cluster, 'good'), [
    'Scheduled: Successfully assigned default/good to node-0',
    'Pulling: Pulling image "registry.example/app:1"',
    'Pulled: Successfully pulled image "registry.example/app:1" in 1s (1s including waiting). Image size: 5000000 bytes.',
    'Created: Container created',
    'Started: Container started',
  ])
})

test('init containers run one after the other before the others start', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 22 })
  const annotations = { 'simulated.k8ts.dev/runSeconds.first': '5', 'simulated.k8ts.dev/runSeconds.second': '5' }
  const initContainers = ['first', 'second'].map((name) => ({ name, image: 'app:1' }))
  await cluster.client.create(pods, pod('slow', { annotations, spec: { containers: [{ name: 'main', image: 'app:1' }], initContainers } }))
  await cluster.advance(4 * SECOND)
  const running = () =>
    [...(found(cluster, 'slow').status.initContainerStatuses ?? []), ...(found(cluster, 'slow').status.containerStatuses ?? [])].map((s) =>
      Object.keys(s.state ?? {}).join(),
    )
  assert.deepEqual(running(), ['running', 'waiting', 'waiting'])
  await cluster.advance(5 * SECOND)
  assert.deepEqual(running(), ['terminated', 'running', 'waiting'])
  await cluster.advance(5 * SECOND)
  assert.deepEqual(running(), ['terminated', 'terminated', 'running'])
  assert.equal(isReady(found(cluster, 'slow')), true)
})

test('a container that fails its liveness probe is restarted', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 23 })
  const livenessProbe = { exec: { command: ['check'] }, periodSeconds: 2, failureThreshold: 3 }
  await cluster.client.create(
    pods,
    pod('ill', {
      annotations: { 'simulated.k8ts.dev/live': 'false' },
      spec: { containers: [{ name: 'main', image: 'app:1', livenessProbe }] },
    }),
  )
  await cluster.until(() => (found(cluster, 'ill').status.containerStatuses?.[0]?.restartCount ?? 0) === 1, 60 * SECOND)
  assert.ok(
    said(cluster, 'ill').includes('Killing: Container main failed liveness probe, will be restarted'),
    said(cluster, 'ill').join('\n'),
  )
})

test('a Service reaches the ready pods only, and follows them', async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 24 })
  await cluster.client.create(services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  const readinessProbe = { exec: { command: ['check'] }, initialDelaySeconds: 5, periodSeconds: 1 }
  await cluster.client.create(
    deployments,
    deployment('web', 3, { spec: { containers: [{ name: 'main', image: 'app:1', readinessProbe }] } }),
  )
  const endpoints = () =>
    cluster
      .lister(endpointSlices)
      .list('default')
      .filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === 'web')
      .flatMap((s) => s.endpoints ?? [])
  await cluster.advance(4 * SECOND)
  assert.deepEqual(
    endpoints().map((e) => e.conditions?.ready),
    [false, false, false],
  )
  await cluster.until(() => podsOf(cluster, 'web').filter(isReady).length === 3, 30 * SECOND)
  await cluster.advance(SECOND)
  assert.deepEqual(
    endpoints()
      .map((e) => [e.addresses[0]!, e.nodeName, e.conditions?.ready])
      .toSorted(),
    podsOf(cluster, 'web')
      .map((p) => [p.status.podIP, p.spec.nodeName, true])
      .toSorted(),
  )
  await cluster.client.patch(deployments, { namespace: 'default', name: 'web' }, 'application/merge-patch+json', { spec: { replicas: 0 } })
  await cluster.advance(5 * SECOND)
  assert.deepEqual(endpoints(), [])
})
