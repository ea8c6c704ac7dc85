/** TTL: tells each node's kubelet how long it may keep Secrets and ConfigMaps it has read; the larger the cluster, the longer. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { nothing, patch, type Controller } from './controller.ts'

const ANNOTATION = 'node.alpha.kubernetes.io/ttl'

/** Sizes overlap, so that a cluster at a border does not change its mind with every node. */
const STEPS = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: 10_000, seconds: 300 },
  { from: 9000, to: Infinity, seconds: 600 },
] as const

export function ttlController(): Controller<{ readonly node: Node; readonly seconds: number }> {
  let step = 0
  return {
    name: 'ttl',
    primary: nodes,
    watches: [],
    read(key, cache) {
      step = stepFor(cache.of(nodes).list().length, step)
      const node = cache.get(nodes, key)
      return node && { node, seconds: STEPS[step]!.seconds }
    },
    decide({ node, seconds }) {
      if (node.metadata.annotations?.[ANNOTATION] === String(seconds)) return nothing
      const metadata = { annotations: { [ANNOTATION]: String(seconds) } }
      return { actions: [patch(nodes, node, 'application/strategic-merge-patch+json', { metadata })] }
    },
  }
}

/** The step of a cluster of `count` nodes that was at `step` before. */
export function stepFor(count: number, step: number): number {
  while (count > STEPS[step]!.to) step++
  while (count < STEPS[step]!.from) step--
  return step
}
