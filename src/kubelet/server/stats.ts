/** What pods and the node use: the summary API and the resource metrics that metrics-server reads. */

import type { Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { ContainerStats, Runtime } from '#runtime/runtime.ts'
import { LABEL_CONTAINER, LABEL_POD_UID } from '../pod/pod-view.ts'

export interface StatsParts {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly nodeName: string
  readonly pods: () => readonly Pod[]
  /** The whole node's use; absent where there is no machine. */
  readonly node?: () => { readonly cpuNanoseconds: number; readonly memoryBytes: number; readonly availableBytes: number }
}

export interface Stats {
  summary(): Promise<object>
  /** Prometheus text. */
  resourceMetrics(): Promise<string>
}

export function createStats(parts: StatsParts): Stats {
  const before = new Map<string, { readonly at: number; readonly nanoseconds: number }>()

  /** The rate since the last look; 0 at the first. */
  function nanoCores(id: string, at: number, nanoseconds: number): number {
    const last = before.get(id)
    if (last === undefined || at - last.at > 1_000) before.set(id, { at, nanoseconds })
    return last === undefined || at <= last.at ? 0 : Math.max(0, Math.round(((nanoseconds - last.nanoseconds) / (at - last.at)) * 1000))
  }

  async function byPod(): Promise<readonly { readonly pod: Pod; readonly containers: readonly ContainerStats[] }[]> {
    const stats = await parts.runtime.stats()
    const ids = new Set(stats.map((s) => s.id))
    for (const id of before.keys()) if (id !== 'node' && !ids.has(id)) before.delete(id)
    return parts.pods().map((pod) => ({ pod, containers: stats.filter((s) => s.labels[LABEL_POD_UID] === pod.metadata.uid) }))
  }

  return {
    async summary() {
      const now = timestamp(parts.clock.now())
      const node = parts.node?.()
      const cpu = (id: string, at: number, nanoseconds: number) => ({
        time: timestamp(at),
        usageNanoCores: nanoCores(id, at, nanoseconds),
        usageCoreNanoSeconds: nanoseconds,
      })
      return {
        node: {
          nodeName: parts.nodeName,
          startTime: now,
          ...(node && {
            cpu: cpu('node', parts.clock.now(), node.cpuNanoseconds),
            memory: { time: now, availableBytes: node.availableBytes, usageBytes: node.memoryBytes, workingSetBytes: node.memoryBytes },
          }),
        },
        pods: (await byPod()).map(({ pod, containers }) => ({
          podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
          startTime: pod.status.startTime ?? null,
          containers: containers.map((c) => ({
            name: c.labels[LABEL_CONTAINER] ?? c.name,
            startTime: pod.status.startTime ?? null,
            cpu: cpu(c.id, c.at, c.cpuNanoseconds),
            memory: {
              time: timestamp(c.at),
              usageBytes: c.usageBytes,
              workingSetBytes: c.workingSetBytes,
              rssBytes: c.rssBytes,
              pageFaults: c.pageFaults,
              majorPageFaults: c.majorPageFaults,
            },
            rootfs: { time: timestamp(c.at), usedBytes: c.writableLayerBytes, inodesUsed: c.writableLayerInodes },
          })),
          cpu: {
            time: now,
            usageNanoCores: containers.reduce((sum, c) => sum + nanoCores(c.id, c.at, c.cpuNanoseconds), 0),
            usageCoreNanoSeconds: containers.reduce((sum, c) => sum + c.cpuNanoseconds, 0),
          },
          memory: {
            time: now,
            usageBytes: containers.reduce((sum, c) => sum + c.usageBytes, 0),
            workingSetBytes: containers.reduce((sum, c) => sum + c.workingSetBytes, 0),
          },
        })),
      }
    },
    async resourceMetrics() {
      const cpu: string[] = []
      const memory: string[] = []
      const podCpu: string[] = []
      const podMemory: string[] = []
      for (const { pod, containers } of await byPod()) {
        const place = `namespace="${pod.metadata.namespace}",pod="${pod.metadata.name}"`
        for (const c of containers) {
          const labels = `{container="${c.labels[LABEL_CONTAINER] ?? c.name}",${place}}`
          cpu.push(`container_cpu_usage_seconds_total${labels} ${c.cpuNanoseconds / 1e9} ${Math.round(c.at)}`)
          memory.push(`container_memory_working_set_bytes${labels} ${c.workingSetBytes} ${Math.round(c.at)}`)
        }
        if (containers.length === 0) continue
        const at = Math.round(containers[0]!.at)
        podCpu.push(`pod_cpu_usage_seconds_total{${place}} ${containers.reduce((sum, c) => sum + c.cpuNanoseconds, 0) / 1e9} ${at}`)
        podMemory.push(`pod_memory_working_set_bytes{${place}} ${containers.reduce((sum, c) => sum + c.workingSetBytes, 0)} ${at}`)
      }
      const node = parts.node?.()
      const now = Math.round(parts.clock.now())
      const family = (name: string, type: string, help: string, lines: readonly string[]) =>
        lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines]
      return [
        ...family(
          'container_cpu_usage_seconds_total',
          'counter',
          '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
          cpu,
        ),
        ...family('container_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the container in bytes', memory),
        ...(node === undefined
          ? []
          : [
              ...family('node_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the node in core-seconds', [
                `node_cpu_usage_seconds_total ${node.cpuNanoseconds / 1e9} ${now}`,
              ]),
              ...family('node_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the node in bytes', [
                `node_memory_working_set_bytes ${node.memoryBytes} ${now}`,
              ]),
            ]),
        ...family('pod_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the pod in core-seconds', podCpu),
        ...family('pod_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the pod in bytes', podMemory),
        ...family('resource_scrape_error', 'gauge', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [
          'resource_scrape_error 0',
        ]),
        '',
      ].join('\n')
    },
  }
}
