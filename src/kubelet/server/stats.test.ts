import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { VirtualClock } from '#base/clock.ts'
import type { ContainerStats, Runtime } from '#runtime/runtime.ts'
import type { ViewedContainer } from '../pod/pod-view.ts'
import type { GroupUsage } from '../resources/group-usage.ts'
import { createStats } from './stats.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { containers: [] },
  status: { startTime: '2026-01-01T00:00:00Z' },
} as unknown as Pod
const group: GroupUsage = {
  cpuNanoseconds: 3e9,
  userNanoseconds: 2e9,
  systemNanoseconds: 1e9,
  periods: 5,
  throttledPeriods: 1,
  throttledNanoseconds: 1e8,
  usageBytes: 3000,
  workingSetBytes: 2000,
  rssBytes: 1000,
  cacheBytes: 500,
  swapBytes: 0,
  pageFaults: 7,
  majorPageFaults: 1,
  limitBytes: 10_000,
  processes: 2,
}

function stats(clock: VirtualClock, nanoseconds: () => number) {
  const one = (id: string): ContainerStats => ({
    id,
    name: 'app',
    labels: { 'io.kubernetes.pod.uid': 'u1', 'io.kubernetes.container.name': 'app' },
    at: clock.now(),
    cpuNanoseconds: nanoseconds(),
    workingSetBytes: 20,
    usageBytes: 30,
    rssBytes: 10,
    pageFaults: 4,
    majorPageFaults: 0,
    writableLayerBytes: 100,
    writableLayerInodes: 3,
  })
  const disk = { availableBytes: 60, capacityBytes: 100, usedBytes: 40, inodesFree: 6, inodes: 10, inodesUsed: 4 }
  const eth0 = { name: 'eth0', rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8 }
  return createStats({
    runtime: {
      stats: async () => [one('old'), one('new')],
      images: { filesystem: async () => ({ path: '/images', usedBytes: 9, inodesUsed: 1 }) },
    } as unknown as Runtime,
    clock,
    nodeName: 'n1',
    pods: () => [pod],
    containers: () => [
      { id: 'new', createdAt: START + 1, startedAt: START + 1000, logPath: '/logs/app/1.log', image: 'web:1' } as ViewedContainer,
      { id: 'old', createdAt: START, startedAt: START, logPath: '/logs/app/0.log', image: 'web:1' } as ViewedContainer,
    ],
    machine: {
      usage: { group: () => group, network: () => [eth0] },
      disk: {
        filesystem: async () => disk,
        folder: async (path) => (path === '/logs/app' ? { ...disk, usedBytes: 11, inodesUsed: 2 } : undefined),
      },
      groupOf: () => 'kubepods/podu1',
      podsGroup: 'kubepods',
      rootDirectory: '/nonexistent',
      cpus: 2,
      memoryBytes: 100_000,
      startedAt: START,
      kernelVersion: '6',
      osImage: 'os',
    },
  })
}

test('a pod is shown with its group, its network, its files and the life of its container that runs', async () => {
  const clock = new VirtualClock(START)
  let used = 1e9
  const seen = stats(clock, () => used)
  await seen.summary()
  await clock.advance(2000)
  used = 2e9
  const { pods } = (await seen.summary()) as { readonly pods: readonly object[] }
  const time = '2026-01-01T00:00:02Z'
  const eth0 = { name: 'eth0', rxBytes: 1, rxErrors: 3, txBytes: 5, txErrors: 7 }
  const room = { availableBytes: 60, capacityBytes: 100, inodesFree: 6, inodes: 10 }
  deepEqual(pods, [
    {
      podRef: { name: 'web', namespace: 'shop', uid: 'u1' },
      startTime: '2026-01-01T00:00:00Z',
      containers: [
        {
          name: 'app',
          startTime: '2026-01-01T00:00:01Z',
          cpu: { time, usageNanoCores: 500_000_000, usageCoreNanoSeconds: 2e9 },
          memory: { time, availableBytes: 9980, usageBytes: 30, workingSetBytes: 20, rssBytes: 10, pageFaults: 4, majorPageFaults: 0 },
          rootfs: { time, ...room, usedBytes: 100, inodesUsed: 3 },
          logs: { time, ...room, usedBytes: 11, inodesUsed: 2 },
        },
      ],
      cpu: { time, usageNanoCores: 0, usageCoreNanoSeconds: 3e9 },
      memory: { time, availableBytes: 8000, usageBytes: 3000, workingSetBytes: 2000, rssBytes: 1000, pageFaults: 7, majorPageFaults: 1 },
      network: { time, ...eth0, interfaces: [eth0] },
      'ephemeral-storage': { time, ...room, usedBytes: 111, inodesUsed: 5 },
      process_stats: { process_count: 2 },
      swap: { time, swapUsageBytes: 0 },
    },
  ])
})

test('series carry the labels by which they are told apart', async () => {
  const seen = stats(new VirtualClock(START), () => 1e9)
  const lines = (await seen.cadvisorMetrics()).split('\n')
  deepEqual(
    lines.filter(
      (l) => l.startsWith('container_cpu_usage_seconds_total{container="app"') || l.startsWith('container_network_receive_bytes_total'),
    ),
    [
      `container_cpu_usage_seconds_total{container="app",cpu="total",id="/kubepods/podu1/new",image="web:1",name="new",namespace="shop",pod="web"} 3 ${START}`,
      `container_network_receive_bytes_total{container="",id="/",image="",interface="eth0",name="",namespace="",pod=""} 1 ${START}`,
      `container_network_receive_bytes_total{container="",id="/kubepods/podu1",image="",interface="eth0",name="",namespace="shop",pod="web"} 1 ${START}`,
    ],
  )
})
