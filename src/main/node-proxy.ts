/** The service proxy of a node as a process part: kernel rules, and the two ports that tell of them. */

import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { createProxy } from '#proxy/proxy.ts'
import type { Connected } from './connect.ts'
import { run } from './environment.ts'
import { serveAnswers } from './plain-server.ts'

export interface NodeProxyParts extends Pick<Connected, 'client' | 'informers'> {
  readonly nodeName: string
  readonly clusterCidr: string
  readonly log: Log
  readonly health: Listening
  readonly metrics: Listening
}

export interface Listening {
  readonly host: string
  readonly port: number
}

/** Upstream's ports: health for load balancers from everywhere, metrics for this machine alone. */
export const PROXY_PORTS = { health: { host: '0.0.0.0', port: 10256 }, metrics: { host: '127.0.0.1', port: 10249 } } as const

/** Feeds a script to nftables; rejects with its error text. */
export const runNft = async (input: string): Promise<void> => void (await run({ program: 'nft', words: ['-f', '-'], input }))

/** Runs until `signal` aborts; Services go on working afterwards. */
export async function runNodeProxy(parts: NodeProxyParts, signal: AbortSignal): Promise<void> {
  const { health, metrics } = parts
  const proxy = createProxy({
    ...parts,
    clock: systemClock,
    log: parts.log.with({ component: 'kube-proxy' }),
    run: runNft,
    conntrack: async (words) => void (await run({ program: 'conntrack', words, mayFail: true })),
  })
  await using _health = await serveAnswers(health.port, health.host, (path) => proxy.health(path))
  await using _metrics = await serveAnswers(metrics.port, metrics.host, (path) => proxy.metrics(path))
  await proxy.run(signal)
}
