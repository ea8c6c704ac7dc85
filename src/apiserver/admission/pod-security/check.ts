/** What a check of the Pod Security Standards is, and the words that all checks share. */

import type { Container } from '#api/core/v1/container.ts'
import type { PodSpec } from '#api/core/v1/pod.ts'
import type { ObjectMeta } from '#api/meta/v1/object-meta.ts'

/** What a check has against a pod: few words, and in `detail` who does it. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** The metadata and spec of a pod or a template. */
export interface PodLike {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec: PodSpec
}

export type CheckPod = (pod: PodLike) => Violation | undefined

/** How a check looked at pods from which minor version on, oldest first. */
export interface Check {
  readonly id: string
  readonly versions: readonly (readonly [fromMinor: number, check: CheckPod])[]
  /** Baseline checks that say less than this one, and are left out beside it. */
  readonly overrides?: readonly string[]
}

/** In the order in which they are told of. */
export function containersOf({ spec }: PodLike): readonly Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec
  return [...initContainers, ...containers, ...(ephemeralContainers as unknown as readonly Container[])]
}

export function quoted(names: readonly string[]): string {
  return `"${names.join('", "')}"`
}

/** Each once, in their order. */
export function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].toSorted()
}

export function plural(one: string, many: string, count: number): string {
  return count === 1 ? one : many
}

/** As in `containers "a", "b"`. */
export function namedContainers(containers: readonly Container[]): string {
  return `${plural('container', 'containers', containers.length)} ${quoted(containers.map((c) => c.name))}`
}

/** As in `pod and container "a"`; empty when nobody does. */
export function settersText(podDoes: boolean, containers: readonly Container[]): string {
  return [...(podDoes ? ['pod'] : []), ...(containers.length > 0 ? [namedContainers(containers)] : [])].join(' and ')
}
