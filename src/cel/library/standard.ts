/** The functions and operators every CEL environment has: arithmetic, comparison, conversion, text, collections. */

import { instantOf, parseDuration, parseTimestamp, partOf, shownDuration, shownTimestamp } from './time.ts'
import { declare, type FunctionDeclaration, type Overload } from '../declaration.ts'
import { PATTERN, sizeOf, TRAVERSAL } from './cost.ts'
import { compilePattern } from './pattern.ts'
import * as t from '../type.ts'
import type { Type } from '../type.ts'
import {
  ArrayList,
  CelError,
  CelMap,
  compareNumbers,
  Duration,
  equals,
  List,
  Timestamp,
  typeNameOf,
  TypeValue,
  Uint,
  type Value,
  work,
} from '../value.ts'

const A = t.parameter('A')
const B = t.parameter('B')
const LIST_A = t.listOf(A)
const MAP_AB = t.mapOf(A, B)

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n
const UINT_MAX = 2n ** 64n - 1n
const TIMESTAMP_MIN = -62_135_596_800_000_000_000n // year 1
const TIMESTAMP_MAX = 253_402_300_799_999_999_999n // end of year 9999

function add(): Overload[] {
  const both = (a: number, b: number) => Math.ceil((a + b) * TRAVERSAL)
  return [
    ...arithmetic(
      'add',
      (a, b) => a + b,
      (a, b) => a + b,
    ),
    {
      id: 'add_string',
      args: [t.STRING, t.STRING],
      result: t.STRING,
      call: ([a, b]) => (a as string) + (b as string),
      cost: ([a, b]) => both((a as string).length, (b as string).length),
    },
    {
      id: 'add_bytes',
      args: [t.BYTES, t.BYTES],
      result: t.BYTES,
      call: ([a, b]) => Uint8Array.from([...(a as Uint8Array), ...(b as Uint8Array)]),
      cost: ([a, b]) => both((a as Uint8Array).length, (b as Uint8Array).length),
    },
    { id: 'add_list', args: [LIST_A, LIST_A], result: LIST_A, call: ([a, b]) => joined(a as List, b as List) },
    {
      id: 'add_timestamp_duration',
      args: [t.TIMESTAMP, t.DURATION],
      result: t.TIMESTAMP,
      call: ([a, b]) => timestamp((a as Timestamp).nanos + (b as Duration).nanos),
    },
    {
      id: 'add_duration_timestamp',
      args: [t.DURATION, t.TIMESTAMP],
      result: t.TIMESTAMP,
      call: ([a, b]) => timestamp((a as Duration).nanos + (b as Timestamp).nanos),
    },
    {
      id: 'add_duration_duration',
      args: [t.DURATION, t.DURATION],
      result: t.DURATION,
      call: ([a, b]) => duration((a as Duration).nanos + (b as Duration).nanos),
    },
  ]
}

function subtract(): Overload[] {
  return [
    ...arithmetic(
      'subtract',
      (a, b) => a - b,
      (a, b) => a - b,
    ),
    {
      id: 'subtract_timestamp_timestamp',
      args: [t.TIMESTAMP, t.TIMESTAMP],
      result: t.DURATION,
      call: ([a, b]) => duration((a as Timestamp).nanos - (b as Timestamp).nanos),
    },
    {
      id: 'subtract_timestamp_duration',
      args: [t.TIMESTAMP, t.DURATION],
      result: t.TIMESTAMP,
      call: ([a, b]) => timestamp((a as Timestamp).nanos - (b as Duration).nanos),
    },
    {
      id: 'subtract_duration_duration',
      args: [t.DURATION, t.DURATION],
      result: t.DURATION,
      call: ([a, b]) => duration((a as Duration).nanos - (b as Duration).nanos),
    },
  ]
}

