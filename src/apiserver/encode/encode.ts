/** Turns an answer into what goes over the wire, in the media type the caller asked for. */

import type { Duplex } from 'node:stream'
import {
  CBOR_TYPE,
  JSON_TYPE,
  negotiate,
  PROTOBUF_TYPE,
  STREAM_CONTENT_TYPES,
  YAML_TYPE,
  type Choice,
  type StreamType,
} from './negotiate.ts'
import { eventBytes, frame, itemBytes, publishedBytes, valueBytes, type AnyObject } from './object-bytes.ts'
import { tableAnswer } from './table-answer.ts'
import { wantsWebSocket, watchOverSocket } from './watch-socket.ts'
import type { Answer, PublishedEvent } from '#apiserver/answer.ts'
import type { Published } from '#apiserver/cache/published.ts'
import { StatusError } from '#client/client.ts'
import { internalError, notAcceptableForm } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { ListMeta } from '#api/meta/v1/list-meta.ts'
import { PartialObjectMetadata } from '#api/meta/v1/partial-object-metadata.ts'
import { encodeCborItem, encodeCborList } from '#schema/cbor-encode.ts'
import { encodeList, encodeMessage, wrapEnvelope } from '#schema/protobuf.ts'
import { listKindOf, type KubeObject, type Resource } from '#schema/resource.ts'

/** Ready to be written: `body` is whole bytes (maybe empty), at once or in parts, or a stream to be flushed chunk by chunk. */
export type Encoded =
  | {
      readonly type: 'response'
      readonly status: number
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array | string>
    }
  | { readonly type: 'upgrade'; readonly connect: (client: Duplex, head: Uint8Array) => Promise<void> }

type Asked = Pick<RequestContext, 'headers' | 'query' | 'received' | 'cbor'>

/** Throws `StatusError` 406 when nothing acceptable can be produced; `encodeFailure` then answers in JSON. */
export async function encodeAnswer(answer: Answer, ctx: Asked): Promise<Encoded> {
  switch (answer.type) {
    case 'object':
      return encodeObject(answer, ctx)
    case 'list':
      return encodeListAnswer(answer, ctx)
    case 'watch':
      return encodeWatch(answer, ctx)
    case 'bytes':
      return {
        type: 'response',
        status: answer.status,
        headers: answer.headers,
        body: typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body,
      }
    case 'upgrade':
      return answer
  }
}

/** A refusal as its Status, in what the caller takes or else in JSON; anything that is no refusal is a 500. */
export function encodeFailure(error: unknown, ctx: Asked): Encoded {
  const { status } = error instanceof StatusError ? error : internalError(error)
  const retry = status.details?.retryAfterSeconds
  return encodeObject(
    {
      type: 'object',
      status: status.code ?? 500,
      object: status,
      ...(retry !== undefined && { headers: { 'retry-after': String(retry) } }),
    },
    ctx,
  )
}

/** A list as one value, for callers within the process. */
export function listValue(answer: Extract<Answer, { type: 'list' }>): object {
  return {
    kind: listKindOf(answer.resource),
    apiVersion: answer.resource.apiVersion,
    metadata: answer.metadata,
    items: answer.items.map((item) => item.object),
  }
}

