/** Keeps a node's routes to the other nodes' pods in step with the Nodes there are. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Informers } from '#client/informer.ts'
import { planRoutes, type NodeRoute } from './routes.ts'

export interface RoutesParts {
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  /** Feeds lines to `ip -batch -`; rejects with its error text. */
  readonly run: (lines: string) => Promise<void>
}

const RETRY_MS = 1000
const GATHER_MS = 20 // nodes come in bunches when a cluster starts

/** Runs until `signal` aborts. Routes stay: pods go on talking while the agent restarts. */
export async function runRoutes(parts: RoutesParts, signal: AbortSignal): Promise<void> {
  const { clock, log, nodeName, run } = parts
  const seen = parts.informers.for(nodes)
  let wake = () => {}
  let changed = true
  let present: readonly NodeRoute[] = []
  using _ = seen.subscribe(() => {
    changed = true
    wake()
  })
  const stop = () => wake()
  signal.addEventListener('abort', stop)
  parts.informers.start(signal)
  try {
    await parts.informers.synced(signal)
    while (!signal.aborted) {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
      wake = () => {}
      await sleep(clock, GATHER_MS, signal)
      changed = false
      const wanted = seen.list().flatMap((n) => routeTo(n, nodeName))
      const lines = planRoutes(wanted, present)
      if (lines.length === 0) continue
      try {
        await run(`${lines.join('\n')}\n`)
        present = wanted
        log.info('routes to other nodes changed', { lines })
      } catch (error) {
        log.error('routes not changed; trying again', { error: String(error) })
        changed = true
        await sleep(clock, RETRY_MS, signal)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function routeTo(node: Node, self: string): readonly NodeRoute[] {
  const subnet = node.spec.podCIDR
  const via = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address
  return node.metadata.name === self || !subnet || !via ? [] : [{ subnet, via }]
}
