/** Reads protobuf's wire format from bytes that anyone may have sent; every length is checked before it is believed. */

import { INT64_MAX } from './int64.ts'
import { MalformedInput } from './malformed-input.ts'

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
const GROUP_START = 3
const GROUP_END = 4
export const FIXED32 = 5

/** Deepest nesting of messages (and of skipped groups) accepted. */
export const PROTOBUF_DEPTH_MAX = 1000

export class ProtobufReader {
  readonly #buffer: Buffer
  at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get end(): number {
    return this.#buffer.length
  }

  /** A field's number and wire type in one: `number << 3 | wire`. */
  tag(end: number): number {
    const tag = this.varint(end)
    if (tag > 0xffffffff || tag < 8) throw new MalformedInput(`proto: illegal tag ${Math.floor(tag / 8)} (wire type ${tag % 8})`)
    return tag
  }

  /** An unsigned integer; above 2^53 it loses its last bits. */
  varint(end: number): number {
    const buffer = this.#buffer
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte(end)
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return low
    }
    let scale = 2 ** 28
    let value = low
    for (let i = 4; i < 10; i++, scale *= 128) {
      if (this.at >= end) throw truncated()
      const byte = buffer[this.at++]!
      value += (i === 9 ? byte & 1 : byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new MalformedInput('proto: integer overflow')
  }

  wideVarint(end: number): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte(end)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new MalformedInput('proto: integer overflow')
  }

  /** A signed integer of 64 bits; exact within 2^53. */
  int64(end: number): number {
    const start = this.at
    const value = this.varint(end)
    if (value <= Number.MAX_SAFE_INTEGER) return value
    this.at = start
    return Math.min(Number(BigInt.asIntN(64, this.wideVarint(end))), INT64_MAX)
  }

  /** A signed integer of 32 bits: what is beyond is cut off, as Go does. */
  int32(end: number): number {
    const start = this.at
    const value = this.varint(end)
    if (value <= Number.MAX_SAFE_INTEGER) return value | 0
    this.at = start
    return Number(BigInt.asIntN(32, this.wideVarint(end)))
  }

  double(end: number): number {
    this.#need(8, end)
    return this.#buffer.readDoubleLE((this.at += 8) - 8)
  }

  float(end: number): number {
    this.#need(4, end)
    return this.#buffer.readFloatLE((this.at += 4) - 4)
  }

  /** The end of what a length announces, which must lie within `end`. */
  limit(end: number): number {
    const length = this.varint(end)
    this.#need(length, end)
    return this.at + length
  }

  string(end: number): string {
    const limit = this.limit(end)
    const text = this.#buffer.toString('utf8', this.at, limit)
    this.at = limit
    return text
  }

  /** A view, not a copy. */
  bytes(end: number): Buffer {
    const limit = this.limit(end)
    const view = this.#buffer.subarray(this.at, limit)
    this.at = limit
    return view
  }

  skip(wire: number, end: number, depth = 0): void {
    switch (wire) {
      case VARINT:
        this.varint(end)
        return
      case FIXED64:
        this.#need(8, end)
        this.at += 8
        return
      case LENGTH:
        this.at = this.limit(end)
        return
      case FIXED32:
        this.#need(4, end)
        this.at += 4
        return
      case GROUP_START:
        if (depth > PROTOBUF_DEPTH_MAX) throw tooDeep()
        for (;;) {
          const tag = this.tag(end)
          if ((tag & 7) === GROUP_END) return
          this.skip(tag & 7, end, depth + 1)
        }
      default:
        throw new MalformedInput(wire === GROUP_END ? 'proto: unexpected end of group' : `proto: illegal wireType ${wire}`)
    }
  }

  #byte(end: number): number {
    if (this.at >= end) throw truncated()
    return this.#buffer[this.at++]!
  }

  #need(bytes: number, end: number): void {
    if (bytes > end - this.at) throw truncated()
  }
}

export function tooDeep(): MalformedInput {
  return new MalformedInput('proto: exceeded max depth')
}

function truncated(): MalformedInput {
  return new MalformedInput('unexpected EOF')
}
