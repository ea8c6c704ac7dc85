/** Text functions beyond the language's own: upstream's strings extension and its regular expressions. */

import { PATTERN, TRAVERSAL } from './cost.ts'
import { compilePattern } from './pattern.ts'
import { codePoints, shownDouble } from './standard.ts'
import { declare, type FunctionDeclaration, type Overload } from '../declaration.ts'
import * as t from '../type.ts'
import type { Type } from '../type.ts'
import {
  ArrayList,
  CelError,
  CelMap,
  Duration,
  List,
  shownKey,
  Timestamp,
  typeNameOf,
  TypeValue,
  Uint,
  type Value,
  work,
} from '../value.ts'
import { shownDuration, shownTimestamp } from './time.ts'

const PRECISION_DEFAULT = 6

type Call = (text: string, ...args: readonly never[]) => Value

/** A member of strings. */
function member(id: string, args: readonly Type[], result: Type, call: Call, cost: Overload['cost'] = traversal): Overload {
  return {
    id,
    args: [t.STRING, ...args],
    result,
    member: true,
    call: ([text, ...rest]) => call(text as string, ...(rest as unknown as readonly never[])),
    cost,
  }
}

function traversal([text]: readonly Value[]): number {
  return Math.ceil((text as string).length * TRAVERSAL)
}

/** Looks at the text and makes another. */
function copying([text]: readonly Value[]): number {
  return Math.ceil((text as string).length * 2 * TRAVERSAL)
}

function searching([text, pattern]: readonly Value[]): number {
  return Math.ceil((1 + (text as string).length) * TRAVERSAL) * Math.ceil((pattern as string).length * PATTERN)
}

function joining(_: readonly Value[], result: Value): number {
  return Math.ceil((result as string).length * 2 * TRAVERSAL)
}

const once = (): number => 1

function charAt(text: string, index: bigint): string {
  const points = pointsOf(text)
  if (index === BigInt(points.length)) return ''
  return points[inBounds(index, points.length)]!
}

/** By code points, as places are counted; of one text after the other, as expressions ask for many places of the same. */
function pointsOf(text: string): readonly string[] {
  if (text === lastText) return lastPoints
  work(text.length)
  const points = [...text]
  if (text.length <= KEPT_MAX) {
    lastPoints = points
    lastText = text
  }
  return points
}

const KEPT_MAX = 65_536 // a larger one would hold memory for long, for expressions that are rare

let lastText = ''
let lastPoints: readonly string[] = []

function inBounds(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new CelError(`index out of range: ${index}`)
  return Number(index)
}

function indexOf(text: string, part: string, from = 0n): bigint {
  const points = pointsOf(text)
  const first = inBounds(from, points.length)
  search(text, part)
  const at = text.indexOf(part, unitsBefore(points, first))
  return at < 0 ? -1n : BigInt(codePoints(text.slice(0, at)))
}

function lastIndexOf(text: string, part: string, upTo?: bigint): bigint {
  const points = pointsOf(text)
  const last = upTo === undefined ? points.length : inBounds(upTo, points.length)
  search(text, part)
  const at = text.lastIndexOf(part, unitsBefore(points, last))
  return at < 0 ? -1n : BigInt(codePoints(text.slice(0, at)))
}

/** UTF-16 units of the first so many code points. */
function unitsBefore(points: readonly string[], count: number): number {
  let units = 0
  for (let i = 0; i < count; i++) units += points[i]!.length
  return units
}

/** What looking for one text in another may take at worst. */
function search(text: string, part: string): void {
  work(Math.max(text.length, (text.length * part.length) / SEARCHED_AT_ONCE))
}

const SEARCHED_AT_ONCE = 16 // comparisons that take as long as what else is counted as one

