/** All containers of a pod, each with its path. */

import type { Container } from './container.ts'
import type { PodSpec } from './pod.ts'

export interface PlacedContainer {
  readonly container: Container
  /** Such as `spec.initContainers[0]`. */
  readonly at: string
}

/** Init containers come first, ephemeral ones last. */
export function containersOf(spec: PodSpec, path: string): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    ((spec[list] ?? []) as readonly Container[]).map((container, index) => ({ container, at: `${path}.${list}[${index}]` })),
  )
}
