/** PrioritySort: the order of the queue, higher priority first, then the longer waiting. */

import type { PodInfo } from '../pod-info.ts'

export interface Waiting {
  readonly info: PodInfo
  /** When it entered the queue this time. */
  readonly since: number
  /** Breaks ties between pods that entered at the same millisecond. */
  readonly order: number
}

export function prioritySort(a: Waiting, b: Waiting): number {
  return b.info.priority - a.info.priority || a.since - b.since || a.order - b.order
}