function arithmetic(id: string, ints: (a: bigint, b: bigint) => bigint, doubles?: (a: number, b: number) => number): Overload[] {
  return [
    { id: `${id}_int64`, args: [t.INT, t.INT], result: t.INT, call: ([a, b]) => int(ints(a as bigint, b as bigint)) },
    { id: `${id}_uint64`, args: [t.UINT, t.UINT], result: t.UINT, call: ([a, b]) => uint(ints((a as Uint).value, (b as Uint).value)) },
    ...(doubles
      ? [
          {
            id: `${id}_double`,
            args: [t.DOUBLE, t.DOUBLE],
            result: t.DOUBLE,
            call: ([a, b]: readonly Value[]) => doubles(a as number, b as number),
          },
        ]
      : []),
  ]
}

function divided(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('divide by zero')
  return a / b
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('modulus by zero')
  return a % b
}

/** Throws when it does not fit. */
export function int(value: bigint): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new CelError('integer overflow')
  return value
}

export function uint(value: bigint): Uint {
  if (value < 0n || value > UINT_MAX) throw new CelError('unsigned integer overflow')
  return new Uint(value)
}

function timestamp(nanos: bigint): Timestamp {
  if (nanos < TIMESTAMP_MIN || nanos > TIMESTAMP_MAX) throw new CelError('timestamp overflow')
  return new Timestamp(nanos)
}

function duration(nanos: bigint): Duration {
  if (nanos < INT_MIN || nanos > INT_MAX) throw new CelError('integer overflow')
  return new Duration(nanos)
}

function joined(a: List, b: List): List {
  return a.plus?.(b) ?? new ArrayList([...a, ...b])
}

const NUMBERS: readonly (readonly [name: string, type: Type])[] = [
  ['int64', t.INT],
  ['uint64', t.UINT],
  ['double', t.DOUBLE],
]

function ordered(id: string, holds: (comparison: number) => boolean): Overload[] {
  const numbers = NUMBERS.flatMap(([left, a]) =>
    NUMBERS.map(([right, b]): Overload => ({
      id: left === right ? `${id}_${left}` : `${id}_${left}_${right}`,
      args: [a, b],
      result: t.BOOL,
      call: ([x, y]) => holds(compareNumbers(x!, y!)!),
    })),
  )
  const same = (name: string, type: Type, compare: (a: Value, b: Value) => number): Overload => ({
    id: `${id}_${name}`,
    args: [type, type],
    result: t.BOOL,
    call: ([a, b]) => holds(compare(a!, b!)),
    cost: comparisonCost,
  })
  const byNanos = (a: Value, b: Value) => sign((a as Timestamp).nanos, (b as Timestamp).nanos)
  return [
    same('bool', t.BOOL, (a, b) => Number(a) - Number(b)),
    ...numbers,
    same('string', t.STRING, (a, b) => compareText(a as string, b as string)),
    same('bytes', t.BYTES, (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array)),
    same('timestamp', t.TIMESTAMP, byNanos),
    same('duration', t.DURATION, byNanos),
  ]
}

