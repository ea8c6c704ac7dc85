/** The kubelet of a node as a process part: a real machine below it, its HTTPS server and its health port. */

import { mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import { claimReaders, runKubelet, type KubeletState } from '#kubelet/kubelet.ts'
import { nodeDisk } from '#kubelet/node/node-disk.ts'
import { readMachine } from '#kubelet/node/machine.ts'
import { cgroups, PODS_GROUP } from '#kubelet/resources/cgroups.ts'
import { diskReader } from '#kubelet/resources/disk-usage.ts'
import { usageReader } from '#kubelet/resources/group-usage.ts'
import { createAuthorizer } from '#kubelet/server/authorize.ts'
import { kubeletConfiguration } from '#kubelet/server/configuration.ts'
import { HEALTH_PORT, serveHealth, serveKubelet } from '#kubelet/server/server.ts'
import { createStats } from '#kubelet/server/stats.ts'
import { diskVolumes } from '#kubelet/volumes/pod-volumes.ts'
import type { Runtime } from '#runtime/runtime.ts'
import type { Connected } from './connect.ts'
import { explainListen } from './plain-server.ts'

export interface NodeKubeletParts extends Pick<Connected, 'client' | 'informers'> {
  readonly log: Log
  readonly runtime: Runtime
  readonly nodeName: string
  readonly nodeAddress: string
  /** Below it lie pods' volumes and logs. */
  readonly root: string
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  readonly maxPods: number
  readonly port: number
  readonly address?: string
  readonly health?: { readonly port: number; readonly address: string }
  readonly tls: { readonly key: string; readonly certificate: string; readonly clientCa: string }
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly providerId?: string
}

/** Runs until `signal` aborts; pods go on running. Rejects when a port cannot be had. */
export async function runNodeKubelet(parts: NodeKubeletParts, signal: AbortSignal): Promise<void> {
  const { client, log, runtime, nodeName, root, port } = parts
  const kubeletDirectory = join(root, 'kubelet')
  mkdirSync(kubeletDirectory, { recursive: true })
  const logDirectory = join(root, 'logs')
  const machine = readMachine(kubeletDirectory)
  const groups = cgroups()
  let state: KubeletState | undefined
  await using _health = await serveHealth({
    ...parts.health,
    healthy: () => (state === undefined ? 'the kubelet has not started' : undefined),
  }).catch(explainListen)
  const serving = Promise.withResolvers<AsyncDisposable>()
  const failed = new AbortController()
  serving.promise.catch((error: unknown) => failed.abort(error))
  const loop = runKubelet(
    {
      ...parts,
      clock: systemClock,
      random: systemRandom,
      log: log.with({ component: 'kubelet' }),
      nodeAddresses: [parts.nodeAddress],
      machine,
      volumes: diskVolumes({ rootDirectory: kubeletDirectory, clock: systemClock, ...claimReaders(client) }),
      cgroups: groups,
      disk: nodeDisk({ rootDirectory: kubeletDirectory, logDirectory, log }),
      serverPort: port,
    },
    AbortSignal.any([signal, failed.signal]),
    (s) => {
      state = s
      const stats = createStats({
        runtime,
        clock: systemClock,
        nodeName,
        pods: () => s.pods(),
        containers: ({ metadata }) => s.worker(metadata.namespace ?? '', metadata.name)?.view.containers ?? [],
        machine: {
          ...machine,
          usage: usageReader(),
          disk: diskReader(systemClock),
          groupOf: (pod) => groups.parentOf(pod),
          podsGroup: PODS_GROUP,
          rootDirectory: kubeletDirectory,
        },
      })
      const configuration = () =>
        kubeletConfiguration({
          ...parts,
          address: parts.address ?? '0.0.0.0',
          healthPort: parts.health?.port ?? HEALTH_PORT,
          healthAddress: parts.health?.address ?? '127.0.0.1',
          podCidr: s.node()?.spec.podCIDR,
          taints: parts.taints ?? [],
          providerId: parts.providerId,
          logDirectory,
        })
      const authorizer = createAuthorizer({ client, clock: systemClock, nodeName })
      const address = parts.address === undefined ? {} : { address: parts.address }
      serving.resolve(
        serveKubelet({ state: s, authorizer, stats, configuration, clock: systemClock, log, tls: parts.tls, port, ...address }).catch(
          explainListen,
        ),
      )
    },
  )
  try {
    await loop
    if (failed.signal.aborted) throw failed.signal.reason
  } finally {
    if (state !== undefined) await serving.promise.then((server) => server[Symbol.asyncDispose]()).catch(() => {})
  }
}

export function firstAddress(): string {
  for (const list of Object.values(networkInterfaces()))
    for (const a of list ?? []) if (!a.internal && a.family === 'IPv4') return a.address
  return '127.0.0.1'
}
