/** Puts the handler on the wire: requests in, encoded answers out. */

import { ANONYMOUS } from '#apiserver/authentication/authenticator.ts'
import { answerFor, statusAnswer } from '#apiserver/filters/failure.ts'
import type { Handler, Incoming } from '#apiserver/filters/handler.ts'
import { encodeAnswer, type Encoded } from '#apiserver/encode/encode.ts'
import { refusal } from '#apiserver/endpoints/errors.ts'
import type { ApiMetrics } from '#apiserver/endpoints/metrics.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { StatusError } from '#client/client.ts'
import { BodyTooLarge, serveHttps, type WireAnswer, type WireRequest, type WireServer } from '#wire/https-server.ts'
import type { ListenerChoice, TlsMaterial } from '#wire/listener.ts'

export interface ServeApiParts extends ListenerChoice {
  readonly handler: Handler
  readonly tls: () => TlsMaterial
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Pick<ApiMetrics, 'sent' | 'handshakeFailed'>
  /** Whether the client of a request is asked to connect anew, perhaps to another server. */
  readonly goAway?: () => boolean
  readonly encode?: (answer: Answer, context: RequestContext) => Promise<Encoded>
}

/** Listens and serves the API. Throws `CannotListen`. */
export function serveApi(parts: ServeApiParts): Promise<WireServer> {
  const encode = parts.encode ?? encodeAnswer
  return serveHttps({
    tls: parts.tls,
    ...(parts.tlsOptions && { tlsOptions: parts.tlsOptions }),
    ...(parts.streamsPerConnectionMax !== undefined && { streamsPerConnectionMax: parts.streamsPerConnectionMax }),
    host: parts.host,
    port: parts.port,
    clock: parts.clock,
    log: parts.log,
    ...(parts.metrics && { onHandshakeError: parts.metrics.handshakeFailed }),
    async handle(request): Promise<WireAnswer> {
      const { answer, context } = await parts.handler(incoming(request))
      const encoded = await encoded_(encode, answer, context, parts.log)
      if (encoded.type === 'upgrade') return encoded
      const bytes = sizeOf(encoded.body)
      if (bytes !== undefined) parts.metrics?.sent(context, bytes)
      const auditId: Readonly<Record<string, string>> = context.auditId === undefined ? {} : { 'audit-id': context.auditId }
      return {
        ...encoded,
        goAway: isStranger(context) || parts.goAway?.() === true,
        headers: { ...ALWAYS, ...auditId, ...flowHeaders(context), ...warningHeader(context.warnings), ...encoded.headers },
      }
    },
  })
}

/**
 * Nobody in particular keeps an HTTP/2 connection, which would let them have many requests begun and reset for the price of one
 * handshake (CVE-2023-44487); upstream's UnauthenticatedHTTP2DOSMitigation.
 */
function isStranger({ user }: RequestContext): boolean {
  return user.username === undefined || user.username === ANONYMOUS.username
}

/** Unknown for streams. */
function sizeOf(body: Extract<Encoded, { type: 'response' }>['body']): number | undefined {
  if (body instanceof Uint8Array) return body.length
  return Array.isArray(body) ? (body as readonly Uint8Array[]).reduce((sum, part) => sum + part.length, 0) : undefined
}

// what is read now may be somebody else's to read later, and nothing is to be kept on the way
const ALWAYS = { 'cache-control': 'no-cache, private' }

/** The answer encoded as the caller asked; a caller that accepts nothing of what there is gets the refusal in JSON. */
async function encoded_(encode: NonNullable<ServeApiParts['encode']>, answer: Answer, context: RequestContext, log: Log): Promise<Encoded> {
  try {
    return await encode(answer, context)
  } catch (error) {
    const failure = error instanceof StatusError ? statusAnswer(error) : answerFor(error, context, log)
    if (failure.type !== 'object') throw error
    return {
      type: 'response',
      status: failure.status,
      headers: { ...failure.headers, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(failure.object)),
    }
  }
}

/** Tells callers which priority level and flow schema they met. */
function flowHeaders({ flow }: RequestContext): Readonly<Record<string, string>> {
  return flow === undefined ? {} : { 'x-kubernetes-pf-flowschema-uid': flow.schemaUid, 'x-kubernetes-pf-prioritylevel-uid': flow.levelUid }
}

/** RFC 7234's Warning header, several in one. */
function warningHeader(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {}
  const quoted = [...new Set(warnings)].map((w) => `299 - "${w.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/[\\"]/g, '\\$&')}"`)
  return { warning: asciiOnly(quoted.join(', ')) }
}

const asciiOnly = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?')

function incoming(request: WireRequest): Incoming {
  const { method, path, query, headers, signal, abort } = request
  return {
    method,
    path,
    query,
    headers,
    signal,
    abort,
    body: request.hasBody ? { type: 'bytes', contentType: headers['content-type'] ?? '', read: () => readBody(request) } : { type: 'none' },
    peer: { type: 'network', address: request.address, ...(request.certificate && { certificate: request.certificate }) },
  }
}

async function readBody(request: WireRequest): Promise<Uint8Array> {
  try {
    return await request.readBody()
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error
    throw refusal({ code: 413, reason: 'RequestEntityTooLarge', message: error.message }, error)
  }
}
