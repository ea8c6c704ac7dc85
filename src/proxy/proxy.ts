/** kube-proxy: keeps the kernel's Service rules equal to what Services and EndpointSlices say. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'

export interface ProxyParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  /** The nftables table, one per cluster and network namespace; `kube-proxy` by default, as upstream's. */
  readonly table?: string
  /** Pod addresses of the whole cluster: what comes from elsewhere is masqueraded. */
  readonly clusterCidr?: string
  /** Feeds a script to `nft -f -`; rejects with its error text. */
  readonly run: (nftInput: string) => Promise<void>
  /** Runs `conntrack` with these words; absent means stale UDP flows stay. */
  readonly conntrack?: (words: readonly string[]) => Promise<void>
  /** Listens on the health check node ports of Services; absent means they are not served. */
  readonly serveHealthCheck?: (port: number, answer: () => HttpAnswer) => AsyncDisposable
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Proxy {
  /** Keeps the rules in step until `signal` aborts; they stay in place afterwards, so that Services outlive the proxy. */
  run(signal: AbortSignal): Promise<void>
  /** Answers GET on the health port, 10256: `/healthz` and `/livez`. */
  health(path: string): HttpAnswer
  /** Answers GET on the metrics port, 10249: `/proxyMode`, `/healthz`, `/metrics`. */
  metrics(path: string): HttpAnswer
}

/** Runs until `signal` aborts. */
export function runProxy(parts: ProxyParts, signal: AbortSignal): Promise<void> {
  return createProxy(parts).run(signal)
}

export function createProxy(parts: ProxyParts): Proxy {
  throw new Error(`not written yet: ${parts.nodeName}`)
}

/** The script that removes all rules of a table, whether or not it exists: `kube-proxy --cleanup`. */
export function cleanupScript(table = 'kube-proxy'): string {
  return `table ip ${table} {}\ndelete table ip ${table}\n`
}
