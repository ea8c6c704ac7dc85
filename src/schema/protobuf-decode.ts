/** Builds a message's decoder: a table from field number to the closure that reads it. */

import { formatDuration } from './duration.ts'
import { formatTime } from './go-time.ts'
import { parseJson } from './json.ts'
import { MalformedInput } from './malformed-input.ts'
import type { Field, Message, TypeNode } from './message.ts'
import { dropsZero, fillAbsent, zeroOf } from './presence.ts'
import { FIXED32, FIXED64, LENGTH, PROTOBUF_DEPTH_MAX, tooDeep, VARINT, type ProtobufReader } from './protobuf-reader.ts'

/** Reads a message that ends at `end` into `target`. */
export type Decoder = (reader: ProtobufReader, end: number, target: Record<string, unknown>, depth: number) => void

/** Reads one value; `before` is what the same field held already (protobuf merges). */
type Read = (reader: ProtobufReader, end: number, depth: number, before: unknown) => unknown

interface FieldReader {
  readonly name: string
  readonly wire: number
  readonly take: (reader: ProtobufReader, end: number, target: Record<string, unknown>, depth: number) => void
  /** The same numbers in one run of bytes, if it is a list of numbers. */
  readonly packed?: FieldReader['take']
}

const decoders = new WeakMap<Message, Decoder>()

export function messageDecoder(message: Message): Decoder {
  const known = decoders.get(message)
  if (known !== undefined) return known
  const members = new Map<number, FieldReader>()
  const decoder: Decoder = (reader, end, target, depth) => {
    if (depth > PROTOBUF_DEPTH_MAX) throw tooDeep()
    while (reader.at < end) {
      const tag = reader.tag(end)
      const member = members.get(tag >>> 3)
      const wire = tag & 7
      if (member === undefined) reader.skip(wire, end)
      else if (member.wire === wire) member.take(reader, end, target, depth + 1)
      else if (member.packed !== undefined && wire === LENGTH) member.packed(reader, end, target, depth + 1)
      else throw new MalformedInput(`proto: wrong wireType = ${wire} for field ${member.name}`)
    }
    fillAbsent(message, target)
  }
  decoders.set(message, decoder)
  for (const field of message.fields) members.set(field.number, fieldReader(field))
  return decoder
}

function fieldReader(field: Field): FieldReader {
  const { name, node } = field
  if (field.inline && node.type === 'message') {
    let inner: Decoder | undefined
    return {
      name,
      wire: LENGTH,
      take: (reader, end, target, depth) => (inner ??= messageDecoder(node.message()))(reader, reader.limit(end), target, depth),
    }
  }
  if (node.type === 'list' && !node.wrapped) return listReader(name, node.of)
  if (node.type === 'map') return mapReader(name, node.of)
  const read = readOf(node)
  const zero = dropsZero(field) ? (node.type === 'bytes' || node.type === 'string' ? '' : zeroOf(node)) : undefined
  return {
    name,
    wire: wireOf(node),
    take: (reader, end, target, depth) => {
      const value = read(reader, end, depth, target[name])
      if (value !== undefined && value !== zero) target[name] = value
      else if (target[name] !== undefined) delete target[name]
    },
  }
}

function listReader(name: string, of: TypeNode): FieldReader {
  const read = readOf(of)
  const wire = wireOf(of)
  const take: FieldReader['take'] = (reader, end, target, depth) => {
    const list = (target[name] ??= []) as unknown[]
    list.push(read(reader, end, depth, undefined) ?? emptyOf(of))
  }
  if (wire === LENGTH) return { name, wire, take }
  const packed: FieldReader['take'] = (reader, end, target, depth) => {
    for (const limit = reader.limit(end); reader.at < limit;) take(reader, limit, target, depth)
  }
  return { name, wire, take, packed }
}

function mapReader(name: string, of: TypeNode): FieldReader {
  const read = readOf(of)
  const wire = wireOf(of)
  return {
    name,
    wire: LENGTH,
    take: (reader, end, target, depth) => {
      const map = (target[name] ??= {}) as Record<string, unknown>
      const limit = reader.limit(end)
      let key = ''
      let value: unknown
      while (reader.at < limit) {
        const tag = reader.tag(limit)
        if (tag === 0x0a) key = reader.string(limit)
        else if (tag === ((2 << 3) | wire)) value = read(reader, limit, depth, undefined)
        else reader.skip(tag & 7, limit)
      }
      if (key === '__proto__') throw new MalformedInput('the name "__proto__" is not accepted')
      map[key] = value ?? emptyOf(of)
    },
  }
}

/** What a map entry without a value holds. */
function emptyOf(node: TypeNode): unknown {
  switch (node.type) {
    case 'string':
    case 'bytes':
      return ''
    case 'quantity':
      return '0'
    case 'list':
      return []
    case 'binary':
      return new Uint8Array()
    case 'message': {
      const value: Record<string, unknown> = {}
      fillAbsent(node.message(), value)
      return value
    }
    default:
      return zeroOf(node) ?? null
  }
}

function wireOf(node: TypeNode): number {
  switch (node.type) {
    case 'bool':
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'wideInt64':
    case 'wideUint64':
    case 'enumeration':
      return VARINT
    case 'double':
      return FIXED64
    case 'float':
      return FIXED32
    default:
      return LENGTH
  }
}

