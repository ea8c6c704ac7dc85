/** Cuts the source of an expression into tokens, by the grammar of the language definition. */

import { CelSyntaxError } from './expression.ts'
import { Uint, type Literal } from './value.ts'

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'ident'; readonly text: string }
  /** A name in backticks, allowed where a field is selected. */
  | { readonly kind: 'quoted ident'; readonly text: string }
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'end' }
)

const OPERATORS = [
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '!',
  '?',
  ':',
  '.',
  ',',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
]
const SPACE = /(?:[\t\n\f\r ]|\/\/[^\n]*)*/y
const NUMBER = /0x[0-9a-fA-F]+u?|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|[0-9]+u?/iy
const IDENT = /[_a-zA-Z][_a-zA-Z0-9]*/y
const QUOTED_IDENT = /`([a-zA-Z0-9_./ -]+)`/y
const STRING_START = /(?:[rR][bB]?|[bB][rR]?)?(?:"""|'''|"|')/y
const KEYWORDS: Readonly<Record<string, Literal>> = { true: true, false: false, null: null }
const INT_MAX = 2n ** 63n
const UINT_MAX = 2n ** 64n - 1n

export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const fail = (message: string, where = at) => syntaxError(source, message, where)
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  for (;;) {
    at = SPACE.lastIndex = at + match(SPACE)![0].length
    if (at >= source.length) break
    const quoted = match(STRING_START)
    if (quoted) {
      const { value, end } = readString(source, at, quoted[0], fail)
      tokens.push({ kind: 'literal', value, at, end })
      at = end
      continue
    }
    const name = match(IDENT)
    if (name) {
      const [text] = name
      const end = at + text.length
      tokens.push(Object.hasOwn(KEYWORDS, text) ? { kind: 'literal', value: KEYWORDS[text]!, at, end } : { kind: 'ident', text, at, end })
      at = end
      continue
    }
    const number = match(NUMBER)
    // a dot before digits selects when something selectable stands before it
    if (number && !(number[0].startsWith('.') && canBeSelectedFrom(tokens.at(-1)))) {
      const end = at + number[0].length
      tokens.push({ kind: 'literal', value: readNumber(number[0], tokens, fail), at, end })
      at = end
      continue
    }
    const backticks = match(QUOTED_IDENT)
    if (backticks) {
      const end = at + backticks[0].length
      tokens.push({ kind: 'quoted ident', text: backticks[1]!, at, end })
      at = end
      continue
    }
    const operator = OPERATORS.find((o) => source.startsWith(o, at))
    if (operator === undefined) throw fail(`Syntax error: token recognition error at: '${source[at]}'`)
    tokens.push({ kind: 'operator', text: operator, at, end: at + operator.length })
    at += operator.length
  }
  tokens.push({ kind: 'end', at: source.length, end: source.length })
  return tokens
}

/** The error at a place of the source, with its line and column. */
export function syntaxError(source: string, message: string, at: number): CelSyntaxError {
  const before = source.slice(0, at).split('\n')
  return new CelSyntaxError(message, before.length, before.at(-1)!.length + 1)
}

function canBeSelectedFrom(token: Token | undefined): boolean {
  if (token === undefined) return false
  return (
    token.kind === 'ident' ||
    token.kind === 'quoted ident' ||
    token.kind === 'literal' ||
    (token.kind === 'operator' && /^[)\]}]$/.test(token.text))
  )
}

type Fail = (message: string, where?: number) => CelSyntaxError

/** The lowest int is written with a minus that is an operator, so the literal may be one larger than ints are. */
function readNumber(text: string, before: readonly Token[], fail: Fail): Literal {
  if (/^(0x[0-9a-f]+|[0-9]+)u$/i.test(text)) {
    const value = BigInt(text.slice(0, -1))
    if (value > UINT_MAX) throw fail('invalid uint literal')
    return new Uint(value)
  }
  if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) {
    const value = BigInt(text)
    const last = before.at(-1)
    const negative = last?.kind === 'operator' && last.text === '-'
    if (value > INT_MAX || (value === INT_MAX && !negative)) throw fail('invalid int literal')
    return value
  }
  const value = Number(text)
  if (!Number.isFinite(value)) throw fail('invalid double literal')
  return value
}

function readString(source: string, at: number, start: string, fail: Fail): { readonly value: string | Uint8Array; readonly end: number } {
  const quotes = /["']+$/.exec(start)![0]
  const prefix = start.slice(0, start.length - quotes.length).toLowerCase()
  const isRaw = prefix.includes('r')
  const isBytes = prefix.includes('b')
  let end = at + start.length
  for (; ; end++) {
    const c = source[end]
    if (c === undefined || (quotes.length === 1 && (c === '\n' || c === '\r')))
      throw fail(`Syntax error: token recognition error at: '${source.slice(at, end)}'`)
    if (source.startsWith(quotes, end)) break
    if (c === '\\' && !isRaw) end++
  }
  const body = source.slice(at + start.length, end).replaceAll(/\r\n?/g, '\n')
  const after = end + quotes.length
  if (isRaw) return { value: isBytes ? new TextEncoder().encode(body) : body, end: after }
  return { value: isBytes ? unescapeBytes(body, fail) : unescapeText(body, fail), end: after }
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\?"'`])|([\s\S]?))/g
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const SURROGATE_FIRST = 0xd800
const SURROGATE_LAST = 0xdfff
const CODE_POINT_MAX = 0x10ffff

function unescapeText(body: string, fail: Fail): string {
  return body.replaceAll(ESCAPE, (all, x, bigX, u, bigU, octal, simple, other) => {
    if (other !== undefined) throw fail(`unable to unescape string: ${all}`)
    if (simple !== undefined) return SIMPLE[simple] ?? simple
    const code = octal === undefined ? Number.parseInt(x ?? bigX ?? u ?? bigU, 16) : Number.parseInt(octal, 8)
    if (code > CODE_POINT_MAX || (code >= SURROGATE_FIRST && code <= SURROGATE_LAST)) throw fail('invalid unicode code point')
    return String.fromCodePoint(code)
  })
}

function unescapeBytes(body: string, fail: Fail): Uint8Array {
  const parts: number[] = []
  const encoder = new TextEncoder()
  let last = 0
  for (const found of body.matchAll(ESCAPE)) {
    parts.push(...encoder.encode(body.slice(last, found.index)))
    last = found.index + found[0].length
    const [, x, bigX, u, bigU, octal, simple] = found
    if (u !== undefined || bigU !== undefined || (x ?? bigX ?? octal ?? simple) === undefined)
      throw fail(`unable to unescape string: ${found[0]}`)
    if (simple !== undefined) parts.push((SIMPLE[simple] ?? simple).charCodeAt(0))
    else parts.push(octal === undefined ? Number.parseInt((x ?? bigX)!, 16) : Number.parseInt(octal, 8))
  }
  return Uint8Array.from([...parts, ...encoder.encode(body.slice(last))])
}
