/** Cluster DNS: answers for the cluster's own names from informers and forwards the rest. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Informers } from '#client/informer.ts'

export interface DnsParts {
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  /** Where UDP and TCP are answered. */
  readonly listen: readonly Address[]
  /** Resolvers that other names are forwarded to, tried in order. */
  readonly upstreams: readonly Address[]
  /** `cluster.local` when absent. */
  readonly clusterDomain?: string
  /** Called once all listeners are bound and the informers have synced. */
  readonly onReady?: () => void
}

export interface Address {
  readonly address: string
  readonly port: number
}

/** Serves until `signal` aborts; rejects when an address cannot be bound. */
export function runDns(parts: DnsParts, signal: AbortSignal): Promise<void> {
  void signal
  throw new Error(`not written yet: ${parts.listen.length}`)
}