function readOf(node: TypeNode): Read {
  switch (node.type) {
    case 'string':
      return (reader, end) => reader.string(end)
    case 'bool':
      return (reader, end) => reader.varint(end) !== 0
    case 'int32':
      return (reader, end) => reader.int32(end)
    case 'int64':
      return (reader, end) => reader.int64(end)
    case 'uint32':
      return (reader, end) => reader.varint(end) % 2 ** 32
    case 'uint64':
      return (reader, end) => reader.varint(end)
    case 'wideInt64':
      return (reader, end) => BigInt.asIntN(64, reader.wideVarint(end))
    case 'wideUint64':
      return (reader, end) => reader.wideVarint(end)
    case 'double':
      return (reader, end) => reader.double(end)
    case 'float':
      return (reader, end) => reader.float(end)
    case 'enumeration': {
      const names = new Map(Object.entries(node.numbers).map(([name, number]) => [number, name]))
      return (reader, end) => {
        const number = reader.int32(end)
        return names.get(number) ?? String(number)
      }
    }
    case 'bytes':
      return (reader, end) => reader.bytes(end).toString('base64')
    case 'binary':
      return (reader, end) => Uint8Array.from(reader.bytes(end))
    case 'quantity':
      return (reader, end) => field1(reader, end) ?? '0'
    case 'time':
      return (reader, end) => readTime(reader, reader.limit(end), 'time')
    case 'microTime':
      return (reader, end) => readTime(reader, reader.limit(end), 'microTime')
    case 'duration':
      return readDuration
    case 'intOrString':
      return readIntOrString
    case 'raw':
    case 'json':
    case 'fieldsV1':
      return (reader, end) => {
        const text = field1Bytes(reader, end)
        return text === undefined || text.length === 0 ? undefined : (parseJson(text).value ?? undefined)
      }
    case 'list': {
      const inner = listReader('items', node.of)
      return (reader, end, depth) => readMembers(reader, end, depth, inner, [])
    }
    case 'map': {
      const inner = mapReader('items', node.of)
      return (reader, end, depth) => readMembers(reader, end, depth, inner, {})
    }
    case 'variant': {
      const inner = new Map([
        [node.number, fieldReader(variantField('schema', node.number, { type: 'message', message: node.message }))],
        [node.otherNumber, fieldReader(variantField('other', node.otherNumber, node.other))],
      ])
      return (reader, end, depth) => {
        const limit = reader.limit(end)
        const target: Record<string, unknown> = {}
        while (reader.at < limit) {
          const tag = reader.tag(limit)
          const member = inner.get(tag >>> 3)
          if (member?.wire === (tag & 7)) member.take(reader, limit, target, depth + 1)
          else reader.skip(tag & 7, limit)
        }
        return target.schema ?? target.other ?? zeroOf(node.other)
      }
    }
    case 'message': {
      let decoder: Decoder | undefined
      return (reader, end, depth, before) => {
        // A struct filled in for an earlier piece of the same message may be shared: copy what is added to.
        const target: Record<string, unknown> = before === undefined ? {} : { ...(before as object) }
        ;(decoder ??= messageDecoder(node.message()))(reader, reader.limit(end), target, depth)
        return target
      }
    }
  }
}

function variantField(name: string, number: number, node: TypeNode): Field {
  return { name, number, node, presence: 'optional', inline: false, keepsZero: true, doc: '' }
}

/** A list or map that stands in a message of its own. */
function readMembers(reader: ProtobufReader, end: number, depth: number, inner: FieldReader, empty: unknown): unknown {
  const limit = reader.limit(end)
  const target: Record<string, unknown> = { items: empty }
  while (reader.at < limit) {
    const tag = reader.tag(limit)
    if (tag === ((1 << 3) | inner.wire)) inner.take(reader, limit, target, depth)
    else reader.skip(tag & 7, limit)
  }
  return target.items
}

function field1Bytes(reader: ProtobufReader, end: number): Uint8Array | undefined {
  const limit = reader.limit(end)
  let bytes: Uint8Array | undefined
  while (reader.at < limit) {
    const tag = reader.tag(limit)
    if (tag === 0x0a) bytes = reader.bytes(limit)
    else reader.skip(tag & 7, limit)
  }
  return bytes
}

function field1(reader: ProtobufReader, end: number): string | undefined {
  const bytes = field1Bytes(reader, end)
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Go's latest representable instant in RFC 3339: the last second of the year 9999, and the first of year 1. */
const SECONDS_MAX = 253402300799
const SECONDS_MIN = -62135596800

/** An empty message is Go's zero time, which counts as absent. */
function readTime(reader: ProtobufReader, limit: number, precision: 'time' | 'microTime'): string | undefined {
  let seconds = 0
  let nanos = 0
  let any = false
  while (reader.at < limit) {
    const tag = reader.tag(limit)
    any = true
    if (tag === 0x08) seconds = reader.int64(limit)
    else if (tag === 0x10) nanos = reader.int32(limit)
    else reader.skip(tag & 7, limit)
  }
  if (!any || seconds === SECONDS_MIN) return undefined
  if (seconds > SECONDS_MAX || seconds < SECONDS_MIN || nanos < 0 || nanos > 999_999_999)
    throw new MalformedInput('proto: time out of range')
  return formatTime({ seconds, nanos }, precision)
}

const readDuration: Read = (reader, end) => {
  const limit = reader.limit(end)
  let nanos = 0n
  while (reader.at < limit) {
    const tag = reader.tag(limit)
    if (tag === 0x08) nanos = BigInt.asIntN(64, reader.wideVarint(limit))
    else reader.skip(tag & 7, limit)
  }
  return formatDuration(nanos)
}

const readIntOrString: Read = (reader, end) => {
  const limit = reader.limit(end)
  let isText = false
  let number = 0
  let text = ''
  while (reader.at < limit) {
    const tag = reader.tag(limit)
    if (tag === 0x08) isText = reader.varint(limit) === 1
    else if (tag === 0x10) number = reader.int32(limit)
    else if (tag === 0x1a) text = reader.string(limit)
    else reader.skip(tag & 7, limit)
  }
  return isText ? text : number
}
