/** The scheduler against the API server in one process: what it writes must pass admission, validation and the store. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { events } from '#api/events/v1/event.ts'
import { nodes } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { priorityClasses } from '#api/scheduling/v1/priority-class.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { openApi } from '#apiserver/api.ts'
import { alwaysAllow } from '#apiserver/authorization/union.ts'
import { createHandler } from '#apiserver/filters/handler.ts'
import { inProcessTransport } from '#apiserver/server/in-process.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import { createScheduler } from '#scheduler/scheduler.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'

async function started() {
  const clock = systemClock
  const random = seededRandom(1)
  const failures: unknown[] = []
  const log = { ...silentLog, warn: (...all: unknown[]) => void failures.push(all), error: (...all: unknown[]) => void failures.push(all) }
  const store = openMemoryStore({ clock })
  const api = await openApi({ store, clock, random, log, advertised: { address: '192.0.2.1', port: 6443 } })
  const user = { username: 'system:kube-scheduler', uid: '', groups: ['system:authenticated'], extra: {} }
  const handler = createHandler({
    api,
    authenticator: { authenticate: async () => ({ type: 'user', user }) } as never,
    authorizer: alwaysAllow,
    clock,
    random,
    log,
  })
  const client = createClient(inProcessTransport(handler, user))
  const informers = createInformers({ client, clock, random, log })
  const stop = new AbortController()
  const scheduler = createScheduler({ client, informers, clock, random, log, host: 'h' })
  await client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'default' } })
  const running = scheduler.run(stop.signal)
  return {
    client,
    failures,
    async node(name: string, cpu = '4') {
      const status = { allocatable: { cpu, memory: '8Gi', pods: '110' }, capacity: { cpu, memory: '8Gi', pods: '110' } }
      const made = await client.create(nodes, { metadata: { name }, spec: {}, status } as never)
      await client.update(nodes, { ...made, status } as never, { subresource: 'status' })
      const untainted = await client.get(nodes, { name })
      await client.update(nodes, { ...untainted, spec: { ...untainted.spec, taints: [] } })
    },
    pod: (name: string, cpu: string, spec: Partial<Pod['spec']> = {}) =>
      client.create(pods, {
        metadata: { name, namespace: 'default' },
        spec: { containers: [{ name: 'c', image: 'app', resources: { requests: { cpu } } }], ...spec },
      } as never),
    async until(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
      for (let i = 0; ; i++) {
        const found = await client.get(pods, { namespace: 'default', name })
        if (holds(found) || i === 300) return found
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await api[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

const condition = (pod: Pod) => pod.status.conditions?.find((c) => c.type === 'PodScheduled')

test('a pod is bound through the API, with its condition and event', async () => {
  await using s = await started()
  await s.node('node-1')
  await s.pod('web', '1')
  const bound = await s.until('web', (p) => p.spec.nodeName !== undefined)
  equal(bound.spec.nodeName, 'node-1')
  equal(condition(bound)?.status, 'True')
  const { items } = await s.client.list(events, { namespace: 'default' })
  deepEqual(
    items.map((e) => [e.reason, e.note, e.reportingController, e.regarding?.name]),
    [['Scheduled', 'Successfully assigned default/web to node-1', 'default-scheduler', 'web']],
  )
  deepEqual(s.failures, [])
})

test('a pod that fits nowhere carries the reason, and goes when a node comes', async () => {
  await using s = await started()
  await s.node('node-1')
  await s.pod('big', '6')
  const refused = await s.until('big', (p) => /Insufficient/.test(condition(p)?.message ?? ''))
  equal(condition(refused)?.reason, 'Unschedulable')
  match(
    condition(refused)!.message!,
    /^0\/1 nodes are available: 1 Insufficient cpu\. no new claims to deallocate, preemption: 0\/1 nodes are available: 1 Preemption is not helpful for scheduling\.$/,
  )
  await s.node('node-2', '8')
  equal((await s.until('big', (p) => p.spec.nodeName !== undefined)).spec.nodeName, 'node-2')
  deepEqual(s.failures, [])
})

test('a pod of high priority takes the place of a lesser one', async () => {
  await using s = await started()
  await s.node('node-1')
  await s.client.create(priorityClasses, { metadata: { name: 'high' }, value: 1000 } as never)
  await s.pod('low', '3', { terminationGracePeriodSeconds: 0 })
  await s.until('low', (p) => p.spec.nodeName !== undefined)
  await s.pod('high', '3', { priorityClassName: 'high' })
  equal(
    (await s.until('high', (p) => p.spec.nodeName !== undefined || p.status.nominatedNodeName !== undefined)).status.nominatedNodeName ??
      'node-1',
    'node-1',
  )
  // No kubelet is there to end the victim, so its end is brought about here.
  const low = await s.client.get(pods, { namespace: 'default', name: 'low' }).catch(() => undefined)
  if (low !== undefined) {
    equal(low.status.conditions?.find((c) => c.type === 'DisruptionTarget')?.reason, 'PreemptionByScheduler')
    await s.client.delete(pods, { namespace: 'default', name: 'low' }, { gracePeriodSeconds: 0 })
  }
  equal((await s.until('high', (p) => p.spec.nodeName !== undefined)).spec.nodeName, 'node-1')
  deepEqual(s.failures, [])
})
