/** Measures the scheduler alone: 10 000 pods over 5 000 nodes, in process, against a client that answers at once. */

import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { runScheduler } from '#scheduler/scheduler.ts'
import type { Figure } from './figures.ts'
import { node, pod, TestCluster } from '#scheduler/test-cluster.ts'

const NODES = 5000
const BUDGETS = { basic: 2000, 'required pod affinity': 400 } // pods per second

export async function benchScheduler(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const rate = await podsPerSecond(name === 'basic')
    figures.push({
      what: `scheduler, ${NODES} nodes, in process, ${name}`,
      measured: `${rate} pods/s`,
      budget: `${budget} pods/s`,
      met: rate >= budget,
    })
  }
  return figures
}

async function podsPerSecond(basic: boolean): Promise<number> {
  const cluster = new TestCluster()
  const count = basic ? 10_000 : 2000
  for (let i = 0; i < NODES; i++)
    cluster.of(nodes).put(node(`node-${i}`, {}, { 'topology.kubernetes.io/zone': `zone-${i % 10}` }, { cpu: '32', memory: '64Gi' }))
  const affinity = {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'a' } }, topologyKey: 'topology.kubernetes.io/zone' },
      ],
    },
  }
  for (let i = 0; i < count; i++)
    cluster.of(pods).put(pod(`pod-${i}`, { cpu: '100m', memory: '128Mi' }, basic ? {} : { affinity }, { labels: { app: 'a' } }))
  const stop = new AbortController()
  let bound = 0
  const started = systemClock.monotonic()
  const running = runScheduler(
    { client: cluster.client, informers: cluster.informers, clock: systemClock, random: seededRandom(1), log: silentLog },
    stop.signal,
  )
  cluster.of(pods).subscribers.add(({ object }) => {
    if (object.spec.nodeName && ++bound === count) stop.abort()
  })
  await running
  const seconds = (systemClock.monotonic() - started) / 1000
  return Math.round(bound / seconds)
}