function encodeObject(answer: Extract<Answer, { type: 'object' }>, ctx: Asked): Encoded {
  const { published, object, resource } = answer
  const isStatus = (object as AnyObject).kind === 'Status'
  const choice = isStatus ? lenient(ctx) : negotiate(ctx.headers['accept'], 'object', ctx.cbor, isCustom(resource))
  const pretty = choice.mediaType === JSON_TYPE && wantsPretty(ctx, choice)
  if (choice.as === 'PartialObjectMetadataList' && resource)
    throw notAcceptableForm(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType(resource, '')})`)
  const body =
    choice.as === 'Table' && resource
      ? valueBytes(tableAnswer(resource, [object as KubeObject], {}, ctx, choice.version), choice.mediaType, pretty)
      : choice.as === 'PartialObjectMetadata' && resource
        ? valueBytes(metadataOnly(object as KubeObject, choice.version), choice.mediaType, pretty)
        : published
          ? publishedBytes(published, choice.mediaType, pretty)
          : valueBytes(object, choice.mediaType, pretty)
  return {
    type: 'response',
    status: answer.status,
    headers: { 'cache-control': 'no-cache, private', ...answer.headers, 'content-type': choice.mediaType },
    body,
  }
}

/** A resource that was defined at run time has no protobuf form. */
function isCustom(resource: Resource | undefined): boolean {
  return resource?.type.schema.custom !== undefined
}

/** Errors are always told, in JSON if nothing else fits. */
function lenient(ctx: Asked): Choice {
  try {
    return negotiate(ctx.headers['accept'], 'plain', ctx.cbor)
  } catch {
    return negotiate(undefined, 'plain')
  }
}

function encodeListAnswer(answer: Extract<Answer, { type: 'list' }>, ctx: Asked): Encoded {
  const choice = negotiate(ctx.headers['accept'], 'object', ctx.cbor, isCustom(answer.resource))
  if (choice.as === 'PartialObjectMetadata')
    throw notAcceptableForm(`you requested PartialObjectMetadata, but the requested object is a list (${goType(answer.resource, 'List')})`)
  return {
    type: 'response',
    status: 200,
    headers: { 'cache-control': 'no-cache, private', 'content-type': choice.mediaType },
    body: listBytes(answer, choice, choice.mediaType === JSON_TYPE && wantsPretty(ctx, choice), ctx),
  }
}

/** As Go prints the type: `*core.PodList`. */
function goType({ group, kind, type }: Resource, suffix: 'List' | ''): string {
  if (type.schema.custom) return `*unstructured.Unstructured${suffix}`
  return `*${group === '' ? 'core' : group.split('.')[0]!}.${kind}${suffix}`
}

function listBytes(
  answer: Extract<Answer, { type: 'list' }>,
  { as, mediaType, version }: Choice,
  pretty: boolean,
  ctx: Asked,
): Uint8Array | readonly Uint8Array[] {
  const { resource, items } = answer
  // upstream's lists of custom resources always say how they go on, if only with nothing
  const metadata = as === 'object' && isCustom(resource) ? { continue: '', ...answer.metadata } : answer.metadata
  if (as === 'Table')
    return valueBytes(
      tableAnswer(
        resource,
        items.map((i) => i.object),
        metadata,
        ctx,
        version,
      ),
      mediaType,
      pretty,
    )
  const partial = as === 'PartialObjectMetadataList'
  const [kind, apiVersion] = partial ? ['PartialObjectMetadataList', version] : [listKindOf(resource), resource.apiVersion]
  if (mediaType === YAML_TYPE || pretty) {
    const values = items.map(({ object }) => (partial ? metadataOnly(object, version) : isCustom(resource) ? object : withoutType(object)))
    return valueBytes({ kind, apiVersion, metadata, items: values }, mediaType, pretty)
  }
  const bytesOf = (item: Published) => (partial ? partialBytes(item, mediaType, version) : itemBytes(item, mediaType))
  if (mediaType === PROTOBUF_TYPE) return encodeList(apiVersion, kind, encodeMessage(ListMeta.schema, metadata), items.map(bytesOf))
  if (mediaType === CBOR_TYPE) return encodeCborList(apiVersion, kind, encodeCborItem(metadata), items.map(bytesOf))
  const head = Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`)
  const parts: Uint8Array[] = [head]
  for (const [i, item] of items.entries()) {
    if (i > 0) parts.push(COMMA)
    parts.push(bytesOf(item))
  }
  parts.push(LIST_END)
  return parts
}

const COMMA = Buffer.from(',')
const LIST_END = Buffer.from(']}\n')

function encodeWatch(answer: Extract<Answer, { type: 'watch' }>, ctx: Asked): Encoded {
  const choice = negotiate(ctx.headers['accept'], 'stream', ctx.cbor, isCustom(answer.resource))
  const mediaType = choice.mediaType as StreamType
  const frameOf = framing(answer, { ...choice, mediaType }, ctx)
  if (wantsWebSocket(ctx.headers))
    return watchOverSocket(
      mapped(answer.events, (events) => events.map(frameOf)),
      mediaType,
      ctx.headers,
    )
  return {
    type: 'response',
    status: 200,
    headers: { 'cache-control': 'no-cache, private', 'content-type': STREAM_CONTENT_TYPES[mediaType] },
    body: mapped(answer.events, (events) => (events.length === 1 ? frameOf(events[0]!) : Buffer.concat(events.map(frameOf)))),
  }
}

