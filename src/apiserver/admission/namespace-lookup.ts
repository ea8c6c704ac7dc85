/** Finds what bounds a namespace (limit ranges, quotas) on every write there, nearly always without waiting. */

import type { Clock } from '#base/clock.ts'

export interface NamespaceReads<T> {
  /** What is known now. */
  readonly cached: (namespace: string) => readonly T[]
  /** What is there, asked anew. */
  readonly fresh: (namespace: string) => Promise<readonly T[]>
  readonly clock: Clock
}

/** Answers at once where it can. */
export type NamespaceLookup<T> = (namespace: string) => readonly T[] | Promise<readonly T[]>

const EMPTY_FOR_MS = 30_000 // upstream's; what is made meanwhile counts as soon as the cache has it
const EMPTY_MAX = 10_000 // upstream's; namespaces, a name and a number each

/**
 * A namespace that seems to have none is asked for, since its first object may have been made a moment ago; for a while it is then taken at
 * its word.
 */
export function namespaceLookup<T>({ cached, fresh, clock }: NamespaceReads<T>): NamespaceLookup<T> {
  const emptySince = new Map<string, number>()
  const asking = new Map<string, Promise<readonly T[]>>()

  async function ask(namespace: string): Promise<readonly T[]> {
    const since = clock.monotonic()
    const found = await fresh(namespace)
    emptySince.delete(namespace) // so that the order is that of age
    if (found.length === 0) emptySince.set(namespace, since)
    if (emptySince.size > EMPTY_MAX) emptySince.delete(emptySince.keys().next().value!)
    return found
  }

  return (namespace) => {
    const found = cached(namespace)
    const since = emptySince.get(namespace)
    if (found.length > 0 || (since !== undefined && clock.monotonic() - since < EMPTY_FOR_MS)) return found
    let asked = asking.get(namespace)
    if (asked === undefined) {
      asked = ask(namespace).finally(() => asking.delete(namespace))
      asking.set(namespace, asked)
    }
    return asked
  }
}
