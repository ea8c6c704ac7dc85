/** The DNS of a node as a process part: answers on the node's address, and says so in an EndpointSlice of the DNS Service. */

import { existsSync, readFileSync } from 'node:fs'
import { nodes } from '#api/core/v1/node.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices, type EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { runDns } from '#network/dns/dns.ts'
import type { Address } from '#network/dns/forward.ts'
import type { Draft } from '#schema/resource.ts'
import { DNS_SERVICE } from './cluster-dns.ts'

const DNS_PORT = 53
const RETRY_MS = 250 // a new node waits for this with everything else

export interface NodeDnsParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  readonly address: string
  readonly clusterDomain: string
}

/** Serves until `signal` aborts. */
export async function runNodeDns(parts: NodeDnsParts, signal: AbortSignal): Promise<void> {
  const { informers, clock, log, address, clusterDomain } = parts
  const listen = [{ address, port: DNS_PORT }]
  await runDns(
    { informers, clock, log, listen, upstreams: upstreamResolvers(), clusterDomain, onReady: () => void announce(parts, signal) },
    signal,
  )
}

/** Keeps trying until the slice stands: the Service may not be there yet. */
async function announce(parts: NodeDnsParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await putSlice(parts)
    } catch (error) {
      parts.log.debug('DNS endpoint not written yet', { error: (error as Error).message })
      await sleep(parts.clock, RETRY_MS, signal).catch(() => {})
    }
  }
}

async function putSlice({ client, nodeName, address }: NodeDnsParts): Promise<void> {
  const node = await client.get(nodes, { name: nodeName })
  await client.list(services, { namespace: 'kube-system', limit: 1 })
  const ref = { namespace: 'kube-system', name: `${DNS_SERVICE}-${nodeName}` }
  const slice = {
    metadata: {
      ...ref,
      labels: { 'kubernetes.io/service-name': DNS_SERVICE, 'endpointslice.kubernetes.io/managed-by': 'k8ts-dns' },
      // the slice goes with its node
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid }],
    },
    addressType: 'IPv4' as const,
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false }, nodeName }],
    ports: [
      { name: 'dns', port: DNS_PORT, protocol: 'UDP' as const },
      { name: 'dns-tcp', port: DNS_PORT, protocol: 'TCP' as const },
    ],
  }
  try {
    await client.create(endpointSlices, slice as unknown as Draft<EndpointSlice>)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
    const old = await client.get(endpointSlices, ref)
    await client.update(endpointSlices, { ...old, ...slice, metadata: { ...old.metadata, ...slice.metadata } } as EndpointSlice)
  }
}

const RESOLV_CONFS = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'] // the first names the real servers where the second names a local stub

/** The machine's resolvers, loopback ones left out: a node in a network of its own cannot reach them. */
function upstreamResolvers(): readonly Address[] {
  for (const file of RESOLV_CONFS) {
    if (!existsSync(file)) continue
    const servers = [...readFileSync(file, 'utf8').matchAll(/^nameserver\s+(\S+)/gm)]
      .map((m) => m[1]!)
      .filter((a) => !a.startsWith('127.') && a !== '::1')
    if (servers.length > 0) return servers.map((server) => ({ address: server, port: DNS_PORT }))
  }
  return []
}
