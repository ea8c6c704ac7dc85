/** Gives each node a range of pod addresses out of the cluster's. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { event, nothing, patch, type Controller } from './controller.ts'

export interface NodeIpamOptions {
  /** IPv4, such as `10.244.0.0/16`. */
  readonly clusterCidr: string
  /** Prefix length of a node's range. */
  readonly nodeMask?: number
}

export interface NodeRange {
  readonly node: Node
  /** The range reserved for it; undefined when the cluster's is used up. */
  readonly range: string | undefined
}

const NODE_MASK = 24 // upstream's default for IPv4: 254 pods a node

/** The state it keeps is which range is whose, so that two nodes that come at once never get the same. */
export function nodeIpamController({ clusterCidr, nodeMask = NODE_MASK }: NodeIpamOptions): Controller<NodeRange> {
  const ranges = openRanges(clusterCidr, nodeMask)
  return {
    name: 'node-ipam',
    primary: nodes,
    watches: [],
    read(key, cache) {
      // What nodes already hold is taken before anything is given away
      if (ranges.empty) for (const n of cache.of(nodes).list()) if (n.spec.podCIDR) ranges.take(n.spec.podCIDR, n.metadata.name)
      const node = cache.get(nodes, key)
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) {
        if (node === undefined) ranges.release(key)
        return undefined
      }
      if (node.spec.podCIDR) ranges.take(node.spec.podCIDR, key)
      return { node, range: node.spec.podCIDR || ranges.reserve(key) }
    },
    decide({ node, range }) {
      if (node.spec.podCIDR) return nothing
      if (range === undefined)
        return {
          actions: [event(node, 'Normal', 'CIDRNotAvailable', `Node ${node.metadata.name} status is now: CIDRNotAvailable`)],
          requeueAfterMs: RETRY_MS,
        }
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR: range, podCIDRs: [range] } }
      return { actions: [patch(nodes, node, 'application/strategic-merge-patch+json', body)] }
    },
  }
}

const RETRY_MS = 10_000 // another node may have gone

interface Ranges {
  readonly empty: boolean
  take(range: string, node: string): void
  reserve(node: string): string | undefined
  release(node: string): void
}

/** Hands ranges out in turn, coming back to released ones only after the rest, as upstream does. */
export function openRanges(clusterCidr: string, nodeMask: number): Ranges {
  const [address, mask] = clusterCidr.split('/')
  const octets = address!.split('.').map(Number)
  const prefix = Number(mask)
  const valid = octets.length === 4 && octets.every((o) => Number.isInteger(o) && o >= 0 && o <= 255)
  if (!valid || !(prefix >= 0 && prefix <= nodeMask && nodeMask <= 32))
    throw new Error(`cannot divide ${clusterCidr} into ranges of /${nodeMask}`)
  const size = 2 ** (32 - nodeMask)
  const span = 2 ** (32 - prefix)
  const given = octets.reduce((sum, o) => sum * 256 + o, 0)
  const base = given - (given % span)
  const count = span / size
  const owners = new Map<string, string>()
  const byNode = new Map<string, string>()
  let next = 0
  const text = (i: number) => {
    const at = base + i * size
    return `${Math.floor(at / 2 ** 24)}.${Math.floor(at / 2 ** 16) % 256}.${Math.floor(at / 256) % 256}.${at % 256}/${nodeMask}`
  }
  return {
    get empty() {
      return owners.size === 0
    },
    take(range, node) {
      const reserved = byNode.get(node)
      if (reserved !== undefined && reserved !== range && owners.get(reserved) === node) owners.delete(reserved)
      owners.set(range, node)
      byNode.set(node, range)
    },
    reserve(node) {
      const held = byNode.get(node)
      if (held !== undefined) return held
      for (let tried = 0; tried < count && owners.size < count; tried++) {
        const range = text(next)
        next = (next + 1) % count
        if (owners.has(range)) continue
        owners.set(range, node)
        byNode.set(node, range)
        return range
      }
      return undefined
    },
    release(node) {
      const held = byNode.get(node)
      byNode.delete(node)
      if (held !== undefined && owners.get(held) === node) owners.delete(held)
    },
  }
}
