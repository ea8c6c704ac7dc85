/** Lists of a Job's indexes as text: `1,3-5,7`, rising. */

import { quoted } from '#schema/field-error.ts'

/** A list that cannot be understood; the message is what clients know. */
export class MalformedIndexes extends Error {
  override readonly name = 'MalformedIndexes'
}

interface IndexInterval {
  readonly first: number
  readonly last: number
}

/** How many indexes a list names, all of them below `completions`. Throws MalformedIndexes. */
export function countIndexes(text: string, completions: number): number {
  let total = 0
  let previous: number | undefined
  for (const part of text === '' ? [] : text.split(',')) {
    const { first, last } = parseInterval(part, completions)
    if (previous !== undefined && previous >= first) throw notRising(previous, first)
    total += last - first + 1
    previous = last
  }
  return total
}

/** The first index that both lists name. Parts that cannot be understood count as absent. */
export function firstCommonIndex(a: string, b: string, completions: number): number | undefined {
  const [left, right] = [intervals(a, completions), intervals(b, completions)]
  let [i, j] = [0, 0]
  while (i < left.length && j < right.length) {
    const [x, y] = [left[i]!, right[j]!]
    if (x.first <= y.last && y.first <= x.last) return Math.max(x.first, y.first)
    if (x.first <= y.first) i++
    else j++
  }
  return undefined
}

function intervals(text: string, completions: number): IndexInterval[] {
  return (text === '' ? [] : text.split(',')).flatMap((part) => {
    try {
      return [parseInterval(part, completions)]
    } catch (error) {
      if (error instanceof MalformedIndexes) return []
      throw error
    }
  })
}

function parseInterval(text: string, completions: number): IndexInterval {
  const limits = text.split('-')
  if (limits.length > 2)
    throw new MalformedIndexes(
      `the fragment ${quoted(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    )
  const first = index(limits[0]!, completions)
  if (limits.length === 1) return { first, last: first }
  const last = index(limits[1]!, completions)
  if (first >= last) throw notRising(first, last)
  return { first, last }
}

function index(text: string, completions: number): number {
  if (!/^[+-]?\d{1,19}$/.test(text)) throw new MalformedIndexes(`cannot convert string to integer for index: ${quoted(text)}`)
  const value = Number(text)
  if (value >= completions) throw new MalformedIndexes(`too large index: ${quoted(text)}`)
  return value
}

function notRising(previous: number, current: number): MalformedIndexes {
  return new MalformedIndexes(`non-increasing order, previous: ${previous}, current: ${current}`)
}
