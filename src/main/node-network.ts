/** A node's network: kernel switches, the CNI configuration once its pod addresses are known, and routes to the other nodes. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodes } from '#api/core/v1/node.ts'
import type { Informers } from '#client/informer.ts'
import type { Log } from '#base/log.ts'
import { systemClock } from '#base/clock.ts'
import { cniConflist, nodeSysctls } from '#network/cni.ts'
import { runRoutes } from '#network/run-routes.ts'
import { run } from './environment.ts'

export interface NodeNetworkParts {
  readonly informers: Informers
  readonly nodeName: string
  /** Everything of the network lies below. */
  readonly directory: string
  /** Sees its own node alone, as a kubelet's credentials allow: there are no routes to others then. */
  readonly alone?: boolean
  readonly log: Log
}

export const CNI_BINARIES = ['/usr/lib/cni', '/opt/cni/bin']
const BRIDGE = 'cni0'

/** What forwarding and Services need of the kernel; what it does not have is left out. */
export async function prepareKernel(): Promise<void> {
  for (const name of ['br_netfilter', 'nf_conntrack', 'overlay']) await run({ program: 'modprobe', words: ['-q', name], mayFail: true })
  for (const s of [...nodeSysctls, 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']) {
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
export async function keepNetwork(parts: NodeNetworkParts, signal: AbortSignal): Promise<void> {
  const { informers, nodeName, directory, log } = parts
  const informer = informers.for(nodes, parts.alone === true ? { fieldSelector: `metadata.name=${nodeName}` } : undefined)
  let subnet = ''
  using _ = informer.subscribe(() => {
    const own = informer.get(nodeName)?.spec.podCIDR
    if (own === undefined || own === subnet) return
    subnet = own
    const file = join(cniDirectory(directory), '10-k8ts.conflist')
    writeFileSync(`${file}.new`, cniConflist({ bridge: BRIDGE, subnet: own, dataDir: join(directory, 'addresses'), networkName: 'k8ts' }))
    renameSync(`${file}.new`, file)
    log.info('pod network configured', { subnet: own })
  })
  await runRoutes(
    {
      informers,
      clock: systemClock,
      log,
      nodeName,
      run: async (input) => void (await run({ program: 'ip', words: ['-batch', '-'], input })),
    },
    signal,
  )
}