function substring(text: string, from: bigint, to?: bigint): string {
  const points = pointsOf(text)
  const first = inBounds(from, points.length)
  const last = to === undefined ? points.length : inBounds(to, points.length)
  if (first > last) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`)
  return points.slice(first, last).join('')
}

function replace(text: string, part: string, by: string, count?: bigint): string {
  const times = count === undefined || count < 0n ? Number.POSITIVE_INFINITY : Number(count)
  search(text, part)
  // that many are put in at most
  work(Math.min(times, text.length / Math.max(1, part.length) + 1) * by.length)
  if (part === '') return replaceBetween([...text], by, times)
  const pieces = text.split(part)
  const kept = Math.min(pieces.length - 1, times)
  return [
    ...pieces.slice(0, kept + 1).join(by),
    pieces
      .slice(kept + 1)
      .map((piece) => part + piece)
      .join(''),
  ].join('')
}

/** Nothing is found before each character and at the end. */
function replaceBetween(points: readonly string[], by: string, times: number): string {
  const text = points.map((point, i) => (i < times ? by : '') + point).join('')
  return points.length < times ? text + by : text
}

function split(text: string, separator: string, limit?: bigint): List {
  const max = limit === undefined || limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  if (max === 0) return new ArrayList([])
  search(text, separator)
  const pieces = separator === '' ? [...text] : text.split(separator)
  if (pieces.length <= max) return new ArrayList(pieces)
  return new ArrayList([...pieces.slice(0, max - 1), pieces.slice(max - 1).join(separator)])
}

function join(list: List, separator: string): string {
  const texts = [...list].map((item) => {
    if (typeof item !== 'string') throw new CelError(`no such overload: join on ${typeNameOf(item)}`)
    work(item.length + separator.length)
    return item
  })
  return texts.join(separator)
}

const QUOTED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

function quote(text: string): string {
  return `"${[...text.toWellFormed()].map((c) => QUOTED[c] ?? c).join('')}"`
}

const WHITE_SPACE = '[\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const TRIMMED = new RegExp(`^${WHITE_SPACE}+|${WHITE_SPACE}+$`, 'g')
const lower = (text: string) => text.replaceAll(/[A-Z]/g, (c) => c.toLowerCase())
const upper = (text: string) => text.replaceAll(/[a-z]/g, (c) => c.toUpperCase())

/** `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o` and `%%`, with a precision where it means something. */
function format(pattern: string, args: List): string {
  let next = 0
  const text = pattern.replaceAll(
    /%(?:%|(?:\.(\d+))?([a-zA-Z])|(.?))/g,
    (all, precision: string | undefined, verb: string | undefined, other: string | undefined) => {
      if (all === '%%') return '%'
      if (verb === undefined) throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${other ?? ''}"`)
      if (next >= args.size) throw new CelError(`index ${next} out of range`)
      const text = formatted(verb, args.at(next++), precision === undefined ? PRECISION_DEFAULT : Number(precision))
      work(text.length)
      return text
    },
  )
  return text
}

function formatted(verb: string, value: Value, precision: number): string {
  const wrong = () => new CelError(`error during formatting: %${verb} cannot be used on ${typeNameOf(value)}`)
  const whole = value instanceof Uint ? value.value : value
  switch (verb) {
    case 's':
      return shown(value)
    case 'd':
      if (typeof whole === 'bigint') return String(whole)
      if (typeof value === 'number' && !Number.isFinite(value)) return infinite(value)
      throw wrong()
    case 'f':
      if (typeof whole === 'bigint' || typeof whole === 'number') return fixed(Number(whole), precision)
      throw wrong()
    case 'e': {
      if (typeof whole !== 'number' && typeof whole !== 'bigint') throw wrong()
      if (!Number.isFinite(Number(whole))) return infinite(Number(whole))
      return Number(whole)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0'
      if (typeof whole === 'bigint') return whole.toString(2)
      throw wrong()
    case 'o':
      if (typeof whole === 'bigint') return whole.toString(8)
      throw wrong()
    case 'x':
    case 'X': {
      const hex = hexOf(value)
      if (hex === undefined) throw wrong()
      return verb === 'x' ? hex : hex.toUpperCase()
    }
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

function infinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

/** Halves go to the even neighbour, as in Go. */
function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return infinite(value)
  const scale = 10 ** precision
  const below = Math.floor(Math.abs(value) * scale)
  const isHalf = Math.abs(value) * scale - below === 0.5
  return (isHalf && below % 2 === 0 ? (Math.sign(value) * below) / scale : value).toFixed(precision)
}

function hexOf(value: Value): string | undefined {
  if (typeof value === 'bigint') return value.toString(16)
  if (value instanceof Uint) return value.value.toString(16)
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined
}

function shown(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null) return 'null'
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? shownDouble(value) : infinite(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (value instanceof Timestamp) return shownTimestamp(value)
  if (value instanceof Duration) return shownDuration(value)
  if (value instanceof TypeValue) return value.celName
  if (value instanceof List) return `[${[...value].map(shown).join(', ')}]`
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map((key) => [shownKey(key), shown(value.get(key)!)] as const)
    return `{${entries
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, of]) => `${key}: ${of}`)
      .join(', ')}}`
  }
  throw new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
  )
}

