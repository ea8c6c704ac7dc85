/** Decides what a DELETE does to one stored object: nothing yet, a mark, or its end. Pure. */

import type { DeletionOptions, Stored, Strategy } from './strategy.ts'
import { timestamp, type Instant } from '#base/clock.ts'

export type DeletionPlan =
  /** Gone at once. */
  | { readonly type: 'remove' }
  /** Stored again with a deletion time or other finalizers; whoever holds it finishes the job. */
  | { readonly type: 'mark'; readonly object: Stored }
  /** Already on its way. */
  | { readonly type: 'pending' }

export const FINALIZER_ORPHAN = 'orphan'
export const FINALIZER_FOREGROUND = 'foregroundDeletion'

export function decideDeletion(object: Stored, options: DeletionOptions, strategy: Strategy, now: Instant): DeletionPlan {
  if (strategy.markDeleted) {
    const marked = strategy.markDeleted(object, now)
    if (marked === object) return { type: 'pending' }
    if (marked !== undefined) return { type: 'mark', object: marked }
    return { type: 'remove' }
  }
  const grace = decideGrace(object, options, strategy, now)
  if (grace.type === 'pending') return { type: 'pending' }

  const finalizers = finalizersFor(object, options, strategy)
  const marked = grace.type === 'graceful' ? grace.object : object
  const next = sameFinalizers(finalizers, object) ? marked : withFinalizers(marked, finalizers)
  if (grace.type === 'none') {
    if (finalizers.length === 0) return { type: 'remove' }
    return { type: 'mark', object: markWithoutGrace(next, now) }
  }
  if (finalizers.length === 0 && grace.seconds === 0) return { type: 'remove' }
  return { type: 'mark', object: next }
}

/** Whether an object that was just written has nothing left that keeps it. */
export function endsNow(object: Stored, strategy: Strategy): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false
  if (strategy.mayGo && !strategy.mayGo(object)) return false
  return (deletionGracePeriodSeconds ?? 0) === 0
}

const DELAY_SECONDS_MAX = 9_223_372_036 // the longest duration Go knows, 292 years: what upstream can add to a time

type Grace =
  | { readonly type: 'none' }
  | { readonly type: 'pending' }
  | { readonly type: 'graceful'; readonly object: Stored; readonly seconds: number }

function decideGrace(object: Stored, options: DeletionOptions, strategy: Strategy, now: Instant): Grace {
  const { metadata } = object
  const asked = options.gracePeriodSeconds === undefined ? undefined : options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds
  const period = strategy.gracePeriod?.(
    object,
    asked === undefined ? { ...options, gracePeriodSeconds: undefined as never } : { ...options, gracePeriodSeconds: asked },
  )
  if (period === undefined) return { type: 'none' }
  if (metadata.deletionTimestamp !== undefined) {
    const left = metadata.deletionGracePeriodSeconds
    // Its grace is over: whatever kept the deletion from being finished then, it is tried again.
    if (left === undefined || left === 0) return { type: 'none' }
    // A deletion under way may only be shortened.
    if (asked === undefined || asked >= left) return { type: 'pending' }
    const at = Date.parse(metadata.deletionTimestamp) - delayMs(left) + delayMs(asked)
    return {
      type: 'graceful',
      seconds: asked,
      object: { ...object, metadata: { ...metadata, deletionTimestamp: timestamp(at), deletionGracePeriodSeconds: asked } },
    }
  }
  return {
    type: 'graceful',
    seconds: period,
    object: {
      ...object,
      metadata: {
        ...metadata,
        deletionTimestamp: timestamp(now + delayMs(period)),
        deletionGracePeriodSeconds: period,
        ...nextGeneration(object),
      },
    },
  }
}

/** How far into the future a grace period reaches; whatever the period, the instant can be written. */
function delayMs(seconds: number): number {
  return Math.min(seconds, DELAY_SECONDS_MAX) * 1000
}

/** Finalizers wait, but there is no grace to wait for besides. */
function markWithoutGrace(object: Stored, now: Instant): Stored {
  const { metadata } = object
  if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0) return object
  return {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: metadata.deletionTimestamp ?? timestamp(now),
      deletionGracePeriodSeconds: 0,
      ...(metadata.deletionTimestamp === undefined && nextGeneration(object)),
    },
  }
}

function nextGeneration(object: Stored): { generation: number } | undefined {
  const { generation } = object.metadata
  return generation === undefined || generation === 0 ? undefined : { generation: generation + 1 }
}

/** The collector's two finalizers as the options, then the object, then the kind's habit say; all others stay. */
function finalizersFor(object: Stored, options: DeletionOptions, strategy: Strategy): readonly string[] {
  const present = object.metadata.finalizers ?? []
  if (strategy.dependents === 'unsupported') return present.filter((f) => f !== FINALIZER_ORPHAN && f !== FINALIZER_FOREGROUND)
  const wanted = dependentsWanted(present, options, strategy)
  const others = present.filter((f) => f !== FINALIZER_ORPHAN && f !== FINALIZER_FOREGROUND)
  if (wanted === 'Orphan')
    return present.includes(FINALIZER_ORPHAN) && others.length + 1 === present.length ? present : [...others, FINALIZER_ORPHAN]
  if (wanted === 'Foreground')
    return present.includes(FINALIZER_FOREGROUND) && others.length + 1 === present.length ? present : [...others, FINALIZER_FOREGROUND]
  return others.length === present.length ? present : others
}

function dependentsWanted(present: readonly string[], options: DeletionOptions, strategy: Strategy): string {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'Orphan' : 'Background'
  if (options.propagationPolicy !== undefined) return options.propagationPolicy
  if (present.includes(FINALIZER_ORPHAN)) return 'Orphan'
  if (present.includes(FINALIZER_FOREGROUND)) return 'Foreground'
  return strategy.dependents === 'orphan' ? 'Orphan' : 'Background'
}

function sameFinalizers(finalizers: readonly string[], object: Stored): boolean {
  const present = object.metadata.finalizers ?? []
  return finalizers.length === present.length && finalizers.every((f, i) => f === present[i])
}

function withFinalizers(object: Stored, finalizers: readonly string[]): Stored {
  const { finalizers: _, ...metadata } = object.metadata
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } }
}
