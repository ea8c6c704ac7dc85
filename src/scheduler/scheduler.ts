/** The scheduler: watches for pods without a node, decides where each goes, and binds it there. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import type { Informers, Key } from '#client/informer.ts'

export interface SchedulerParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** `spec.schedulerName`s served; `default-scheduler` when absent. */
  readonly profiles?: readonly { readonly schedulerName: string }[]
  /** Ends `reportingInstance` of events: the host's name. */
  readonly host?: string
}

/** Runs until `signal` aborts. */
export function runScheduler(parts: SchedulerParts, signal: AbortSignal): Promise<void> {
  return createScheduler(parts).run(signal)
}

export interface Scheduler {
  run(signal: AbortSignal): Promise<void>
  /** What the last attempt at this pod found, node by node. */
  explain(pod: Key): Explanation | undefined
}

export interface Explanation {
  readonly at: number
  readonly outcome: 'scheduled' | 'unschedulable' | 'error'
  readonly node?: string
  readonly message: string
  /** Why each refused node was refused, by node name. */
  readonly refused: ReadonlyMap<string, { readonly plugin: string; readonly reasons: readonly string[] }>
  /** Weighted scores of the feasible nodes, by node name then plugin. */
  readonly scores: ReadonlyMap<string, Readonly<Record<string, number>>>
}

export function createScheduler(parts: SchedulerParts): Scheduler {
  throw new Error(`not written yet: ${parts.host ?? ''}`)
}
