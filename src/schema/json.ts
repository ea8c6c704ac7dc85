/** Reads JSON that anyone may have sent: native speed when it is ordinary, careful when it is odd, never surprised. */

import { isUtf8 } from 'node:buffer'
import { readCarefully } from './json-careful.ts'
import { MalformedInput } from './malformed-input.ts'

/** Deepest nesting accepted: far beyond any API object, well below what the recursive walkers' stack holds. */
export const JSON_DEPTH_MAX = 1000

export interface ParsedJson {
  readonly value: unknown
  /** `duplicate field "spec.replicas"` for each member given more than once (the last one counts), in reading order. */
  readonly duplicates: readonly string[]
}

/**
 * The value of a JSON text. Throws MalformedInput, worded as Go's decoder words it, for what is not JSON, not UTF-8, nested
 * deeper than JSON_DEPTH_MAX, or has a member called `__proto__` (upstream has no reason to refuse that one).
 */
export function parseJson(bytes: Uint8Array): ParsedJson {
  if (!isUtf8(bytes)) throw new MalformedInput('invalid UTF-8 in JSON input')
  const scan = scanStructure(bytes)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (scan.depth > JSON_DEPTH_MAX) throw new MalformedInput('exceeded max depth')
  // Escapes can spell anything (`__proto__`, half a surrogate pair), so a text with \u takes the careful way.
  if (scan.unicodeEscape || text.includes('__proto__')) return readCarefully(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return readCarefully(text)
  }
  // JSON.parse keeps the last of duplicate members silently; fewer members than colons gives it away.
  return countMembers(value) === scan.colons ? { value, duplicates: [] } : readCarefully(text)
}

interface Structure {
  readonly depth: number
  readonly colons: number
  readonly unicodeEscape: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

function scanStructure(bytes: Uint8Array): Structure {
  let depth = 0
  let deepest = 0
  let colons = 0
  let unicodeEscape = false
  const length = bytes.length
  for (let i = 0; i < length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < length; i++) {
          const c = bytes[i]
          if (c === QUOTE) break
          if (c === BACKSLASH && bytes[++i] === 0x75) unicodeEscape = true
        }
        break
      case 0x3a:
        colons++
        break
      case 0x7b:
      case 0x5b:
        if (++depth > deepest) deepest = depth
        break
      case 0x7d:
      case 0x5d:
        depth--
        break
    }
  }
  return { depth: deepest, colons, unicodeEscape }
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item)
    return count
  }
  for (const name in value) {
    count++
    const member = (value as Record<string, unknown>)[name]
    if (typeof member === 'object') count += countMembers(member)
  }
  return count
}
