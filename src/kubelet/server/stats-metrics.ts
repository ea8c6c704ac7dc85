/** What the node and its pods use, as metrics: `/metrics/resource`, which metrics-server reads, and `/metrics/cadvisor`. */

import { join } from 'node:path'
import type { GroupUsage, InterfaceUsage } from '../resources/group-usage.ts'
import { prometheusText, type Family, type Sample } from './prometheus.ts'
import type { MachineParts, PodUse, Use } from './stats.ts'

const SECOND = 1e9 // nanoseconds

export function resourceMetrics({ at, node, pods }: Use): string {
  const containers = pods.flatMap((p) => p.containers.map((c) => ({ ...c, labels: { container: c.name, ...placeOf(p) }, at: c.stats.at })))
  const whole = pods
    .filter((p) => p.containers.length > 0)
    .map((p) => {
      const sum = (of: (stats: (typeof p.containers)[number]['stats']) => number) => p.containers.reduce((all, c) => all + of(c.stats), 0)
      const cpuNanoseconds = p.group?.cpuNanoseconds ?? sum((s) => s.cpuNanoseconds)
      const workingSetBytes = p.group?.workingSetBytes ?? sum((s) => s.workingSetBytes)
      return { labels: placeOf(p), cpuNanoseconds, workingSetBytes, swapBytes: p.group?.swapBytes, at }
    })
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name,
    type: 'counter',
    help: `[STABLE] ${help}`,
    samples,
  })
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name,
    type: 'gauge',
    help: `[STABLE] ${help}`,
    samples,
  })
  return prometheusText([
    counter(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the container in core-seconds',
      containers.map(({ labels, stats }) => ({ labels, value: stats.cpuNanoseconds / SECOND, at: stats.at })),
    ),
    gauge(
      'container_memory_working_set_bytes',
      'Current working set of the container in bytes',
      containers.map(({ labels, stats }) => ({ labels, value: stats.workingSetBytes, at: stats.at })),
    ),
    gauge(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds',
      containers.flatMap(({ labels, view }) => (view === undefined ? [] : [{ labels, value: view.startedAt / 1000 }])),
    ),
    counter(
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      whole.map((p) => ({ labels: p.labels, value: p.cpuNanoseconds / SECOND, at: p.at })),
    ),
    gauge(
      'pod_memory_working_set_bytes',
      'Current working set of the pod in bytes',
      whole.map((p) => ({ labels: p.labels, value: p.workingSetBytes, at: p.at })),
    ),
    gauge(
      'pod_swap_usage_bytes',
      'Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
      whole.flatMap((p) => (p.swapBytes === undefined ? [] : [{ labels: p.labels, value: p.swapBytes, at: p.at }])),
    ),
    ...(node === undefined
      ? []
      : [
          counter('node_cpu_usage_seconds_total', 'Cumulative cpu time consumed by the node in core-seconds', [
            { value: node.cpuNanoseconds / SECOND, at },
          ]),
          gauge('node_memory_working_set_bytes', 'Current working set of the node in bytes', [{ value: node.workingSetBytes, at }]),
          gauge('node_swap_usage_bytes', 'Current swap usage of the node in bytes. Reported only on non-windows systems', [
            { value: node.swapBytes, at },
          ]),
        ]),
    gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [{ value: 0 }]),
  ])
}

function placeOf({ pod }: PodUse): Readonly<Record<string, string>> {
  return { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name }
}

interface Counted {
  readonly labels: Readonly<Record<string, string>>
  readonly group: GroupUsage
  readonly startedAt?: number
}

interface Series {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly more?: Readonly<Record<string, string>>
  readonly value: (counted: Counted) => number | undefined
}

const MS = 1000
const GROUP_SERIES: readonly Series[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed in seconds.',
    more: { cpu: 'total' },
    value: ({ group }) => group.cpuNanoseconds / SECOND,
  },
  {
    name: 'container_cpu_user_seconds_total',
    type: 'counter',
    help: 'Cumulative user cpu time consumed in seconds.',
    value: ({ group }) => group.userNanoseconds / SECOND,
  },
  {
    name: 'container_cpu_system_seconds_total',
    type: 'counter',
    help: 'Cumulative system cpu time consumed in seconds.',
    value: ({ group }) => group.systemNanoseconds / SECOND,
  },
  {
    name: 'container_cpu_cfs_periods_total',
    type: 'counter',
    help: 'Number of elapsed enforcement period intervals.',
    value: ({ group }) => (group.cpuQuota === undefined ? undefined : group.periods),
  },
  {
    name: 'container_cpu_cfs_throttled_periods_total',
    type: 'counter',
    help: 'Number of throttled period intervals.',
    value: ({ group }) => (group.cpuQuota === undefined ? undefined : group.throttledPeriods),
  },
  {
    name: 'container_cpu_cfs_throttled_seconds_total',
    type: 'counter',
    help: 'Total time duration the container has been throttled.',
    value: ({ group }) => (group.cpuQuota === undefined ? undefined : group.throttledNanoseconds / SECOND),
  },
  { name: 'container_memory_cache', type: 'gauge', help: 'Number of bytes of page cache memory.', value: ({ group }) => group.cacheBytes },
  { name: 'container_memory_rss', type: 'gauge', help: 'Size of RSS in bytes.', value: ({ group }) => group.rssBytes },
  { name: 'container_memory_swap', type: 'gauge', help: 'Container swap usage in bytes.', value: ({ group }) => group.swapBytes },
  {
    name: 'container_memory_usage_bytes',
    type: 'gauge',
    help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
    value: ({ group }) => group.usageBytes,
  },
  {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set in bytes.',
    value: ({ group }) => group.workingSetBytes,
  },
  {
    name: 'container_processes',
    type: 'gauge',
    help: 'Number of processes running inside the container.',
    value: ({ group }) => group.processes,
  },
  {
    name: 'container_spec_cpu_shares',
    type: 'gauge',
    help: 'CPU share of the container.',
    value: ({ group }) => group.cpuShares,
  },
  { name: 'container_spec_cpu_quota', type: 'gauge', help: 'CPU quota of the container.', value: ({ group }) => group.cpuQuota },
  { name: 'container_spec_cpu_period', type: 'gauge', help: 'CPU period of the container.', value: ({ group }) => group.cpuPeriod },
  {
    name: 'container_spec_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory limit for the container.',
    value: ({ group }) => group.limitBytes ?? 0,
  },
  {
    name: 'container_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the container since unix epoch in seconds.',
    value: ({ startedAt }) => (startedAt === undefined ? undefined : startedAt / MS),
  },
]

