import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { createScheduler } from './scheduler.ts'
import { node, pod, TestCluster } from './test-cluster.ts'

async function started(prepare: (cluster: TestCluster) => void = () => {}) {
  const cluster = new TestCluster()
  const clock = new VirtualClock()
  prepare(cluster)
  const stop = new AbortController()
  const scheduler = createScheduler({
    client: cluster.client,
    informers: cluster.informers,
    clock,
    random: seededRandom(1),
    log: silentLog,
    host: 'h',
  })
  const running = scheduler.run(stop.signal)
  await clock.advance(0)
  return {
    cluster,
    clock,
    scheduler,
    nodeOf: (name: string) => cluster.of(pods).objects.get(`default/${name}`)?.spec.nodeName,
    condition: (name: string) =>
      cluster
        .of(pods)
        .objects.get(`default/${name}`)
        ?.status?.conditions?.find((c) => c.type === 'PodScheduled'),
    notes: () =>
      cluster.written.flatMap((w) => (w.resource === 'events' && w.verb === 'create' ? [(w.body as { note: string }).note] : [])),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

test('a pod that fits is bound, and an event says where', async () => {
  await using s = await started((c) => {
    c.of(nodes).put(node('node-1'))
    c.of(pods).put(pod('web', { cpu: '1' }))
  })
  equal(s.nodeOf('web'), 'node-1')
  deepEqual(s.notes(), ['Successfully assigned default/web to node-1'])
  const event = s.cluster.written.find((w) => w.resource === 'events')!.body as Record<string, unknown>
  equal(event['reportingController'], 'default-scheduler')
  equal(event['reportingInstance'], 'default-scheduler-h')
  equal(event['action'], 'Binding')
  equal(s.scheduler.explain('default/web')?.node, 'node-1')
})

test('without nodes a pod waits until one comes', async () => {
  await using s = await started((c) => c.of(pods).put(pod('web')))
  deepEqual(s.notes(), ['no nodes available to schedule pods'])
  equal(s.condition('web')?.message, 'no nodes available to schedule pods')
  s.cluster.of(nodes).put(node('node-1'))
  await s.clock.advance(2000)
  equal(s.nodeOf('web'), 'node-1')
})

test('a pod that fits nowhere is told why, reasons counted and sorted', async () => {
  const taints = [{ key: 'key', value: 'value', effect: 'NoSchedule' as const }]
  await using s = await started((c) => {
    c.of(nodes).put(node('a', { taints }))
    c.of(nodes).put(node('b', { taints }))
    c.of(nodes).put(node('c'))
    c.of(pods).put(pod('holder', { cpu: '3' }, { nodeName: 'c' }))
    c.of(pods).put(pod('web', { cpu: '2' }))
  })
  const message =
    '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). ' +
    'no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.'
  deepEqual(s.notes(), [message])
  deepEqual(s.condition('web'), {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastProbeTime: null,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  deepEqual(
    [...s.scheduler.explain('default/web')!.refused],
    [
      ['a', { plugin: 'TaintToleration', reasons: ['node(s) had untolerated taint(s)'] }],
      ['b', { plugin: 'TaintToleration', reasons: ['node(s) had untolerated taint(s)'] }],
      ['c', { plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'] }],
    ],
  )
})

test('a refused pod is tried again when a change may help, and not before', async () => {
  await using s = await started((c) => {
    c.of(nodes).put(node('a'))
    c.of(pods).put(pod('holder', { cpu: '3' }, { nodeName: 'a' }))
    c.of(pods).put(pod('web', { cpu: '2' }))
  })
  s.cluster.of(nodes).put(node('a', {}, { color: 'blue' })) // does not help: it lacked cpu
  await s.clock.advance(5000)
  equal(s.cluster.written.filter((w) => w.resource === 'events').length, 1)
  s.cluster.of(pods).delete('default/holder')
  await s.clock.advance(0)
  equal(s.nodeOf('web'), 'a')
})

test('a failed binding gives the room back and is tried again after a back-off', async () => {
  let failures = 1
  await using s = await started((c) => {
    c.onBind = () => {
      if (failures-- > 0) throw new Error('connection refused')
    }
    c.of(nodes).put(node('a', {}, {}, { cpu: '1' }))
    c.of(pods).put(pod('web', { cpu: '1' }))
  })
  equal(s.nodeOf('web'), undefined)
  equal(s.condition('web')?.reason, 'SchedulerError')
  equal(s.condition('web')?.message, 'binding rejected: running Bind plugin "DefaultBinder": connection refused')
  await s.clock.advance(999)
  equal(s.nodeOf('web'), undefined)
  await s.clock.advance(1)
  equal(s.nodeOf('web'), 'a')
})

test('a pod with scheduling gates waits for them to go', async () => {
  const gated = pod('web', {}, { schedulingGates: [{ name: 'g' }] })
  await using s = await started((c) => {
    c.of(nodes).put(node('a'))
    c.of(pods).put(gated)
  })
  equal(s.nodeOf('web'), undefined)
  deepEqual(s.notes(), [])
  s.cluster.of(pods).put({ ...gated, spec: { ...gated.spec, schedulingGates: [] } })
  await s.clock.advance(0)
  equal(s.nodeOf('web'), 'a')
})

test('a pod of higher priority evicts the least that makes room', async () => {
  await using s = await started((c) => {
    c.of(nodes).put(node('a'))
    c.of(pods).put(pod('low', { cpu: '2' }, { nodeName: 'a', priority: 1 }))
    c.of(pods).put(pod('mid', { cpu: '2' }, { nodeName: 'a', priority: 2 }))
    c.of(pods).put(pod('high', { cpu: '2' }, { priority: 10 }))
  })
  await s.clock.advance(1000)
  deepEqual(
    s.cluster.written.filter((w) => w.verb === 'delete').map((w) => w.name),
    ['low'],
  )
  equal(s.nodeOf('high'), 'a')
  equal(s.notes()[0], '0/1 nodes are available: 1 Insufficient cpu.')
})

test('higher priority goes first', async () => {
  await using s = await started((c) => {
    c.of(nodes).put(node('a', {}, {}, { cpu: '1' }))
    c.of(pods).put(pod('low', { cpu: '1' }, { priority: 1 }))
    c.of(pods).put(pod('high', { cpu: '1' }, { priority: 2 }))
  })
  equal(s.nodeOf('high'), 'a')
  equal(s.nodeOf('low'), undefined)
})
