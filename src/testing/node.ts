/** One simulated node of a test cluster: a kubelet over a runtime in memory. */

import { nodes } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/create-informers.ts'
import { runKubelet } from '#kubelet/kubelet.ts'
import { simulatedMachine } from '#kubelet/node/machine.ts'
import { simulatedRuntime, type SimulatedOptions, type SimulatedRuntime } from '#runtime/simulated/simulated-runtime.ts'
import type { TestCluster } from './cluster.ts'

export interface NodeOptions {
  readonly name?: string
  readonly cpus?: number
  readonly memoryBytes?: number
  readonly maxPods?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  /** What the node's runtime does; pods say it for themselves by annotations. */
  readonly runtime?: Omit<SimulatedOptions, 'clock' | 'podCidr'>
}

export interface TestNode {
  readonly name: string
  readonly runtime: SimulatedRuntime
  /** Ends the kubelet as a power cut does: nothing is reported any more. */
  stop(): void
  /** Starts a stopped kubelet again; what its runtime runs is still there. */
  start(): void
  /** Ready, and free of the taint that new nodes carry until then. */
  isReady(cluster: Pick<TestCluster, 'lister'>): boolean
}

export interface NodeParts {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly name: string
  /** Makes its addresses. */
  readonly index: number
  readonly services: () => readonly Service[]
  /** Takes the loop, so that its failure is noticed. */
  readonly keep: (loop: Promise<unknown>) => void
}

const NOT_READY = 'node.kubernetes.io/not-ready'

export function startNode(parts: NodeParts, options: NodeOptions): TestNode {
  const { clock, name, index } = parts
  const runtime = simulatedRuntime({ ...options.runtime, clock, podCidr: `10.244.${index % 256}.0/24` })
  let running: AbortController | undefined
  const node: TestNode = {
    name,
    runtime,
    stop() {
      running?.abort(new Error('the kubelet stops'))
      running = undefined
    },
    start() {
      if (running !== undefined) return
      running = new AbortController()
      const { signal } = running
      const loop = runKubelet(
        {
          ...parts,
          runtime,
          informers: createInformers(parts),
          nodeName: name,
          nodeAddresses: [`10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`],
          machine: simulatedMachine(name, options),
          ...(options.labels !== undefined && { labels: options.labels }),
          ...(options.taints !== undefined && { taints: options.taints }),
          ...(options.maxPods !== undefined && { maxPods: options.maxPods }),
        },
        signal,
      )
      parts.keep(loop.catch((error: unknown) => void (signal.aborted || Promise.reject(error))))
    },
    isReady(cluster) {
      const object = cluster.lister(nodes).get(name)
      const ready = object?.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
      return ready && !object.spec.taints?.some((t) => t.key === NOT_READY)
    },
  }
  node.start()
  return node
}
