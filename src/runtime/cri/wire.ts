/** proto3 wire format for messages declared with the schema kit, as gRPC services speak it (API objects use proto2's rules). */

import type { Field, Message, TypeNode } from '#schema/message.ts'

/**
 * Encodes a value. Zeros are left out except inside lists and maps, 64-bit numbers are JavaScript numbers (times in nanoseconds
 * lose their last digits), bytes are base64.
 */
export function encodeProto3(message: Message, value: object): Uint8Array {
  const parts: Uint8Array[] = []
  for (const field of message.fields) {
    const v = (value as Record<string, unknown>)[field.name]
    if (v === undefined || v === null) continue
    encodeField(parts, field, v)
  }
  return Buffer.concat(parts)
}

/** Decodes; unknown fields are skipped. Throws on truncated input. */
export function decodeProto3(message: Message, bytes: Uint8Array): Record<string, unknown> {
  const numbers = numbersOf(message)
  const out: Record<string, unknown> = {}
  const at = { bytes, position: 0 }
  while (at.position < bytes.length) {
    const key = Number(readVarint(at))
    const field = numbers.get(key >>> 3)
    const wire = key & 7
    if (field === undefined) {
      skip(at, wire)
      continue
    }
    decodeField(out, field, wire, at)
  }
  return out
}

interface Cursor {
  readonly bytes: Uint8Array
  position: number
}

const byNumber = new WeakMap<Message, ReadonlyMap<number, Field>>()

function numbersOf(message: Message): ReadonlyMap<number, Field> {
  let numbers = byNumber.get(message)
  if (numbers === undefined) byNumber.set(message, (numbers = new Map(message.fields.map((f) => [f.number, f]))))
  return numbers
}

function encodeField(parts: Uint8Array[], field: Field, value: unknown): void {
  const node = field.node
  if (node.type === 'list') {
    for (const element of value as readonly unknown[]) encodeOne(parts, field.number, node.of, element, true)
    return
  }
  if (node.type === 'map') {
    for (const [k, v] of Object.entries(value as object)) {
      const entry: Uint8Array[] = []
      encodeOne(entry, 1, { type: 'string' }, k, true)
      encodeOne(entry, 2, node.of, v, true)
      pushBytes(parts, field.number, Buffer.concat(entry))
    }
    return
  }
  encodeOne(parts, field.number, node, value, false)
}

function encodeOne(parts: Uint8Array[], number: number, node: TypeNode, value: unknown, keepZero: boolean): void {
  switch (node.type) {
    case 'string':
      if (keepZero || value !== '') pushBytes(parts, number, Buffer.from(value as string))
      return
    case 'bytes':
      if (keepZero || value !== '') pushBytes(parts, number, Buffer.from(value as string, 'base64'))
      return
    case 'bool':
      if (keepZero || value === true) parts.push(varint(BigInt(number << 3)), varint(value === true ? 1n : 0n))
      return
    case 'int32':
    case 'int64':
      if (keepZero || value !== 0) parts.push(varint(BigInt(number << 3)), varint(BigInt.asUintN(64, BigInt(Math.trunc(value as number)))))
      return
    case 'double': {
      const eight = Buffer.alloc(8)
      eight.writeDoubleLE(value as number)
      parts.push(varint(BigInt((number << 3) | 1)), eight)
      return
    }
    case 'message':
      pushBytes(parts, number, encodeProto3(node.message(), value as object))
      return
    default:
      throw new Error(`proto3 has no ${node.type}`)
  }
}

function pushBytes(parts: Uint8Array[], number: number, bytes: Uint8Array): void {
  parts.push(varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes)
}

function varint(value: bigint): Uint8Array {
  const out: number[] = []
  let rest = value
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

function readVarint(at: Cursor): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = at.bytes[at.position++]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new Error('truncated protobuf number')
}

function take(at: Cursor, count: number): Uint8Array {
  const end = at.position + count
  if (end > at.bytes.length) throw new Error('truncated protobuf message')
  const slice = at.bytes.subarray(at.position, end)
  at.position = end
  return slice
}

function skip(at: Cursor, wire: number): void {
  if (wire === 0) readVarint(at)
  else if (wire === 1) take(at, 8)
  else if (wire === 2) take(at, Number(readVarint(at)))
  else if (wire === 5) take(at, 4)
  else throw new Error(`protobuf wire type ${wire} is not one of proto3's`)
}

function decodeField(out: Record<string, unknown>, field: Field, wire: number, at: Cursor): void {
  const node = field.node
  if (node.type === 'list') {
    const list = (out[field.name] ??= []) as unknown[]
    const packed = wire === 2 && (node.of.type === 'int32' || node.of.type === 'int64' || node.of.type === 'bool')
    if (!packed) {
      list.push(decodeOne(node.of, at))
      return
    }
    const inner = { bytes: take(at, Number(readVarint(at))), position: 0 }
    while (inner.position < inner.bytes.length) list.push(decodeOne(node.of, inner))
    return
  }
  if (node.type === 'map') {
    const map = (out[field.name] ??= {}) as Record<string, unknown>
    const inner = { bytes: take(at, Number(readVarint(at))), position: 0 }
    let key = ''
    let value: unknown = zero(node.of)
    while (inner.position < inner.bytes.length) {
      const tag = Number(readVarint(inner))
      if (tag >>> 3 === 1) key = decodeOne({ type: 'string' }, inner) as string
      else if (tag >>> 3 === 2) value = decodeOne(node.of, inner)
      else skip(inner, tag & 7)
    }
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
    return
  }
  out[field.name] = decodeOne(node, at)
}

function zero(node: TypeNode): unknown {
  if (node.type === 'string' || node.type === 'bytes') return ''
  if (node.type === 'message') return {}
  return node.type === 'bool' ? false : 0
}

function decodeOne(node: TypeNode, at: Cursor): unknown {
  switch (node.type) {
    case 'string':
      return Buffer.from(take(at, Number(readVarint(at)))).toString('utf8')
    case 'bytes':
      return Buffer.from(take(at, Number(readVarint(at)))).toString('base64')
    case 'bool':
      return readVarint(at) !== 0n
    case 'int32':
      return Number(BigInt.asIntN(32, readVarint(at)))
    case 'int64':
      return Number(BigInt.asIntN(64, readVarint(at)))
    case 'double':
      return Buffer.from(take(at, 8)).readDoubleLE()
    case 'message':
      return decodeProto3(node.message(), take(at, Number(readVarint(at))))
    default:
      throw new Error(`proto3 has no ${node.type}`)
  }
}
