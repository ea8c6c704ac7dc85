/** Reads CBOR (RFC 8949) that anyone may have sent into plain values, within the limits of upstream's KEP-4222. */

import { isUtf8 } from 'node:buffer'
import { CBOR_MAGIC } from './cbor-encode.ts'
import { formatTime, parseTime } from './go-time.ts'
import { MalformedInput } from './malformed-input.ts'

const NESTED_LEVELS_MAX = 64 // upstream's three limits: no object comes near them
const ELEMENTS_MAX = 1024
const PAIRS_MAX = 1024

/** Whether a body says itself that it is CBOR. */
export function hasCborMagic(bytes: Uint8Array): boolean {
  return bytes.length >= CBOR_MAGIC.length && CBOR_MAGIC.every((b, i) => bytes[i] === b)
}

/**
 * The one value in `bytes`, as JSON would hold it: byte strings are text, bytes tagged for base64 are base64, times are
 * RFC 3339. Throws MalformedInput for what is not well-formed, for keys given twice or not text, numbers that JSON does not
 * have, and what exceeds the limits.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes)
  if (bytes.length === 0) throw new MalformedInput('EOF')
  const value = reader.item(0)
  if (reader.at < bytes.length)
    throw new MalformedInput(`cbor: ${bytes.length - reader.at} bytes of extraneous data starting at index ${reader.at}`)
  return value
}

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6
const INDEFINITE = 31
const BREAK = 0xff

const [TIME_TEXT, TIME_NUMBER, BIG_POSITIVE, BIG_NEGATIVE] = [0, 1, 2, 3]
const [BASE64_URL_LATER, BASE64_LATER, BASE16_LATER] = [21, 22, 23]
const LATER: Readonly<Record<number, BufferEncoding>> = { [BASE64_URL_LATER]: 'base64url', [BASE64_LATER]: 'base64', [BASE16_LATER]: 'hex' }

/** Bytes that a tag around them says how to print. */
class Bytes {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

class CborReader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  item(depth: number): unknown {
    return settled(this.#item(depth, undefined))
  }

  /** `later` is how the nearest tag around says that bytes are printed. */
  #item(depth: number, later: BufferEncoding | undefined): unknown {
    if (depth > NESTED_LEVELS_MAX) throw new MalformedInput(`cbor: exceeded max nested level ${NESTED_LEVELS_MAX}`)
    const initial = this.#byte()
    const [major, info] = [initial >> 5, initial & 31]
    switch (major) {
      case UNSIGNED:
        return this.#signed(this.#argument(info, initial), false)
      case NEGATIVE:
        return this.#signed(this.#argument(info, initial), true)
      case BYTES:
      case TEXT:
        return this.#string(major, info, initial, later)
      case ARRAY:
        return this.#array(info, initial, depth, later)
      case MAP:
        return this.#map(info, initial, depth, later)
      case TAG:
        return this.#tagged(this.#argument(info, initial), depth, later)
      default:
        return this.#simple(info, initial)
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new MalformedInput('unexpected EOF')
    this.at++
    return byte
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.at) throw new MalformedInput('unexpected EOF')
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }

  /** The number that follows an initial byte; beyond 2^53 it is as near as a number gets. */
  #argument(info: number, initial: number): number {
    if (info < 24) return info
    if (info === 24) return this.#byte()
    if (info === 25) return this.#take(2).readUInt16BE()
    if (info === 26) return this.#take(4).readUInt32BE()
    if (info === 27) return Number(this.#take(8).readBigUInt64BE())
    throw new MalformedInput(`cbor: invalid additional information ${info} for type ${typeName(initial)}`)
  }

