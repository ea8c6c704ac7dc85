/** The compiled protobuf codec: for each message, a chain of closures built when it is first met. */

import type { Message } from './message.ts'
import { messageEncoder } from './protobuf-encode.ts'
import { messageDecoder } from './protobuf-decode.ts'
import { LENGTH, ProtobufReader } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { MalformedInput } from './malformed-input.ts'

/** What a body of `application/vnd.kubernetes.protobuf` begins with. */
const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0x00)

/** A value's bytes, in upstream's order of fields; what is absent in the value is absent in the bytes. */
export function encodeMessage(message: Message, value: object): Uint8Array {
  const writer = new ProtobufWriter()
  messageEncoder(message)(writer, value)
  return writer.finish()
}

/**
 * The value, as `decode` would make it of the same value's JSON: unknown fields skipped, zeros dropped, structs filled in.
 * Throws MalformedInput.
 */
export function decodeMessage(message: Message, bytes: Uint8Array): Record<string, unknown> {
  const reader = new ProtobufReader(bytes)
  const value: Record<string, unknown> = {}
  messageDecoder(message)(reader, reader.end, value, 0)
  return value
}

/** An object as a body: magic, kind, bytes. */
export function encodeEnvelope(object: { readonly apiVersion?: string; readonly kind?: string }, message: Message): Uint8Array {
  return wrapEnvelope(object.apiVersion ?? '', object.kind ?? '', encodeMessage(message, object))
}

/** The body around a message's bytes, which may be cached ones. */
export function wrapEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const writer = new ProtobufWriter()
  writer.bytes(NO_CONTENT_TYPE)
  lengthDelimited(writer, 2, raw)
  const types = new ProtobufWriter()
  text(types, 2, kind)
  text(types, 1, apiVersion)
  lengthDelimited(writer, 1, types.finish())
  writer.bytes(MAGIC)
  return writer.finish()
}

export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  /** A view of the input. */
  readonly raw: Uint8Array
}

/** Opens a body; throws MalformedInput when it is none. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (!hasMagic(bytes)) throw new MalformedInput('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  const reader = new ProtobufReader(bytes.subarray(MAGIC.length))
  let [apiVersion, kind] = ['', '']
  let raw: Uint8Array = new Uint8Array()
  each(reader, reader.end, (number) => {
    if (number === 2) raw = reader.bytes(reader.end)
    else if (number === 1) {
      const limit = reader.limit(reader.end)
      each(reader, limit, (n) => {
        if (n === 1) apiVersion = reader.string(limit)
        else if (n === 2) kind = reader.string(limit)
        else return false
        return true
      })
    } else return false
    return true
  })
  return { apiVersion, kind, raw }
}

/** Whether a body is protobuf at all. */
export function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((b, i) => bytes[i] === b)
}

/**
 * A list's body in the parts that follow each other: `metadata` and each item, as bytes of their messages (no envelopes), are
 * handed on as they are, since a long list copied is most of its cost.
 */
export function encodeList(apiVersion: string, kind: string, metadata: Uint8Array, items: readonly Uint8Array[]): readonly Uint8Array[] {
  let total = 1 + varintLength(metadata.length) + metadata.length
  for (const { length } of items) total += 1 + varintLength(length) + length
  const types = new ProtobufWriter()
  text(types, 2, kind)
  text(types, 1, apiVersion)
  const front = new ProtobufWriter()
  front.varint(total)
  front.varint((2 << 3) | LENGTH)
  lengthDelimited(front, 1, types.finish())
  front.bytes(MAGIC)
  const heads = new Uint8Array((items.length + 1) * ITEM_HEAD_BYTES_MAX)
  let at = 0
  const head = (tag: number, { length }: Uint8Array): Uint8Array => {
    const start = at
    heads[at++] = tag
    for (; length > 0x7f; length >>>= 7) heads[at++] = (length & 0x7f) | 0x80
    heads[at++] = length
    return heads.subarray(start, at)
  }
  const parts = [front.finish(), head(0x0a, metadata), metadata]
  for (const item of items) parts.push(head(0x12, item), item)
  parts.push(NO_CONTENT_TYPE)
  return parts
}

const ITEM_HEAD_BYTES_MAX = 6
// Upstream always writes the empty contentType and contentEncoding.
const NO_CONTENT_TYPE = Uint8Array.of(0x1a, 0, 0x22, 0)

/** The parts of a list's message (not of its envelope), as views. */
export function decodeList(bytes: Uint8Array): { readonly metadata: Uint8Array; readonly items: readonly Uint8Array[] } {
  const reader = new ProtobufReader(bytes)
  let metadata: Uint8Array = new Uint8Array()
  const items: Uint8Array[] = []
  each(reader, reader.end, (number) => {
    if (number === 1) metadata = reader.bytes(reader.end)
    else if (number === 2) items.push(reader.bytes(reader.end))
    else return false
    return true
  })
  return { metadata, items }
}

/** One frame of `application/vnd.kubernetes.protobuf;stream=watch`: four bytes of length, then a WatchEvent around an envelope. */
export function encodeWatchFrame(type: string, envelope: Uint8Array): Uint8Array {
  const writer = new ProtobufWriter()
  const object = new ProtobufWriter()
  lengthDelimited(object, 1, envelope)
  lengthDelimited(writer, 2, object.finish())
  text(writer, 1, type)
  const { length } = writer
  writer.bytes(Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length))
  return writer.finish()
}

/** What a frame's body (without its four bytes) holds. */
export function decodeWatchEvent(bytes: Uint8Array): { readonly type: string; readonly envelope: Uint8Array } {
  const reader = new ProtobufReader(bytes)
  let type = ''
  let envelope: Uint8Array = new Uint8Array()
  each(reader, reader.end, (number) => {
    if (number === 1) type = reader.string(reader.end)
    else if (number === 2) {
      const limit = reader.limit(reader.end)
      each(reader, limit, (n) => {
        if (n !== 1) return false
        envelope = reader.bytes(limit)
        return true
      })
    } else return false
    return true
  })
  return { type, envelope }
}

/** Calls `take` for each length-delimited field; what it does not take, and every other wire type, is skipped. */
function each(reader: ProtobufReader, end: number, take: (number: number) => boolean): void {
  while (reader.at < end) {
    const tag = reader.tag(end)
    if ((tag & 7) !== LENGTH || !take(tag >>> 3)) reader.skip(tag & 7, end)
  }
}

function lengthDelimited(writer: ProtobufWriter, number: number, bytes: Uint8Array): void {
  writer.bytes(bytes)
  writer.varint(bytes.length)
  writer.varint((number << 3) | LENGTH)
}

function text(writer: ProtobufWriter, number: number, value: string): void {
  const before = writer.length
  writer.string(value)
  writer.varint(writer.length - before)
  writer.varint((number << 3) | LENGTH)
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}