/** What turns an event of one watch into its bytes. */
function framing(
  { resource, sent }: Extract<Answer, { type: 'watch' }>,
  { as, mediaType, version }: Choice & { readonly mediaType: StreamType },
  ctx: Asked,
): (event: PublishedEvent) => Uint8Array {
  let first = true
  const frameOf = (event: PublishedEvent): Uint8Array => {
    if (event.type === 'ERROR') return frame('ERROR', valueBytes(event.error, mediaType, false), mediaType)
    if (as === 'Table') {
      const object = event.type === 'BOOKMARK' ? event.object : event.published.object
      const rows = event.type === 'BOOKMARK' ? [] : [object]
      const table = tableAnswer(resource, rows, { resourceVersion: object.metadata.resourceVersion }, ctx, version, first)
      first = false
      return frame(event.type, valueBytes(table, mediaType, false), mediaType)
    }
    if (as !== 'object') return frame(event.type, valueBytes(metadataOnly(objectOf(event), version), mediaType, false), mediaType)
    if (event.type === 'BOOKMARK') return frame('BOOKMARK', bookmarkBytes(resource, event.object, mediaType), mediaType)
    return eventBytes(event.type, event.published, mediaType)
  }
  if (!sent) return frameOf
  return (event) => {
    const bytes = frameOf(event)
    sent(bytes.length)
    return bytes
  }
}

/** Each item changed by `change`. Not a generator, which would cost each of a thousand watchers three promises more an event. */
function mapped<A, B>(items: AsyncIterable<A>, change: (item: A) => B): AsyncIterable<B> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = items[Symbol.asyncIterator]()
      const changed = (result: IteratorResult<A>): IteratorResult<B> =>
        result.done ? { done: true, value: undefined } : { done: false, value: change(result.value) }
      return {
        next: () => iterator.next().then(changed),
        async return() {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}

function objectOf(event: Exclude<PublishedEvent, { type: 'ERROR' }>): KubeObject {
  return event.type === 'BOOKMARK' ? event.object : event.published.object
}

function bookmarkBytes(resource: Resource, object: KubeObject, mediaType: StreamType): Uint8Array {
  return mediaType === PROTOBUF_TYPE ? itemEnvelope(resource, object) : valueBytes(object, mediaType, false)
}

function itemEnvelope(resource: Resource, object: KubeObject): Uint8Array {
  return wrapEnvelope(resource.apiVersion, resource.kind, encodeMessage(resource.type.schema, object))
}

export function metadataOnly(object: KubeObject, version: Choice['version'] = 'meta.k8s.io/v1'): object {
  return { kind: 'PartialObjectMetadata', apiVersion: version, metadata: object.metadata }
}

function partialBytes(published: Published, mediaType: StreamType, version: Choice['version']): Uint8Array {
  return published.bytes(`${mediaType};as=PartialObjectMetadata;${version}`, ({ object }) => {
    if (mediaType === PROTOBUF_TYPE) return encodeMessage(PartialObjectMetadata.schema, { metadata: object.metadata })
    const value = metadataOnly(object, version)
    return mediaType === CBOR_TYPE ? encodeCborItem(value) : Buffer.from(JSON.stringify(value))
  })
}

function withoutType(object: KubeObject): object {
  const { apiVersion: _, kind: __, ...rest } = object
  return rest
}

/** People at a terminal get indented JSON, as upstream does for the programs they use. */
function wantsPretty(ctx: Asked, choice: Choice): boolean {
  if (choice.pretty) return true
  const asked = ctx.query.get('pretty')
  if (asked) return ['1', 't', 'T', 'true', 'True', 'TRUE'].includes(asked)
  return /^(curl|Wget|Mozilla\/5\.0)/.test(ctx.headers['user-agent'] ?? '')
}
