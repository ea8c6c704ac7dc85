/** What the node and its pods use: one look at the runtime and the kernel, and the summary API made of it. */

import { dirname, join } from 'node:path'
import { readdirSync } from 'node:fs'
import type { Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Clock, type Instant } from '#base/clock.ts'
import type { ContainerStats, Runtime } from '#runtime/runtime.ts'
import { LABEL_CONTAINER, LABEL_POD_UID, type ViewedContainer } from '../pod/pod-view.ts'
import type { DiskReader, FilesystemUsage } from '../resources/disk-usage.ts'
import type { GroupUsage, InterfaceUsage, UsageReader } from '../resources/group-usage.ts'
import { cadvisorMetrics, resourceMetrics } from './stats-metrics.ts'

export interface StatsParts {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly nodeName: string
  readonly pods: () => readonly Pod[]
  /** The runtime's word on a pod's containers, newest first. */
  readonly containers?: (pod: Pod) => readonly ViewedContainer[]
  /** Absent where there is no machine. */
  readonly machine?: MachineParts
}

export interface MachineParts {
  readonly usage: UsageReader
  readonly disk: DiskReader
  readonly groupOf: (pod: Pod) => string
  /** The group all pods lie in. */
  readonly podsGroup: string
  /** Below it lie the pods' volumes. */
  readonly rootDirectory: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly pids?: number
  readonly startedAt: Instant
  readonly kernelVersion: string
  readonly osImage: string
}

export interface Stats {
  summary(): Promise<object>
  /** Prometheus text. */
  resourceMetrics(): Promise<string>
  cadvisorMetrics(): Promise<string>
}

export interface Use {
  readonly at: Instant
  readonly node: GroupUsage | undefined
  readonly network: readonly InterfaceUsage[]
  readonly pods: readonly PodUse[]
}

export interface PodUse {
  readonly pod: Pod
  /** Of the whole pod: the kernel's count, or the containers' together where there is no group. */
  readonly group: GroupUsage | undefined
  readonly path: string
  /** Empty for pods on the node's network. */
  readonly network: readonly InterfaceUsage[]
  readonly containers: readonly ContainerUse[]
}

export interface ContainerUse {
  readonly name: string
  readonly stats: ContainerStats
  readonly view: ViewedContainer | undefined
}

