/** Builds a message's encoder: fields from the highest number to the lowest, since the writer goes backwards. */

import { parseDuration } from './duration.ts'
import { parseTime, type Timestamp } from './go-time.ts'
import type { Field, Message, TypeNode, VariantNode } from './message.ts'
import { FIXED32, FIXED64, LENGTH, VARINT } from './protobuf-reader.ts'
import { zeroOf } from './presence.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'

export type Encoder = (writer: ProtobufWriter, value: object) => void

/** Writes one value without its tag: of scalars the payload, of everything else length and bytes. */
type Write = (writer: ProtobufWriter, value: never) => void
type Step = (writer: ProtobufWriter, value: Record<string, unknown>) => void

const encoders = new WeakMap<Message, Encoder>()

export function messageEncoder(message: Message): Encoder {
  const known = encoders.get(message)
  if (known !== undefined) return known
  let steps: readonly Step[] = []
  const encoder: Encoder = (writer, value) => {
    for (const step of steps) step(writer, value as Record<string, unknown>)
  }
  encoders.set(message, encoder)
  steps = message.fields.toSorted((a, b) => b.number - a.number).map((f) => stepOf(f, message))
  return encoder
}

function stepOf(field: Field, message: Message): Step {
  const { name, node } = field
  if (field.inline) {
    const write = writeOf(node)
    const tag = (field.number << 3) | LENGTH
    return (writer, value) => {
      write(writer, value as never)
      writer.varint(tag)
    }
  }
  const write = fieldWrite(field.number, node, message.syntax === 'proto3')
  const zero = message.syntax === 'proto3' && !field.keepsZero ? zeroOf(node) : undefined
  return (writer, value) => {
    const member = value[name]
    if (member === undefined || member === null || (zero !== undefined && member === zero)) return
    write(writer, member as never)
  }
}

/** Writes a field with its tags: once, or once for each element. */
function fieldWrite(number: number, node: TypeNode, packs: boolean): Write {
  if (node.type === 'list' && !node.wrapped) return listWrite(number, node.of, packs)
  if (node.type === 'map') return mapWrite(number, node.of)
  const write = writeOf(node)
  const tag = (number << 3) | wireOf(node)
  return (writer, value) => {
    write(writer, value)
    writer.varint(tag)
  }
}

function listWrite(number: number, of: TypeNode, packs: boolean): Write {
  const write = writeOf(of)
  const wire = wireOf(of)
  const tag = (number << 3) | wire
  if (packs && wire !== LENGTH)
    return (writer, value: readonly unknown[]) => {
      if (value.length === 0) return
      const before = writer.length
      for (let i = value.length - 1; i >= 0; i--) write(writer, value[i] as never)
      writer.varint(writer.length - before)
      writer.varint((number << 3) | LENGTH)
    }
  return (writer, value: readonly unknown[]) => {
    for (let i = value.length - 1; i >= 0; i--) {
      write(writer, value[i] as never)
      writer.varint(tag)
    }
  }
}

function mapWrite(number: number, of: TypeNode): Write {
  const write = writeOf(of)
  const valueTag = (2 << 3) | wireOf(of)
  const tag = (number << 3) | LENGTH
  return (writer, value: Readonly<Record<string, unknown>>) => {
    const keys = Object.keys(value).sort()
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i]!
      const before = writer.length
      write(writer, value[key] as never)
      writer.varint(valueTag)
      writeString(writer, key)
      writer.byte(0x0a)
      writer.varint(writer.length - before)
      writer.varint(tag)
    }
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

