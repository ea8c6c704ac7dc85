/** ImageLocality: prefers nodes that already have the pod's large images, less so the fewer nodes have them. */

import { SCORE_MAX, skip, type Plugin } from '../plugin.ts'
import type { Snapshot } from '../snapshot.ts'

const MEGABYTE = 2 ** 20
const BYTES_MIN = 23 * MEGABYTE // smaller images are pulled in no time
const BYTES_MAX_PER_CONTAINER = 1000 * MEGABYTE

interface State {
  readonly images: readonly string[]
  readonly nodesTotal: number
  readonly snapshot: Snapshot
}

export const imageLocality: Plugin<State> = {
  name: 'ImageLocality',
  retryOn: [],
  prepare({ pod }, snapshot) {
    const images = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => normalizedName(c.image ?? ''))
    if (!images.some((name) => snapshot.nodesWithImage(name) > 0)) return skip
    return { images, nodesTotal: snapshot.nodes.length, snapshot }
  },
  score({ images, nodesTotal, snapshot }, _pod, node) {
    let sum = 0
    for (const name of images) {
      const bytes = node.images.get(name)
      if (bytes !== undefined) sum += Math.trunc((bytes * snapshot.nodesWithImage(name)) / nodesTotal)
    }
    const most = BYTES_MAX_PER_CONTAINER * images.length
    return Math.trunc((SCORE_MAX * (Math.min(Math.max(sum, BYTES_MIN), most) - BYTES_MIN)) / (most - BYTES_MIN))
  },
}

/** Nodes report names with a tag; a pod may leave out `:latest`. */
function normalizedName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name
}
