/** Regular expressions as Go has them: no pattern of a user's makes a text slow. */

import { RE2JS } from 're2js'

const CACHED_MAX = 1024 // of all schemas together; one is about 1 kB
const cached = new Map<string, RE2JS>()

/** Whether it matches anywhere in the text. Throws for what is no pattern. */
export function matches(pattern: string, text: string): boolean {
  return compiled(pattern).matcher(text).find()
}

/** Why it is no pattern; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compiled(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function compiled(pattern: string): RE2JS {
  let known = cached.get(pattern)
  if (known === undefined) {
    known = RE2JS.compile(pattern)
    if (cached.size >= CACHED_MAX) cached.clear()
    cached.set(pattern, known)
  }
  return known
}
