/** The handler as a client's transport: the same steps as over the network, without TLS, bytes and copies. */

import type { Answer, PublishedEvent } from '#apiserver/answer.ts'
import type { Handler } from '#apiserver/filters/handler.ts'
import type { RequestBody } from '#apiserver/request-context.ts'
import { TransportError } from '#client/client.ts'
import type { ApiRequest, ApiResponse, Identity, RawWatchEvent, Transport } from '#client/transport.ts'
import { watchLines } from '#client/watch-lines.ts'

/** Calls `handler` as `user`. Objects are handed over as they are, both ways; nobody may modify them. */
export function inProcessTransport(handler: Handler, user: Identity): Transport {
  const closed = new AbortController()
  return {
    async request(request) {
      const signal = request.signal
      if (closed.signal.aborted) throw new TransportError('the connection is closed')
      if (signal?.aborted) throw new TransportError('the call was given up', { cause: signal.reason })
      const { answer } = await handler({
        method: request.method,
        path: request.path,
        query: request.query ?? new URLSearchParams(),
        headers: lowerCase(request.headers ?? {}),
        body: bodyOf(request),
        peer: { type: 'process', user },
        signal: signal ?? closed.signal,
      })
      return responseOf(answer, request, signal ?? closed.signal)
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error('the connection is closed'))
    },
  }
}

function bodyOf(request: ApiRequest): RequestBody {
  const { body } = request
  if (body === undefined) return { type: 'none' }
  const contentType = lowerCase(request.headers ?? {})['content-type'] ?? 'application/json'
  if ('object' in body) return { type: 'object', contentType, object: body.object }
  return { type: 'bytes', contentType, read: async () => body.bytes }
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function responseOf(answer: Answer, request: ApiRequest, signal: AbortSignal): ApiResponse | Promise<ApiResponse> {
  switch (answer.type) {
    case 'object':
      return { status: answer.status, headers: answer.headers ?? {}, body: { type: 'object', object: answer.object } }
    case 'list':
      return {
        status: 200,
        headers: {},
        body: {
          type: 'object',
          object: {
            kind: `${answer.resource.kind}List`,
            apiVersion: answer.resource.apiVersion,
            metadata: answer.metadata,
            items: answer.items.map((p) => p.object),
          },
        },
      }
    case 'watch':
      return { status: 200, headers: {}, body: { type: 'watch', events: decoded(answer.events) } }
    case 'bytes':
      return bytesResponse(answer, request, signal)
    case 'upgrade':
      throw new TransportError('a connection cannot be taken over within the process')
    default:
      return answer satisfies never
  }
}

async function* decoded(batches: AsyncIterable<readonly PublishedEvent[]>): AsyncIterable<readonly RawWatchEvent[]> {
  for await (const batch of batches) yield batch.map(rawEvent)
}

function rawEvent(event: PublishedEvent): RawWatchEvent {
  switch (event.type) {
    case 'BOOKMARK':
      return { type: 'BOOKMARK', object: event.object }
    case 'ERROR':
      return { type: 'ERROR', object: event.error }
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.published.object }
    default:
      return event satisfies never
  }
}

/** What is JSON comes out as values, as it would from any other transport: documents kept as text, answers of other servers. */
function bytesResponse(
  answer: Extract<Answer, { type: 'bytes' }>,
  { query }: ApiRequest,
  signal: AbortSignal,
): ApiResponse | Promise<ApiResponse> {
  const { status, headers, body } = answer
  const whole = typeof body === 'string' ? Buffer.from(body) : body instanceof Uint8Array ? body : undefined
  const stream = whole === undefined ? (body as AsyncIterable<Uint8Array>) : once(whole, signal)
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return { status, headers, body: { type: 'bytes', stream } }
  const watching = query?.get('watch')
  if (watching && watching !== 'false' && watching !== '0' && status < 300)
    return { status, headers, body: { type: 'watch', events: watchLines(stream) } }
  return read(stream).then((text) => ({
    status,
    headers,
    body: text === '' ? { type: 'none' } : { type: 'object', object: JSON.parse(text) as unknown },
  }))
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  } catch (error) {
    throw new TransportError(`the answer was cut: ${(error as Error).message}`, { cause: error })
  }
}

async function* once(bytes: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (!signal.aborted && bytes.length > 0) yield bytes
}
