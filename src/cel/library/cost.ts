/** What functions cost while running, in upstream's units: by the size of what they look at. */

import { CelMap, List, type Value } from '../value.ts'

export const TRAVERSAL = 0.1 // of a unit for each character looked at
export const PATTERN = 0.25 // of a unit for each character of a pattern

/** Of texts, bytes, lists and maps; everything else is as large as one. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  return value instanceof List || value instanceof CelMap ? value.size : 1
}

/** For functions that look at their first argument once, or more often. */
export function traversal(times = 1): (args: readonly Value[]) => number {
  return ([first]) => Math.ceil(sizeOf(first!) * times * TRAVERSAL)
}

/** Of a whole tree. */
export function treeCost(value: Value): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL)
  let cost = 0
  if (value instanceof List) for (const item of value) cost += treeCost(item)
  else if (value instanceof CelMap) for (const key of value.keys()) cost += treeCost(key) + treeCost(value.get(key)!)
  else cost = 1
  return cost
}
