/** Regular expressions with RE2's syntax and its promise that no text makes them slow. */

import { RE2JS } from 're2js'
import { CelError } from '../value.ts'

export interface Pattern {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
  readonly re2: RE2JS
}

const CACHED_MAX = 256
const cached = new Map<string, Pattern>()

/** Throws `CelError` for what is no pattern. */
export function compilePattern(source: string): Pattern {
  const known = cached.get(source)
  if (known) return known
  const pattern = newPattern(source)
  if (cached.size >= CACHED_MAX) cached.clear()
  cached.set(source, pattern)
  return pattern
}

function newPattern(source: string): Pattern {
  try {
    const re2 = RE2JS.compile(source)
    return { re2, test: (text) => re2.matcher(text).find() }
  } catch (error) {
    throw new CelError(`error parsing regexp: ${(error as Error).message}`, { cause: error })
  }
}