function find(text: string, pattern: string): string {
  const matcher = compilePattern(pattern).re2.matcher(text)
  return matcher.find() ? (matcher.group() ?? '') : ''
}

function findAll(text: string, pattern: string, limit = -1n): List {
  const matcher = compilePattern(pattern).re2.matcher(text)
  const found: string[] = []
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? '')
  return new ArrayList(found)
}

const { STRING, INT } = t

export const stringExtensions: readonly FunctionDeclaration[] = [
  declare('charAt', member('string_char_at_int', [INT], STRING, charAt as Call, once)),
  declare(
    'indexOf',
    member('string_index_of_string', [STRING], INT, indexOf as Call),
    member('string_index_of_string_int', [STRING, INT], INT, indexOf as Call),
  ),
  declare(
    'lastIndexOf',
    member('string_last_index_of_string', [STRING], INT, lastIndexOf as Call),
    member('string_last_index_of_string_int', [STRING, INT], INT, lastIndexOf as Call),
  ),
  declare('lowerAscii', member('string_lower_ascii', [], STRING, lower)),
  declare('upperAscii', member('string_upper_ascii', [], STRING, upper)),
  declare(
    'trim',
    member('string_trim', [], STRING, (text) => text.replaceAll(TRIMMED, '')),
  ),
  declare(
    'reverse',
    member('string_reverse', [], STRING, (text) => [...text].toReversed().join('')),
  ),
  declare(
    'replace',
    member('string_replace_string_string', [STRING, STRING], STRING, replace as Call, copying),
    member('string_replace_string_string_int', [STRING, STRING, INT], STRING, replace as Call, copying),
  ),
  declare(
    'split',
    member('string_split_string', [STRING], t.listOf(STRING), split as Call, copying),
    member('string_split_string_int', [STRING, INT], t.listOf(STRING), split as Call, copying),
  ),
  declare(
    'substring',
    member('string_substring_int', [INT], STRING, substring as Call),
    member('string_substring_int_int', [INT, INT], STRING, substring as Call),
  ),
  declare(
    'join',
    { id: 'list_join', args: [t.listOf(STRING)], result: STRING, member: true, call: ([list]) => join(list as List, ''), cost: joining },
    {
      id: 'list_join_string',
      args: [t.listOf(STRING), STRING],
      result: STRING,
      member: true,
      call: ([list, by]) => join(list as List, by as string),
      cost: joining,
    },
  ),
  declare('format', member('string_format', [t.listOf(t.DYN)], STRING, format as Call, once)),
  declare('strings.quote', {
    id: 'strings_quote',
    args: [STRING],
    result: STRING,
    call: ([text]) => quote(text as string),
    cost: traversal,
  }),
  declare('find', member('string_find_string', [STRING], STRING, find as Call, searching)),
  declare(
    'findAll',
    member('string_find_all_string', [STRING], t.listOf(STRING), findAll as Call, searching),
    member('string_find_all_string_int', [STRING, INT], t.listOf(STRING), findAll as Call, searching),
  ),
]
