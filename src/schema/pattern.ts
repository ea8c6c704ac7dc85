/** Regular expressions as Go has them: no pattern of a user's makes a text slow. */

import { RE2JS } from 're2js'

export interface Pattern {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
}

/** Throws for what is no pattern. Callers keep it: compiling takes longer than matching. */
export function compilePattern(source: string): Pattern {
  const compiled = RE2JS.compile(source)
  return { test: (text) => compiled.matcher(text).find() }
}

/** Why it is no pattern; undefined when it is one. */
export function patternProblem(source: string): string | undefined {
  try {
    compilePattern(source)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
