/** Paths of fields as rules and selectable fields name them, `.spec['a.b'].c`: read, and held to a schema. */

import type { JsonSchema } from './json-schema.ts'

export interface FoundField {
  /** As errors write it: `spec.color`, `labels[a]`. */
  readonly path: string
  /** Undefined for values of which no schema says anything. */
  readonly schema: JsonSchema | undefined
}

/** The field a path leads to, or upstream's words of why it leads nowhere. */
export function fieldAt(schema: JsonSchema, path: string, { brackets = true }: { readonly brackets?: boolean } = {}): FoundField | string {
  const tokens = tokensOf(path)
  let found: FoundField = { path: '', schema }
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token !== '.' && token !== '[') return `expected [ or . but got: ${token}`
    if (token === '[' && !brackets) return 'array notation is not allowed'
    const name = tokens[++i]
    if (name === undefined) return 'unexpected end of JSON path'
    if (token === '.') {
      const next = below(found, name)
      if (next === undefined) return NOWHERE
      found = next
      continue
    }
    if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) return `expected single quoted string but got ${name}`
    const text = unescaped(name.slice(1, -1))
    if (text.odd !== undefined) return `invalid string literal: invalid escape char ${text.odd}`
    const next = below(found, text.value)
    if (next === undefined) return NOWHERE
    found = next
    const end = tokens[++i]
    if (end === undefined) return 'unexpected end of JSON path'
    if (end !== ']') return `expected ] but got ${end}`
  }
  return found
}

const NOWHERE = 'does not refer to a valid field'

/** Dots, brackets, what is between single quotes, and all else between those. */
function tokensOf(path: string): readonly string[] {
  const tokens: string[] = []
  let at = 0
  while (at < path.length) {
    const end = path[at] === "'" ? endOfQuoted(path, at) : endOfPlain(path, at)
    tokens.push(path.slice(at, end))
    at = end
  }
  return tokens
}

function endOfQuoted(path: string, start: number): number {
  for (let i = start + 1; i < path.length; i++) if (path[i] === "'" && path[i - 1] !== '\\') return i + 1
  return path.length
}

function endOfPlain(path: string, start: number): number {
  for (let i = start; i < path.length; i++) if ('.[]'.includes(path[i]!)) return i === start ? i + 1 : i
  return path.length
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}

function unescaped(text: string): { readonly value: string; readonly odd?: string } {
  let odd: string | undefined
  const value = text.replaceAll(/\\(.)/g, (whole, letter: string) => {
    const meant = ESCAPES[letter]
    if (meant === undefined) odd = whole
    return meant ?? ''
  })
  return odd === undefined ? { value } : { value, odd }
}

function below({ path, schema }: FoundField, name: string): FoundField | undefined {
  const { properties, additionalProperties: more } = schema ?? {}
  if (properties !== undefined) {
    if (!Object.hasOwn(properties, name)) return undefined
    return { path: path === '' ? name : `${path}.${name}`, schema: properties[name] }
  }
  return more === undefined ? undefined : { path: `${path}[${name}]`, schema: typeof more === 'object' ? more : undefined }
}