const NETWORK_SERIES: readonly { readonly name: string; readonly help: string; readonly value: (i: InterfaceUsage) => number }[] = [
  { name: 'receive_bytes', help: 'Cumulative count of bytes received', value: (i) => i.rxBytes },
  { name: 'receive_errors', help: 'Cumulative count of errors encountered while receiving', value: (i) => i.rxErrors },
  { name: 'receive_packets', help: 'Cumulative count of packets received', value: (i) => i.rxPackets },
  { name: 'receive_packets_dropped', help: 'Cumulative count of packets dropped while receiving', value: (i) => i.rxDropped },
  { name: 'transmit_bytes', help: 'Cumulative count of bytes transmitted', value: (i) => i.txBytes },
  { name: 'transmit_errors', help: 'Cumulative count of errors encountered while transmitting', value: (i) => i.txErrors },
  { name: 'transmit_packets', help: 'Cumulative count of packets transmitted', value: (i) => i.txPackets },
  { name: 'transmit_packets_dropped', help: 'Cumulative count of packets dropped while transmitting', value: (i) => i.txDropped },
]

/** Every group from the topmost to the containers', with upstream's labels. */
export function cadvisorMetrics(use: Use, machine: MachineParts | undefined): string {
  if (machine === undefined) return prometheusText([])
  const { usage, podsGroup } = machine
  const none = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }
  const classes = [podsGroup, join(podsGroup, 'burstable'), join(podsGroup, 'besteffort')]
  const groups: readonly Counted[] = [
    ...(use.node === undefined ? [] : [{ labels: none, group: use.node, startedAt: machine.startedAt }]),
    ...classes.flatMap((id) => counted({ ...none, id: absolute(id) }, usage.group(id))),
    ...use.pods.flatMap((p) => [
      ...counted({ ...none, id: absolute(p.path), ...placeOf(p) }, p.group),
      ...p.containers.flatMap((c) => {
        const path = join(p.path, c.stats.id)
        const labels = { container: c.name, id: absolute(path), image: c.view?.image ?? '', name: c.stats.id, ...placeOf(p) }
        return counted(labels, usage.group(path), c.view?.startedAt)
      }),
    ]),
  ]
  const networks = [
    { labels: none, interfaces: use.network },
    ...use.pods.map((p) => ({ labels: { ...none, id: absolute(p.path), ...placeOf(p) }, interfaces: p.network })),
  ]
  return prometheusText([
    ...GROUP_SERIES.map(({ name, type, help, more, value }) => ({
      name,
      type,
      help,
      samples: groups.flatMap((g): readonly Sample[] => {
        const number = value(g)
        return number === undefined ? [] : [{ labels: { ...g.labels, ...more }, value: number, at: use.at }]
      }),
    })),
    {
      name: 'container_last_seen',
      type: 'gauge' as const,
      help: 'Last time a container was seen by the exporter',
      samples: groups.map(({ labels }) => ({ labels, value: Math.floor(use.at / MS), at: use.at })),
    },
    ...NETWORK_SERIES.map(({ name, help, value }) => ({
      name: `container_network_${name}_total`,
      type: 'counter' as const,
      help,
      samples: networks.flatMap(({ labels, interfaces }) =>
        interfaces.map((i) => ({ labels: { ...labels, interface: i.name }, value: value(i), at: use.at })),
      ),
    })),
    {
      name: 'container_scrape_error',
      type: 'gauge',
      help: '1 if there was an error while getting container metrics, 0 otherwise',
      samples: [{ value: 0 }],
    },
    { name: 'machine_cpu_cores', type: 'gauge', help: 'Number of logical CPU cores.', samples: [{ value: machine.cpus }] },
    {
      name: 'machine_memory_bytes',
      type: 'gauge',
      help: 'Amount of memory installed on the machine.',
      samples: [{ value: machine.memoryBytes }],
    },
    {
      name: 'cadvisor_version_info',
      type: 'gauge',
      help: "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
      samples: [
        {
          labels: {
            cadvisorRevision: '',
            cadvisorVersion: '',
            dockerVersion: '',
            kernelVersion: machine.kernelVersion,
            osVersion: machine.osImage,
          },
          value: 1,
        },
      ],
    },
  ])
}

function counted(labels: Readonly<Record<string, string>>, group: GroupUsage | undefined, startedAt?: number): readonly Counted[] {
  return group === undefined ? [] : [{ labels, group, ...(startedAt !== undefined && { startedAt }) }]
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}
