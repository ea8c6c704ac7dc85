/** The bytes of one object in one media type, kept with the published object so that each is made once. */

import { dump } from 'js-yaml'
import { CBOR_TYPE, JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE, type MediaType, type StreamType } from './negotiate.ts'
import { messageOf } from './known-kinds.ts'
import type { Published } from '#apiserver/cache/published.ts'
import { notAcceptable } from '#apiserver/endpoints/errors.ts'
import { CBOR_MAGIC, encodeCbor, encodeCborItem, encodeCborWatchEvent } from '#schema/cbor-encode.ts'
import { encodeMessage, encodeWatchFrame, wrapEnvelope } from '#schema/protobuf.ts'

/** Any value that has `apiVersion` and `kind`. */
export interface AnyObject {
  readonly apiVersion?: string
  readonly kind?: string
}

/** A stored object. */
export function publishedBytes(published: Published, mediaType: MediaType, pretty: boolean): Uint8Array {
  const { kind, apiVersion } = published.resource
  if (pretty || mediaType === YAML_TYPE) return valueBytes(published.object, mediaType, pretty)
  if (mediaType === PROTOBUF_TYPE) return wrapEnvelope(apiVersion, kind, itemBytes(published, mediaType))
  if (mediaType === CBOR_TYPE)
    return published.bytes(`${CBOR_TYPE};whole`, ({ object, resource }) =>
      Buffer.concat([CBOR_MAGIC, encodeCborItem({ ...object, apiVersion, kind }, resource.type.schema)]),
    )
  const item = itemBytes(published, JSON_TYPE)
  if (published.resource.type.schema.custom) return item
  const head = Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)}`)
  return Buffer.concat([head, item.length > 2 ? COMMA : NOTHING, item.subarray(1)])
}

const COMMA = Buffer.from(',')
const NOTHING = Buffer.alloc(0)

/**
 * As an item of a list: without apiVersion and kind in JSON and CBOR (custom resources keep them there), without envelope in protobuf.
 * Remembered.
 */
export function itemBytes(published: Published, mediaType: StreamType): Uint8Array {
  return published.bytes(mediaType, ({ object, resource }) => {
    if (mediaType === PROTOBUF_TYPE) return encodeMessage(resource.type.schema, object)
    const { apiVersion: _, kind: __, ...rest } = object
    const item = resource.type.schema.custom ? { apiVersion: resource.apiVersion, kind: resource.kind, ...rest } : rest
    if (mediaType === CBOR_TYPE) return encodeCborItem(item, resource.type.schema)
    return Buffer.from(JSON.stringify(item))
  })
}

/** A value that is not kept: a Status, a Scale, a review. */
export function valueBytes(value: unknown, mediaType: MediaType, pretty: boolean): Uint8Array {
  switch (mediaType) {
    case JSON_TYPE:
      return Buffer.from(pretty ? `${JSON.stringify(value, null, 2)}\n` : JSON.stringify(value))
    case YAML_TYPE:
      return Buffer.from(dump(sortedMembers(value), { noRefs: true, lineWidth: -1, seqNoIndent: true }))
    case CBOR_TYPE:
      return encodeCbor(value, messageOf(value as AnyObject))
    case PROTOBUF_TYPE: {
      const object = value as AnyObject
      const message = messageOf(object)
      if (message === undefined) throw notAcceptable([JSON_TYPE, YAML_TYPE])
      return wrapEnvelope(object.apiVersion ?? '', object.kind ?? '', encodeMessage(message, object))
    }
  }
}

/** One watch event of a stored object, framed. Remembered: every watcher of this type gets the same bytes. */
export function eventBytes(type: string, published: Published, mediaType: StreamType): Uint8Array {
  return published.bytes(`${mediaType};watch=${type}`, () => frame(type, publishedBytes(published, mediaType, false), mediaType))
}

/** JSON frames end with a newline; protobuf's begin with their length; CBOR tells by itself where it ends. */
export function frame(type: string, object: Uint8Array, mediaType: StreamType): Uint8Array {
  if (mediaType === PROTOBUF_TYPE) return encodeWatchFrame(type, object)
  if (mediaType === CBOR_TYPE) return encodeCborWatchEvent(type, object)
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, FRAME_END])
}

const FRAME_END = Buffer.from('}\n')

/** Upstream's YAML comes from maps with sorted keys. */
function sortedMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedMembers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sortedMembers(v)]),
  )
}