function writeOf(node: TypeNode): Write {
  switch (node.type) {
    case 'string':
      return writeString
    case 'bool':
      return (writer, value: boolean) => writer.byte(value ? 1 : 0)
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return (writer, value: number) => writer.varint(value)
    case 'wideInt64':
    case 'wideUint64':
      return (writer, value: bigint) => writer.wideVarint(value)
    case 'double':
      return (writer, value: number) => writer.double(value)
    case 'float':
      return (writer, value: number) => writer.float(value)
    case 'enumeration':
      return (writer, value: string) => writer.varint(node.numbers[value] ?? Number(value))
    case 'bytes':
      return (writer, value: string) => writeBytes(writer, Buffer.from(value, 'base64'))
    case 'binary':
      return writeBytes
    case 'quantity':
      return wrapped((writer, value: string) => field1(writer, value))
    case 'time':
      // Go's zero time, null where a map or list holds it, is an empty message.
      return wrapped((writer, value: string | null) => {
        if (value !== null) writeTime(writer, instantOf(value, 'time').seconds, 0)
      })
    case 'microTime':
      return wrapped((writer, value: string | null) => {
        if (value === null) return
        const { seconds, nanos } = instantOf(value, 'microTime')
        writeTime(writer, seconds, nanos)
      })
    case 'duration':
      return wrapped((writer, value: string) => {
        writer.wideVarint(parseDuration(value) ?? 0n)
        writer.byte(0x08)
      })
    case 'intOrString':
      return wrapped(writeIntOrString)
    case 'raw':
    case 'json':
    case 'fieldsV1':
      return wrapped((writer, value: unknown) => field1(writer, JSON.stringify(value)))
    case 'list':
      return wrapped(listWrite(1, node.of, false))
    case 'map':
      return wrapped(mapWrite(1, node.of))
    case 'variant':
      return wrapped(variantWrite(node))
    case 'message': {
      let encoder: Encoder | undefined
      return wrapped((writer, value: object) => (encoder ??= messageEncoder(node.message()))(writer, value))
    }
  }
}

function variantWrite({ message, number, other, otherNumber, beside }: VariantNode): Write {
  const writeOther = fieldWrite(otherNumber, other, false)
  const writeMessage = fieldWrite(number, { type: 'message', message }, false)
  return (writer, value: unknown) => {
    const isMessage = typeof value === 'object' && !Array.isArray(value)
    const parts: (() => void)[] = []
    if (isMessage) parts.push(() => writeMessage(writer, value as never))
    if (!isMessage || beside !== undefined) parts.push(() => writeOther(writer, (isMessage ? beside : value) as never))
    // Backwards, as everything: the greater number first.
    if (otherNumber > number) parts.reverse()
    for (const part of parts) part()
  }
}

/** What is written, with its length before it. */
function wrapped<T>(write: (writer: ProtobufWriter, value: T) => void): Write {
  return (writer, value: T) => {
    const before = writer.length
    write(writer, value)
    writer.varint(writer.length - before)
  }
}

function writeString(writer: ProtobufWriter, value: string): void {
  const before = writer.length
  writer.string(value)
  writer.varint(writer.length - before)
}

function writeBytes(writer: ProtobufWriter, value: Uint8Array): void {
  writer.bytes(value)
  writer.varint(value.length)
}

function field1(writer: ProtobufWriter, value: string): void {
  writeString(writer, value)
  writer.byte(0x0a)
}

function writeTime(writer: ProtobufWriter, seconds: number, nanos: number): void {
  writer.varint(nanos)
  writer.byte(0x10)
  writer.varint(seconds)
  writer.byte(0x08)
}

/** Spares the parser for what our own decoders write. */
const CANONICAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function instantOf(text: string, precision: 'time' | 'microTime'): Timestamp {
  if (precision === 'time' && CANONICAL_TIME.test(text)) return { seconds: Date.parse(text) / 1000, nanos: 0 }
  const instant = parseTime(text, precision)
  if (typeof instant === 'string') throw new Error(instant)
  return instant
}

function writeIntOrString(writer: ProtobufWriter, value: string | number): void {
  const isText = typeof value === 'string'
  writeString(writer, isText ? value : '')
  writer.byte(0x1a)
  writer.varint(isText ? 0 : value)
  writer.byte(0x10)
  writer.byte(isText ? 1 : 0)
  writer.byte(0x08)
}
