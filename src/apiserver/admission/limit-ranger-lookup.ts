/** Finds a namespace's limit ranges for every pod that is made, nearly always without waiting. */

import type { LimitRange } from '#api/core/v1/limit-range.ts'
import type { Clock } from '#base/clock.ts'

export interface LimitRangeReads {
  /** What is known now. */
  readonly cached: (namespace: string) => readonly LimitRange[]
  /** What is there, asked anew. */
  readonly fresh: (namespace: string) => Promise<readonly LimitRange[]>
  readonly clock: Clock
}

/** Answers at once where it can. */
export type LimitRangeLookup = (namespace: string) => readonly LimitRange[] | Promise<readonly LimitRange[]>

const EMPTY_FOR_MS = 30_000 // upstream's; a range made meanwhile counts as soon as the cache has it
const EMPTY_MAX = 10_000 // upstream's; namespaces, a name and a number each

/**
 * A namespace that seems to have none is asked for, since its first range may have been made a moment ago; for a while it is then taken at
 * its word.
 */
export function limitRangeLookup({ cached, fresh, clock }: LimitRangeReads): LimitRangeLookup {
  const emptySince = new Map<string, number>()
  const asking = new Map<string, Promise<readonly LimitRange[]>>()

  async function ask(namespace: string): Promise<readonly LimitRange[]> {
    const since = clock.monotonic()
    const ranges = await fresh(namespace)
    emptySince.delete(namespace) // so that the order is that of age
    if (ranges.length === 0) emptySince.set(namespace, since)
    if (emptySince.size > EMPTY_MAX) emptySince.delete(emptySince.keys().next().value!)
    return ranges
  }

  return (namespace) => {
    const ranges = cached(namespace)
    const since = emptySince.get(namespace)
    if (ranges.length > 0 || (since !== undefined && clock.monotonic() - since < EMPTY_FOR_MS)) return ranges
    let asked = asking.get(namespace)
    if (asked === undefined) {
      asked = ask(namespace).finally(() => asking.delete(namespace))
      asking.set(namespace, asked)
    }
    return asked
  }
}
