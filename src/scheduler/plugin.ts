/** What a scheduling plugin is: prepared once for a pod, then asked node by node. */

import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { Snapshot } from './snapshot.ts'

/** The plugin has nothing to say about this pod. */
export const skip: unique symbol = Symbol('skip')

/**
 * A refusal. `resolvable` says that evicting pods from the node could lift it. Reasons are counted in the message users
 * see, so plugins share constant refusals.
 */
export interface Reject {
  readonly reject: true
  readonly reasons: readonly string[]
  readonly resolvable: boolean
}

export function reject(reason: string, resolvable: boolean): Reject {
  return { reject: true, reasons: [reason], resolvable }
}

export function isReject(value: unknown): value is Reject {
  return typeof value === 'object' && value !== null && (value as { reject?: unknown }).reject === true
}

/** Something that happened in the cluster and may make a waiting pod schedulable. */
export type ClusterChange =
  | {
      readonly kind: 'NodeAdded' | 'NodeAllocatableChanged' | 'NodeLabelsChanged' | 'NodeTaintsChanged' | 'NodeUnschedulableChanged'
      readonly node: NodeInfo
    }
  | { readonly kind: 'PodAssigned' | 'PodLabelsChanged' | 'PodRequestsReduced' | 'PodDeleted'; readonly pod: PodInfo }
  | { readonly kind: 'NamespaceChanged' }

/** A change after which a pod this plugin refused is worth another try; `helps` looks closer. */
export interface ClusterEvent {
  readonly kind: ClusterChange['kind']
  readonly helps?: (pod: PodInfo, change: ClusterChange) => boolean
}

export interface Plugin<S = never> {
  readonly name: string
  readonly retryOn: readonly ClusterEvent[]
  /** Refuses pods that must not enter the queue yet. */
  preEnqueue?(pod: PodInfo): Reject | undefined
  /** A `Reject` refuses every node at once. */
  prepare(pod: PodInfo, snapshot: Snapshot): S | typeof skip | Reject
  /** Names of the only nodes that can pass, when a look at the pod tells. */
  only?(state: S): ReadonlySet<string> | undefined
  filter?(state: S, pod: PodInfo, node: NodeInfo): Reject | undefined
  /** Called once before `score` with the nodes that passed; false when all scores would be equal. */
  prepareScore?(state: S, pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): boolean
  score?(state: S, pod: PodInfo, node: NodeInfo): number
  /** Brings raw scores into 0 to 100, in place. */
  normalize?(state: S, nodes: readonly NodeInfo[], scores: Float64Array): void
  /** A copy of the state that `change` may modify. A plugin whose state counts pods has both. */
  copy?(state: S): S
  /** Says that `other` came to (1) or left (-1) the node, as in trying out a preemption. */
  change?(state: S, pod: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1): void
  /** Sets something aside once the node is chosen; the answer undoes it when binding fails. */
  reserve?(state: S, pod: PodInfo, node: NodeInfo): (() => void) | void
}

/** A plugin of any state, as lists hold it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyPlugin = Plugin<any>

export interface WeightedPlugin {
  readonly plugin: AnyPlugin
  readonly weight: number
}

export const SCORE_MAX = 100

/** Scales scores so that the highest becomes `SCORE_MAX`; reversed when a high raw score is bad. */
export function normalizeToHighest(scores: Float64Array, reversed: boolean): void {
  let highest = 0
  for (const s of scores) if (s > highest) highest = s
  for (let i = 0; i < scores.length; i++) {
    const scaled = highest === 0 ? 0 : Math.trunc((SCORE_MAX * scores[i]!) / highest)
    scores[i] = reversed ? SCORE_MAX - scaled : scaled
  }
}