export function createStats(parts: StatsParts): Stats {
  const { runtime, clock, machine } = parts
  const before = new Map<string, { readonly at: number; readonly nanoseconds: number }>()

  /** The rate since the last look; 0 at the first. */
  function nanoCores(id: string, at: number, nanoseconds: number): number {
    const last = before.get(id)
    if (last === undefined || at - last.at > 1_000) before.set(id, { at, nanoseconds })
    return last === undefined || at <= last.at ? 0 : Math.max(0, Math.round(((nanoseconds - last.nanoseconds) / (at - last.at)) * 1000))
  }

  async function look(): Promise<Use> {
    const stats = await runtime.stats()
    const pods = parts.pods()
    const live = new Set([...stats.map((s) => s.id), ...pods.map((p) => p.metadata.uid)])
    for (const id of before.keys()) if (!id.startsWith('/') && !live.has(id)) before.delete(id)
    return {
      at: clock.now(),
      node: machine?.usage.group('/'),
      network: machine?.usage.network() ?? [],
      pods: pods.map((pod) => podUse(pod, stats)),
    }
  }

  function podUse(pod: Pod, stats: readonly ContainerStats[]): PodUse {
    const views = parts.containers?.(pod) ?? []
    const path = machine?.groupOf(pod) ?? ''
    const containers = new Map<string, ContainerUse>()
    for (const s of stats) {
      if (s.labels[LABEL_POD_UID] !== pod.metadata.uid) continue
      const name = s.labels[LABEL_CONTAINER] ?? s.name
      const view = views.find((v) => v.id === s.id)
      const other = containers.get(name)
      // of a container that was started again only the life that runs
      if (other === undefined || (view?.createdAt ?? 0) > (other.view?.createdAt ?? 0)) containers.set(name, { name, stats: s, view })
    }
    return {
      pod,
      path,
      group: machine?.usage.group(path),
      network: machine === undefined || pod.spec.hostNetwork === true ? [] : machine.usage.network(path),
      containers: [...containers.values()],
    }
  }

  const cpu = (id: string, at: Instant, nanoseconds: number) => ({
    time: timestamp(at),
    usageNanoCores: nanoCores(id, at, nanoseconds),
    usageCoreNanoSeconds: nanoseconds,
  })

  async function nodeSummary(use: Use, m: MachineParts, imageUse: FilesystemUsage | undefined): Promise<object> {
    const pods = m.usage.group(m.podsGroup)
    const time = timestamp(use.at)
    const own = process.cpuUsage()
    return {
      nodeName: parts.nodeName,
      systemContainers: [
        {
          name: 'kubelet',
          startTime: timestamp(use.at - process.uptime() * 1000),
          cpu: cpu('/kubelet', use.at, (own.user + own.system) * 1000),
          memory: {
            time,
            usageBytes: process.memoryUsage.rss(),
            workingSetBytes: process.memoryUsage.rss(),
            rssBytes: process.memoryUsage.rss(),
          },
        },
        ...(pods === undefined
          ? []
          : [
              {
                name: 'pods',
                startTime: timestamp(m.startedAt),
                cpu: cpu('/pods', use.at, pods.cpuNanoseconds),
                memory: memory(pods, use.at, pods.limitBytes ?? m.memoryBytes),
              },
            ]),
      ],
      startTime: timestamp(m.startedAt),
      ...(use.node && {
        cpu: cpu('/', use.at, use.node.cpuNanoseconds),
        memory: memory(use.node, use.at, m.memoryBytes),
        swap: { time, swapUsageBytes: use.node.swapBytes },
      }),
      network: network(use.network, use.at),
      fs: filesystem(await m.disk.filesystem(m.rootDirectory), use.at),
      runtime: { imageFs: filesystem(imageUse, use.at), containerFs: filesystem(imageUse, use.at) },
      rlimit: { time, ...(m.pids !== undefined && { maxpid: m.pids }), curproc: runningProcesses() },
    }
  }

  async function podSummary(
    { pod, group, network: interfaces, containers }: PodUse,
    at: Instant,
    rootDisk: FilesystemUsage | undefined,
  ): Promise<object> {
    const shown = await Promise.all(containers.map((c) => containerSummary(c, pod, rootDisk)))
    const volumes = await volumeStats(pod, at)
    const time = timestamp(at)
    const sum = (of: (s: ContainerStats) => number) => containers.reduce((all, c) => all + of(c.stats), 0)
    const whole = group?.cpuNanoseconds ?? sum((s) => s.cpuNanoseconds)
    const hosts = machine && (await machine.disk.folder(join(podDirectory(machine, pod), 'etc-hosts')))
    const node = machine && (await machine.disk.filesystem(machine.rootDirectory))
    const held = [
      ...shown.flatMap((c) => [c.rootfs, c.logs]),
      ...volumes.filter((v) => v.ephemeral).map((v) => v.usage),
      hosts && filesystem(hosts, at),
    ].filter((f) => f !== undefined)
    return {
      podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      startTime: pod.status.startTime ?? null,
      containers: shown,
      cpu: cpu(pod.metadata.uid, at, whole),
      memory:
        group === undefined
          ? { time, usageBytes: sum((s) => s.usageBytes), workingSetBytes: sum((s) => s.workingSetBytes) }
          : memory(group, at, group.limitBytes),
      ...(interfaces.length > 0 && { network: network(interfaces, at) }),
      ...(volumes.length > 0 && { volume: volumes.map(({ name, usage }) => ({ ...usage, name })) }),
      ...(node && {
        'ephemeral-storage': {
          ...filesystem(node, at),
          usedBytes: held.reduce((all, f) => all + f.usedBytes, 0),
          inodesUsed: held.reduce((all, f) => all + f.inodesUsed, 0),
        },
      }),
      ...(group && { process_stats: { process_count: group.processes }, swap: { time, swapUsageBytes: group.swapBytes } }),
    }
  }

  async function containerSummary({ name, stats: c, view }: ContainerUse, pod: Pod, rootDisk: FilesystemUsage | undefined) {
    const logs = machine && view !== undefined && view.logPath !== '' ? await machine.disk.folder(dirname(view.logPath)) : undefined
    const time = timestamp(c.at)
    const limit = machine?.usage.group(join(machine.groupOf(pod), c.id))?.limitBytes
    return {
      name,
      startTime: view === undefined ? (pod.status.startTime ?? null) : timestamp(view.startedAt),
      cpu: cpu(c.id, c.at, c.cpuNanoseconds),
      memory: {
        time,
        ...(limit !== undefined && { availableBytes: Math.max(0, limit - c.workingSetBytes) }),
        usageBytes: c.usageBytes,
        workingSetBytes: c.workingSetBytes,
        rssBytes: c.rssBytes,
        pageFaults: c.pageFaults,
        majorPageFaults: c.majorPageFaults,
      },
      rootfs: {
        time,
        ...(rootDisk && {
          availableBytes: rootDisk.availableBytes,
          capacityBytes: rootDisk.capacityBytes,
          inodesFree: rootDisk.inodesFree,
          inodes: rootDisk.inodes,
        }),
        usedBytes: c.writableLayerBytes,
        inodesUsed: c.writableLayerInodes,
      },
      ...(logs && { logs: filesystem(logs, c.at) }),
    }
  }

  /** Volumes the kubelet made itself. Of folders of the node that a pod uses nobody is told, as upstream does. */
  async function volumeStats(pod: Pod, at: Instant) {
    if (machine === undefined) return []
    const directory = join(podDirectory(machine, pod), 'volumes')
    const found = await Promise.all(
      names(directory).flatMap((plugin) =>
        names(join(directory, plugin)).map(async (name) => {
          const usage = await machine.disk.folder(join(directory, plugin, name))
          const volume = pod.spec.volumes?.find((v) => v.name === name)
          const ephemeral = (volume?.emptyDir !== undefined && volume.emptyDir.medium !== 'Memory') || volume?.configMap !== undefined
          return usage && { name, ephemeral, usage: filesystem(usage, at) }
        }),
      ),
    )
    return found.filter((v) => v !== undefined)
  }

  return {
    async summary() {
      const use = await look()
      const images = await runtime.images.filesystem()
      const imageDisk = await machine?.disk.filesystem(images.path)
      const imageUse = imageDisk && { ...imageDisk, usedBytes: images.usedBytes, inodesUsed: images.inodesUsed }
      return {
        node:
          machine === undefined ? { nodeName: parts.nodeName, startTime: timestamp(use.at) } : await nodeSummary(use, machine, imageUse),
        pods: await Promise.all(use.pods.map((p) => podSummary(p, use.at, imageDisk))),
      }
    },
    resourceMetrics: async () => resourceMetrics(await look()),
    cadvisorMetrics: async () => cadvisorMetrics(await look(), machine),
  }
}

