/** Finds texts written down for functions that cannot take them: they would fail every time. */

import { partsOf, type Expression, type Problem } from './expression.ts'
import { compilePattern } from './library/pattern.ts'
import { parseDuration, parseTimestamp } from './library/time.ts'
import { syntaxError } from './tokens.ts'
import { CelError } from './value.ts'

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  duration: parseDuration,
  timestamp: parseTimestamp,
  matches: compilePattern,
}

export function literalProblems(expression: Expression, source: string): readonly Problem[] {
  const problems: Problem[] = []

  function visit(e: Expression): void {
    for (const part of partsOf(e)) visit(part)
    if (e.kind !== 'call' || !Object.hasOwn(READERS, e.function)) return
    const argument = e.args.at(-1)
    if (argument?.kind !== 'literal' || typeof argument.value !== 'string') return
    try {
      READERS[e.function]!(argument.value)
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      problems.push(syntaxError(source, `invalid ${e.function} argument`, argument.at))
    }
  }

  visit(expression)
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}
