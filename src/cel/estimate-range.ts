/** Ranges of sizes and costs that grow up to what upstream can count, and no further. */

export interface Range {
  readonly min: number
  readonly max: number
}

/** The largest number of 64 bits, as near as a double comes. */
export const MOST = 2 ** 64 - 1

export const fixed = (value: number): Range => ({ min: value, max: value })
export const FIXED_ONE = fixed(1)
export const UNKNOWN: Range = { min: 0, max: MOST }

const capped = (value: number): number => Math.min(value, MOST)

export function plus(...ranges: readonly Range[]): Range {
  return ranges.reduce((a, b) => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) }), fixed(0))
}

export function timesCost(a: Range, b: Range): Range {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) }
}

/** Each rounded up. */
export function timesFactor({ min, max }: Range, factor: number): Range {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) }
}

export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}