function podDirectory({ rootDirectory }: MachineParts, pod: Pod): string {
  return join(rootDirectory, 'pods', pod.metadata.uid)
}

function memory(group: GroupUsage, at: Instant, limitBytes: number | undefined) {
  return {
    time: timestamp(at),
    ...(limitBytes !== undefined && { availableBytes: Math.max(0, limitBytes - group.workingSetBytes) }),
    usageBytes: group.usageBytes,
    workingSetBytes: group.workingSetBytes,
    rssBytes: group.rssBytes,
    pageFaults: group.pageFaults,
    majorPageFaults: group.majorPageFaults,
  }
}

const DEFAULT_INTERFACE = 'eth0'

/** The default interface by itself, then all. */
function network(interfaces: readonly InterfaceUsage[], at: Instant) {
  const shown = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }))
  return { time: timestamp(at), ...(shown.find((i) => i.name === DEFAULT_INTERFACE) ?? { name: '' }), interfaces: shown }
}

function filesystem(usage: FilesystemUsage, at: Instant): Shown
function filesystem(usage: FilesystemUsage | undefined, at: Instant): Shown | undefined
function filesystem(usage: FilesystemUsage | undefined, at: Instant): Shown | undefined {
  return usage && { time: timestamp(at), ...usage }
}

type Shown = FilesystemUsage & { readonly time: string }

function runningProcesses(): number {
  return names('/proc').filter((name) => /^\d+$/.test(name)).length
}

function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
