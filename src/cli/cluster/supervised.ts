/** What the log of a supervised process tells: how often it ended since it was launched, and with which words. */

import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** Looks at what is written to `log` from now on. The answered function says the last end's words; undefined as long as there were fewer than `ends`. */
export function endsIn(log: string, ends: number): () => string | undefined {
  const start = sizeOf(log)
  let seen = start
  let words: string | undefined
  return () => {
    const size = sizeOf(log)
    if (size > seen) {
      seen = size
      const lines = readFrom(log, start, size).split('\n')
      if (lines.filter((l) => l.startsWith(ENDED)).length >= ends) words = lastWords(lines)
    }
    return words
  }
}

const ENDED = 'supervise: exit status '
const READ_BYTES_MAX = 2 ** 20 // the end of a log that grew by more

/** The last plain sentence of a log: neither an entry (which is JSON), nor a line of a stack, nor the supervisor's. */
export function lastWords(lines: readonly string[]): string {
  const plain = lines.filter((l) => /^(k8ts|error)\b.*: ./.test(l))
  return (plain.at(-1) ?? lines.findLast((l) => l.startsWith(ENDED)) ?? '').replace(/^k8ts( [a-z-]+)?: /, '')
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function readFrom(file: string, from: number, to: number): string {
  const start = Math.max(from, to - READ_BYTES_MAX)
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(to - start)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start)).toString()
  } finally {
    closeSync(descriptor)
  }
}