  #signed(argument: number, negative: boolean): number {
    if (argument >= 2 ** 63) {
      const shown = negative ? `-${BigInt(argument) + 1n}` : String(BigInt(argument))
      throw new MalformedInput(
        `cbor: cannot unmarshal ${negative ? 'negative' : 'positive'} integer into Go value of type int64 (${shown} overflows Go's int64)`,
      )
    }
    return negative ? -1 - argument : argument
  }

  #string(major: number, info: number, initial: number, later: BufferEncoding | undefined): unknown {
    const parts: Buffer[] = []
    if (info === INDEFINITE) {
      while (!this.#ends()) {
        const chunk = this.#byte()
        if (chunk >> 5 !== major || (chunk & 31) === INDEFINITE)
          throw new MalformedInput(`cbor: wrong element type ${typeName(chunk)} for indefinite-length ${typeName(initial)}`)
        parts.push(this.#checked(major, this.#take(this.#argument(chunk & 31, chunk))))
      }
    } else parts.push(this.#checked(major, this.#take(this.#argument(info, initial))))
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    if (major === TEXT) return bytes.toString('utf8')
    return later === undefined ? new Bytes(bytes) : bytes.toString(later)
  }

  #checked(major: number, bytes: Buffer): Buffer {
    if (major === TEXT && !isUtf8(bytes)) throw new MalformedInput('cbor: invalid UTF-8 string')
    return bytes
  }

  #array(info: number, initial: number, depth: number, later: BufferEncoding | undefined): readonly unknown[] {
    const count = info === INDEFINITE ? Infinity : this.#argument(info, initial)
    const items: unknown[] = []
    if (count !== Infinity && count > ELEMENTS_MAX) throw tooMany(ELEMENTS_MAX, 'elements', 'array')
    while (count === Infinity ? !this.#ends() : items.length < count) {
      if (items.length >= ELEMENTS_MAX) throw tooMany(ELEMENTS_MAX, 'elements', 'array')
      items.push(settled(this.#item(depth + 1, later)))
    }
    return items
  }

  #map(info: number, initial: number, depth: number, later: BufferEncoding | undefined): Readonly<Record<string, unknown>> {
    const count = info === INDEFINITE ? Infinity : this.#argument(info, initial)
    if (count !== Infinity && count > PAIRS_MAX) throw tooMany(PAIRS_MAX, 'key-value pairs', 'map')
    const map: Record<string, unknown> = {}
    for (let n = 0; count === Infinity ? !this.#ends() : n < count; n++) {
      if (n >= PAIRS_MAX) throw tooMany(PAIRS_MAX, 'key-value pairs', 'map')
      const first = this.#bytes[this.at]
      const key = settled(this.#item(depth + 1, undefined))
      if (typeof key !== 'string') throw new MalformedInput(`cbor: cannot unmarshal ${typeName(first ?? 0)} into Go value of type string`)
      // The one name that a plain object cannot hold safely.
      if (key === '__proto__') throw new MalformedInput('the name "__proto__" is not accepted')
      if (Object.hasOwn(map, key))
        throw new MalformedInput(`cbor: found duplicate map key ${JSON.stringify(key)} at map element index ${n}`)
      map[key] = settled(this.#item(depth + 1, later))
    }
    return map
  }

  /** Whether the break that ends something of indefinite length comes next; reads it. */
  #ends(): boolean {
    if (this.#bytes[this.at] !== BREAK) return false
    this.at++
    return true
  }

  #tagged(tag: number, depth: number, later: BufferEncoding | undefined): unknown {
    const content = this.#item(depth + 1, LATER[tag] ?? later)
    switch (tag) {
      case TIME_TEXT: {
        const text = settled(content)
        if (typeof text !== 'string') throw new MalformedInput(`cbor: tag number 0 must be followed by text string, got ${goKind(text)}`)
        const instant = parseTime(text, 'time')
        if (typeof instant === 'string') throw new MalformedInput(`cbor: cannot set ${text} for time.Time: ${instant}`)
        return text
      }
      case TIME_NUMBER:
        if (typeof content !== 'number')
          throw new MalformedInput(`cbor: tag number 1 must be followed by integer or floating-point number, got ${goKind(content)}`)
        return instantText(content)
      case BIG_POSITIVE:
      case BIG_NEGATIVE:
        throw new MalformedInput('cbor: cannot unmarshal tag into Go value of type int64 (bignum is forbidden)')
      default:
        return content
    }
  }

  #simple(info: number, initial: number): unknown {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23:
        return null
      case 25:
        return finite(new DataView(this.#copy(2)).getFloat16(0))
      case 26:
        return finite(this.#take(4).readFloatBE())
      case 27:
        return finite(this.#take(8).readDoubleBE())
      default:
        if (initial === BREAK) throw new MalformedInput('cbor: unexpected "break" code')
        throw new MalformedInput(`cbor: invalid simple value ${info} for type primitives`)
    }
  }

  #copy(count: number): ArrayBuffer {
    return Uint8Array.from(this.#take(count)).buffer
  }
}

/** What stands in a value: bytes nobody said how to print are text. */
function settled(item: unknown): unknown {
  if (!(item instanceof Bytes)) return item
  if (!isUtf8(item.bytes)) throw new MalformedInput('cbor: invalid UTF-8 string')
  return item.bytes.toString('utf8')
}

const YEAR_10000_SECONDS = 253_402_300_800

/** Seconds since 1970 as RFC 3339, with as much of a fraction as there is. */
function instantText(seconds: number): string {
  if (seconds >= YEAR_10000_SECONDS || seconds < -62_135_596_800)
    throw new MalformedInput(`cbor: ${seconds} is no time of the years 1 to 9999`)
  const whole = Math.floor(seconds)
  const text = formatTime({ seconds: whole, nanos: 0 }, 'time')
  const fraction =
    seconds === whole
      ? ''
      : `.${String(Math.round((seconds - whole) * 1e6))
          .padStart(6, '0')
          .replace(/0+$/, '')}`
  return text.replace('Z', `${fraction}Z`)
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new MalformedInput(
    `cbor: cannot unmarshal primitives into Go value of type float64 (floating-point ${Number.isNaN(value) ? 'NaN' : 'infinity'})`,
  )
}

function tooMany(most: number, what: string, container: string): MalformedInput {
  return new MalformedInput(`cbor: exceeded max number of ${what} ${most} for CBOR ${container}`)
}

const TYPE_NAMES = [
  'positive integer',
  'negative integer',
  'byte string',
  'UTF-8 text string',
  'array',
  'map',
  'tag',
  'primitives',
] as const

function typeName(initial: number): string {
  return TYPE_NAMES[initial >> 5] ?? 'primitives'
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' ? 'map' : typeof value
}
