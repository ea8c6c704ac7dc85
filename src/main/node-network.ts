/** A node's network: kernel switches, the CNI configuration once its pod addresses are known, and routes to the other nodes. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodes, type Node } from '#api/core/v1/node.ts'
import type { Informers } from '#client/informer.ts'
import type { Log } from '#base/log.ts'
import { cniConflist } from '#network/cni.ts'
import { planRoutes, type NodeRoute } from '#network/routes.ts'
import { run } from './environment.ts'

export interface NodeNetworkParts {
  readonly informers: Informers
  readonly nodeName: string
  /** Everything of the network lies below. */
  readonly directory: string
  readonly log: Log
}

export const CNI_BINARIES = ['/usr/lib/cni', '/opt/cni/bin']
const BRIDGE = 'cni0'

/** What forwarding and Services need of the kernel; what it does not have is left out. */
export async function prepareKernel(): Promise<void> {
  for (const name of ['br_netfilter', 'nf_conntrack', 'overlay']) await run({ program: 'modprobe', words: ['-q', name], mayFail: true })
  // without the second, a pod that reaches itself or its neighbour through a Service would get the answer from the wrong address
  for (const s of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']) {
    await run({ program: 'sysctl', words: ['-qw', s], mayFail: true })
  }
}

/** The folder the runtime reads its CNI configuration from. */
export function cniDirectory(directory: string): string {
  const path = join(directory, 'net.d')
  mkdirSync(path, { recursive: true })
  return path
}

/** Follows the nodes until `signal` aborts. Call it before the informers start. */
export function keepNetwork(parts: NodeNetworkParts, signal: AbortSignal): void {
  const { informers, nodeName, directory, log } = parts
  const informer = informers.for(nodes)
  let subnet = ''
  let present: readonly NodeRoute[] = []
  let last: Promise<void> = Promise.resolve()

  function changed(): void {
    const own = informer.get(nodeName)?.spec.podCIDR
    if (own !== undefined && own !== subnet) {
      subnet = own
      const file = join(cniDirectory(directory), '10-k8ts.conflist')
      writeFileSync(`${file}.new`, cniConflist({ bridge: BRIDGE, subnet: own, dataDir: join(directory, 'addresses'), networkName: 'k8ts' }))
      renameSync(`${file}.new`, file)
      log.info('pod network configured', { subnet: own })
    }
    const wanted = informer.list().flatMap((n) => routeTo(n, nodeName))
    const lines = planRoutes(wanted, present)
    if (lines.length === 0) return
    present = wanted
    last = last
      .then(async () => void (await run({ program: 'ip', words: ['-force', '-batch', '-'], input: `${lines.join('\n')}\n` })))
      .catch((error: unknown) => log.warn('routes not set', { error: (error as Error).message }))
  }
  const subscription = informer.subscribe(changed)
  signal.addEventListener('abort', () => subscription[Symbol.dispose](), { once: true })
}

function routeTo(node: Node, self: string): readonly NodeRoute[] {
  const via = node.status.addresses?.find((a) => a.type === 'InternalIP')?.address
  if (node.metadata.name === self || node.spec.podCIDR === undefined || via === undefined) return []
  return [{ subnet: node.spec.podCIDR, via }]
}