function sign(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** By code points: the order of UTF-8 bytes, which that of UTF-16 units is not. */
export function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function comparisonCost([a, b]: readonly Value[]): number {
  return Math.ceil(Math.min(sizeOf(a!), sizeOf(b!)) * TRAVERSAL)
}

function at(list: List, index: Value): Value {
  const number =
    typeof index === 'bigint' ? Number(index) : typeof index === 'number' ? index : index instanceof Uint ? Number(index.value) : undefined
  if (number === undefined || !Number.isInteger(number)) throw new CelError(`unsupported index type '${typeNameOf(index)}' in list`)
  if (number < 0 || number >= list.size) throw new CelError(`index out of bounds: ${number}`)
  return list.at(number)
}

function under(map: CelMap, key: Value): Value {
  const found = map.get(key)
  if (found === undefined) throw new CelError(`no such key: ${key instanceof Uint ? key.value : String(key)}`)
  return found
}

function isIn(element: Value, list: List): boolean {
  for (let i = 0; i < list.size; i++) if (equals(element, list.at(i))) return true
  return false
}

function sizes(): Overload[] {
  const of = (id: string, type: Type, size: (value: Value) => number): Overload[] => [
    { id: `size_${id}`, args: [type], result: t.INT, call: ([a]) => BigInt(size(a!)) },
    { id: `${id}_size`, args: [type], result: t.INT, member: true, call: ([a]) => BigInt(size(a!)) },
  ]
  return [
    ...of('string', t.STRING, (a) => codePoints(a as string)),
    ...of('bytes', t.BYTES, (a) => (a as Uint8Array).length),
    ...of('list', LIST_A, (a) => (a as List).size),
    ...of('map', MAP_AB, (a) => (a as CelMap).size),
  ]
}

export function codePoints(text: string): number {
  work(text.length)
  let count = 0
  for (const _ of text) count++
  return count
}

function text(id: string, test: (a: string, b: string) => boolean, cost: (a: string, b: string) => number): Overload {
  return {
    id,
    args: [t.STRING, t.STRING],
    result: t.BOOL,
    member: true,
    call: ([a, b]) => test(a as string, b as string),
    cost: ([a, b]) => cost(a as string, b as string),
  }
}

function matches(value: string, pattern: string): boolean {
  return compilePattern(pattern).test(value)
}

function patternCost(value: string, pattern: string): number {
  return Math.ceil((value.length + 1) * TRAVERSAL) * Math.ceil(pattern.length * PATTERN)
}

function conversions(): FunctionDeclaration[] {
  const to = (name: string, result: Type, from: readonly (readonly [id: string, type: Type, convert: (value: never) => Value])[]) =>
    declare(name, ...from.map(([id, type, convert]): Overload => ({ id, args: [type], result, call: ([a]) => convert(a as never) })))
  return [
    to('int', t.INT, [
      ['int64_to_int64', t.INT, (a: bigint) => a],
      ['uint64_to_int64', t.UINT, (a: Uint) => int(a.value)],
      ['double_to_int64', t.DOUBLE, (a: number) => wholeNumber(a, -(2 ** 63), 2 ** 63, int)],
      ['string_to_int64', t.STRING, (a: string) => parsedInt(a)],
      ['timestamp_to_int64', t.TIMESTAMP, (a: Timestamp) => floorDivision(a.nanos, 1_000_000_000n)],
      ['duration_to_int64', t.DURATION, (a: Duration) => a.nanos],
    ]),
    to('uint', t.UINT, [
      ['uint64_to_uint64', t.UINT, (a: Uint) => a],
      ['int64_to_uint64', t.INT, (a: bigint) => uint(a)],
      ['double_to_uint64', t.DOUBLE, (a: number) => wholeNumber(a, -1, 2 ** 64, uint)],
      ['string_to_uint64', t.STRING, (a: string) => parsedUint(a)],
    ]),
    to('double', t.DOUBLE, [
      ['double_to_double', t.DOUBLE, (a: number) => a],
      ['int64_to_double', t.INT, (a: bigint) => Number(a)],
      ['uint64_to_double', t.UINT, (a: Uint) => Number(a.value)],
      ['string_to_double', t.STRING, (a: string) => parsedDouble(a)],
    ]),
    to('string', t.STRING, [
      ['string_to_string', t.STRING, (a: string) => a],
      ['bool_to_string', t.BOOL, (a: boolean) => String(a)],
      ['int64_to_string', t.INT, (a: bigint) => String(a)],
      ['uint64_to_string', t.UINT, (a: Uint) => String(a.value)],
      ['double_to_string', t.DOUBLE, (a: number) => shownDouble(a)],
      ['bytes_to_string', t.BYTES, (a: Uint8Array) => decodedText(a)],
      ['timestamp_to_string', t.TIMESTAMP, (a: Timestamp) => shownTimestamp(a)],
      ['duration_to_string', t.DURATION, (a: Duration) => shownDuration(a)],
    ]),
    to('bool', t.BOOL, [
      ['bool_to_bool', t.BOOL, (a: boolean) => a],
      ['string_to_bool', t.STRING, (a: string) => parsedBool(a)],
    ]),
    to('bytes', t.BYTES, [
      ['bytes_to_bytes', t.BYTES, (a: Uint8Array) => a],
      ['string_to_bytes', t.STRING, (a: string) => new TextEncoder().encode(a)],
    ]),
    to('timestamp', t.TIMESTAMP, [
      ['timestamp_to_timestamp', t.TIMESTAMP, (a: Timestamp) => a],
      ['string_to_timestamp', t.STRING, (a: string) => checkedTimestamp(a)],
      ['int64_to_timestamp', t.INT, (a: bigint) => timestamp(a * 1_000_000_000n)],
    ]),
    to('duration', t.DURATION, [
      ['duration_to_duration', t.DURATION, (a: Duration) => a],
      ['string_to_duration', t.STRING, (a: string) => parseDuration(a)],
      ['int64_to_duration', t.INT, (a: bigint) => duration(a)],
    ]),
  ]
}

function checkedTimestamp(text_: string): Timestamp {
  return timestamp(parseTimestamp(text_).nanos)
}

function wholeNumber<T>(value: number, above: number, below: number, make: (value: bigint) => T): T {
  if (!Number.isFinite(value) || value <= above || value >= below) throw new CelError('range error: integer overflow')
  return make(BigInt(Math.trunc(value)))
}

function floorDivision(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

function parsedInt(text_: string): bigint {
  if (!/^[+-]?[0-9]+$/.test(text_)) throw new CelError(`type conversion error from 'string' to 'int'`)
  return int(BigInt(text_.replace(/^\+/, '')))
}

function parsedUint(text_: string): Uint {
  if (!/^[0-9]+$/.test(text_)) throw new CelError(`type conversion error from 'string' to 'uint'`)
  return uint(BigInt(text_))
}

const DOUBLE = /^[+-]?(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?)$/i

function parsedDouble(text_: string): number {
  if (/^[+-]?(inf|infinity)$/i.test(text_)) return text_.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^nan$/i.test(text_)) return Number.NaN
  if (!DOUBLE.test(text_)) throw new CelError(`type conversion error from 'string' to 'double'`)
  return Number(text_)
}

function parsedBool(text_: string): boolean {
  if (['true', 'True', 'TRUE', 't', '1'].includes(text_)) return true
  if (['false', 'False', 'FALSE', 'f', '0'].includes(text_)) return false
  throw new CelError(`type conversion error from 'string' to 'bool'`)
}

const EXPONENT_FROM = 21 // as Go's %g with the shortest precision

/** The shortest text that reads back the same, as Go writes it. */
export function shownDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [digits, exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < EXPONENT_FROM) return power < 0 ? plain(value) : String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Small numbers without an exponent. */
function plain(value: number): string {
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const places = Math.max(0, digits.replace('-', '').replace('.', '').length - 1 - Number(exponent))
  return value.toFixed(Math.min(places, 100))
}

function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

const PARTS = ['FullYear', 'Month', 'Date', 'DayOfMonth', 'DayOfWeek', 'DayOfYear', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const

function timeParts(): FunctionDeclaration[] {
  return PARTS.map((part) => {
    const name = `get${part}`
    const id = `timestamp_to_${part}`
    const ofDuration: Overload[] = ['Hours', 'Minutes', 'Seconds', 'Milliseconds'].includes(part)
      ? [{ id: `duration_to_${part}`, args: [t.DURATION], result: t.INT, member: true, call: ([d]) => durationPart(d as Duration, part) }]
      : []
    return declare(
      name,
      { id, args: [t.TIMESTAMP], result: t.INT, member: true, call: ([at_]) => partOf(instantOf(at_ as Timestamp, 'UTC'), part) },
      {
        id: `${id}_with_tz`,
        args: [t.TIMESTAMP, t.STRING],
        result: t.INT,
        member: true,
        call: ([at_, zone]) => partOf(instantOf(at_ as Timestamp, zone as string), part),
      },
      ...ofDuration,
    )
  })
}

function durationPart({ nanos }: Duration, part: string): bigint {
  if (part === 'Hours') return nanos / 3_600_000_000_000n
  if (part === 'Minutes') return nanos / 60_000_000_000n
  if (part === 'Seconds') return nanos / 1_000_000_000n
  return (nanos / 1_000_000n) % 1000n
}

export const standardLibrary: readonly FunctionDeclaration[] = [
  declare('_+_', ...add()),
  declare('_-_', ...subtract()),
  declare(
    '_*_',
    ...arithmetic(
      'multiply',
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  ),
  declare('_/_', ...arithmetic('divide', divided, (a, b) => a / b)),
  declare('_%_', ...arithmetic('modulo', remainder)),
  declare(
    '-_',
    { id: 'negate_int64', args: [t.INT], result: t.INT, call: ([a]) => int(-(a as bigint)) },
    { id: 'negate_double', args: [t.DOUBLE], result: t.DOUBLE, call: ([a]) => -(a as number) },
  ),
  declare('!_', { id: 'logical_not', args: [t.BOOL], result: t.BOOL, call: ([a]) => !(a as boolean) }),
  declare('_&&_', { id: 'logical_and', args: [t.BOOL, t.BOOL], result: t.BOOL, call: ([a, b]) => (a as boolean) && (b as boolean) }),
  declare('_||_', { id: 'logical_or', args: [t.BOOL, t.BOOL], result: t.BOOL, call: ([a, b]) => (a as boolean) || (b as boolean) }),
  declare('_?_:_', { id: 'conditional', args: [t.BOOL, A, A], result: A, call: ([c, a, b]) => ((c as boolean) ? a! : b!) }),
  declare('@not_strictly_false', { id: 'not_strictly_false', args: [t.BOOL], result: t.BOOL, call: ([a]) => a !== false }),
  declare('_==_', { id: 'equals', args: [A, A], result: t.BOOL, call: ([a, b]) => equals(a!, b!), cost: comparisonCost }),
  declare('_!=_', { id: 'not_equals', args: [A, A], result: t.BOOL, call: ([a, b]) => !equals(a!, b!), cost: comparisonCost }),
  declare('_<_', ...ordered('less', (c) => c < 0)),
  declare('_<=_', ...ordered('less_equals', (c) => c <= 0)),
  declare('_>_', ...ordered('greater', (c) => c > 0)),
  declare('_>=_', ...ordered('greater_equals', (c) => c >= 0)),
  declare(
    '_[_]',
    { id: 'index_list', args: [LIST_A, t.INT], result: A, accepts: ([l]) => l instanceof List, call: ([l, i]) => at(l as List, i!) },
    { id: 'index_map', args: [MAP_AB, A], result: B, call: ([m, k]) => under(m as CelMap, k!) },
  ),
  declare(
    '@in',
    { id: 'in_list', args: [A, LIST_A], result: t.BOOL, call: ([e, l]) => isIn(e!, l as List), cost: ([, l]) => (l as List).size },
    { id: 'in_map', args: [A, MAP_AB], result: t.BOOL, call: ([k, m]) => (m as CelMap).get(k!) !== undefined },
  ),
  declare('size', ...sizes()),
  declare('type', { id: 'type', args: [A], result: t.typeOf(A), call: ([a]) => new TypeValue(typeNameOf(a!)) }),
  declare('dyn', { id: 'to_dyn', args: [A], result: t.DYN, call: ([a]) => a! }),
  ...conversions(),
  declare(
    'contains',
    text(
      'contains_string',
      (a, b) => a.includes(b),
      (a, b) => Math.ceil(a.length * TRAVERSAL) * Math.ceil(b.length * TRAVERSAL),
    ),
  ),
  declare(
    'startsWith',
    text(
      'starts_with_string',
      (a, b) => a.startsWith(b),
      (_, b) => Math.ceil(b.length * TRAVERSAL),
    ),
  ),
  declare(
    'endsWith',
    text(
      'ends_with_string',
      (a, b) => a.endsWith(b),
      (_, b) => Math.ceil(b.length * TRAVERSAL),
    ),
  ),
  declare('matches', { ...text('matches_string', matches, patternCost) }, { ...text('matches', matches, patternCost), member: false }),
  ...timeParts(),
]
