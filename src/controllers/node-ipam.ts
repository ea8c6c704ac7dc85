/** Node IPAM: gives each node its part of the cluster's pod addresses. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { nothing, patch, event, type Controller } from './controller.ts'

interface Snapshot {
  readonly node: Node
  readonly taken: ReadonlySet<string>
}

/** `clusterCidr` like `10.244.0.0/16`; each node gets a subnet of `maskSize` bits (24), lowest free first. */
export function nodeIpamController(clusterCidr: string, maskSize = 24): Controller<Snapshot> {
  const pool = subnets(clusterCidr, maskSize)
  return {
    name: 'node-ipam',
    primary: nodes,
    watches: [],
    workers: 1, // two nodes must not be given the same subnet
    async read(key, cache, live) {
      const node = cache.get(nodes, key)
      if (node === undefined || node.spec.podCIDR || node.metadata.deletionTimestamp !== undefined) return undefined
      const all = (await live.list(nodes)).items
      return { node, taken: new Set(all.flatMap((n) => n.spec.podCIDRs ?? (n.spec.podCIDR ? [n.spec.podCIDR] : []))) }
    },
    decide({ node, taken }) {
      for (const subnet of pool())
        if (!taken.has(subnet))
          return {
            actions: [patch(nodes, node, 'application/strategic-merge-patch+json', { spec: { podCIDR: subnet, podCIDRs: [subnet] } })],
          }
      return taken.size === 0
        ? nothing
        : { actions: [event(node, 'Normal', 'CIDRNotAvailable', `Node ${node.metadata.name} status is now: CIDRNotAvailable`)] }
    },
  }
}

function subnets(cidr: string, maskSize: number): () => Iterable<string> {
  const [address, bits] = cidr.split('/') as [string, string]
  const base = address.split('.').reduce((n, part) => n * 256 + Number(part), 0)
  const count = 2 ** (maskSize - Number(bits))
  const step = 2 ** (32 - maskSize)
  return function* () {
    for (let i = 0; i < count; i++) {
      const n = base + i * step
      yield `${(n >>> 24) & 255}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}/${maskSize}`
    }
  }
}
