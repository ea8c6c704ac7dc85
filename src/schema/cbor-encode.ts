/** Writes values as CBOR (RFC 8949) the way upstream's KEP-4222 does: strings as byte strings, keys sorted, floats as short as they can be. */

import type { Message, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'

/** What every CBOR body begins with: the tag that says nothing but "this is CBOR". */
export const CBOR_MAGIC = Uint8Array.of(0xd9, 0xd9, 0xf7)

/**
 * A value with its magic. With `message`, base64 members become tagged bytes and floating-point members stay floats;
 * without, integers are told from floats by their value. Members that are undefined are left out.
 */
export function encodeCbor(value: unknown, message?: Message): Uint8Array {
  return Buffer.concat([CBOR_MAGIC, encodeCborItem(value, message)])
}

/** As `encodeCbor`, without the magic: for what becomes part of something. */
export function encodeCborItem(value: unknown, message?: Message): Uint8Array {
  const writer = new CborWriter()
  write(writer, value, message && !message.custom ? { type: 'message', message: () => message } : undefined)
  return writer.finish()
}

/** A list's body from the bytes of its items, which are only concatenated. */
export function encodeCborList(apiVersion: string, kind: string, metadata: Uint8Array, items: readonly Uint8Array[]): Uint8Array {
  const head = new CborWriter()
  head.bytes(CBOR_MAGIC)
  head.head(MAP, 4)
  head.text('kind')
  head.text(kind)
  head.text('items')
  head.head(ARRAY, items.length)
  const tail = new CborWriter()
  tail.text('metadata')
  tail.bytes(metadata)
  tail.text('apiVersion')
  tail.text(apiVersion)
  return Buffer.concat([head.finish(), ...items, tail.finish()])
}

/** One event of a watch: `object` with its magic, as the sequence has it. */
export function encodeCborWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const writer = new CborWriter()
  writer.bytes(CBOR_MAGIC)
  writer.head(MAP, 2)
  writer.text('type')
  writer.text(type)
  writer.text('object')
  writer.bytes(object)
  return writer.finish()
}

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const ARRAY = 4
const MAP = 5
const TAG = 6
const BASE64_LATER = 22
const [FALSE, TRUE, NULL] = [0xf4, 0xf5, 0xf6]
const [FLOAT16, FLOAT32, FLOAT64] = [0xf9, 0xfa, 0xfb]

function write(writer: CborWriter, value: unknown, node: TypeNode | undefined): void {
  switch (typeof value) {
    case 'string':
      if (node?.type !== 'bytes') return writer.text(value)
      writer.head(TAG, BASE64_LATER)
      return writer.byteString(Buffer.from(value, 'base64'))
    case 'number':
      return node?.type === 'double' || !Number.isInteger(value) || Math.abs(value) >= 2 ** 63 ? writer.float(value) : writer.integer(value)
    case 'boolean':
      return writer.byte(value ? TRUE : FALSE)
    case 'object':
      if (value === null) return writer.byte(NULL)
      if (Array.isArray(value)) return writeArray(writer, value, node?.type === 'list' ? node.of : undefined)
      return writeMap(writer, value as Readonly<Record<string, unknown>>, node)
    default:
      throw new TypeError(`a ${typeof value} has no CBOR form`)
  }
}

function writeArray(writer: CborWriter, items: readonly unknown[], of: TypeNode | undefined): void {
  writer.head(ARRAY, items.length)
  for (const item of items) write(writer, item ?? null, of)
}

function writeMap(writer: CborWriter, value: Readonly<Record<string, unknown>>, node: TypeNode | undefined): void {
  const names = Object.keys(value).filter((name) => value[name] !== undefined)
  names.sort(byEncodedName)
  writer.head(MAP, names.length)
  const nodes = node?.type === 'message' ? memberNodes(node.message()) : undefined
  const of = node?.type === 'map' ? node.of : undefined
  for (const name of names) {
    writer.text(name)
    write(writer, value[name], nodes?.get(name) ?? of)
  }
}

const nodesOf = new WeakMap<Message, ReadonlyMap<string, TypeNode>>()

function memberNodes(message: Message): ReadonlyMap<string, TypeNode> {
  let nodes = nodesOf.get(message)
  if (nodes === undefined) nodesOf.set(message, (nodes = new Map(flatFields(message).map((f) => [f.name, f.node]))))
  return nodes
}

/** RFC 8949's order of keys: by their encoded bytes, which begin with the length. */
function byEncodedName(a: string, b: string): number {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length - y.length || x.compare(y)
}

class CborWriter {
  #buffer = Buffer.allocUnsafe(1024)
  #length = 0

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  byte(value: number): void {
    this.#room(1)
    this.#buffer[this.#length++] = value
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  head(major: number, count: number): void {
    const type = major << 5
    if (count < 24) return this.byte(type | count)
    this.#room(9)
    if (count < 0x100) {
      this.#buffer[this.#length] = type | 24
      this.#length = this.#buffer.writeUInt8(count, this.#length + 1)
    } else if (count < 0x10000) {
      this.#buffer[this.#length] = type | 25
      this.#length = this.#buffer.writeUInt16BE(count, this.#length + 1)
    } else if (count < 0x100000000) {
      this.#buffer[this.#length] = type | 26
      this.#length = this.#buffer.writeUInt32BE(count, this.#length + 1)
    } else {
      this.#buffer[this.#length] = type | 27
      this.#length = this.#buffer.writeBigUInt64BE(BigInt(count), this.#length + 1)
    }
  }

  integer(value: number): void {
    if (value >= 0) this.head(UNSIGNED, value)
    else this.head(NEGATIVE, -1 - value)
  }

  /** The shortest of the three widths that holds the value. */
  float(value: number): void {
    if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no CBOR form here')
    this.#room(9)
    const half = Math.f16round(value)
    if (Object.is(half, value)) {
      const bits = Buffer.alloc(2)
      new DataView(bits.buffer, bits.byteOffset, 2).setFloat16(0, value)
      this.byte(FLOAT16)
      this.bytes(bits)
    } else if (Object.is(Math.fround(value), value)) {
      this.byte(FLOAT32)
      this.#length = this.#buffer.writeFloatBE(value, this.#length)
    } else {
      this.byte(FLOAT64)
      this.#length = this.#buffer.writeDoubleBE(value, this.#length)
    }
  }

  /** Upstream writes its strings as byte strings, as nothing has checked that they are UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.head(BYTES, length)
    this.#room(length)
    this.#length += this.#buffer.write(value, this.#length)
  }

  byteString(bytes: Uint8Array): void {
    this.head(BYTES, bytes.length)
    this.bytes(bytes)
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}
