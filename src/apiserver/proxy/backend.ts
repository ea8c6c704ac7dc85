/** One proxied request: dials the backend, passes the caller's request on, and answers with what came back. */

import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Answer } from '#apiserver/answer.ts'
import { endpointAddressProblems } from '#api/core/v1/endpoint-address-rules.ts'
import { badRequest, refusal } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

/** What the API server shows to backends, in PEM. */
export interface ClientTls {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

export interface Backend {
  readonly protocol: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Percent-encoded as it goes over the wire. */
  readonly path: string
  readonly query: URLSearchParams
  /** Whether users say where it is: then it may not be this machine itself, or its neighbour on the link. */
  readonly guarded?: boolean
  /** Absent on https: any certificate is accepted and none is shown. */
  readonly tls?: ClientTls
}

export interface Dialing {
  readonly clock: Clock
  readonly log: Log
}

/** What the backend answered: an ordinary response, or 101 with the connection, whose first bytes may be there already. */
export type Dialed =
  | { readonly type: 'response'; readonly message: IncomingMessage }
  | { readonly type: 'upgraded'; readonly message: IncomingMessage; readonly socket: Duplex; readonly head: Uint8Array }

const DIAL_MS_MAX = 30_000

/**
 * The whole exchange. An upgrade is answered as one only when the backend has switched protocols; whatever else it says is an ordinary
 * answer, so that no connection with the API server's own credentials is ever handed to the caller.
 */
export async function proxyRequest(backend: Backend, ctx: RequestContext, dialing: Dialing): Promise<Answer> {
  const upgrade = wantsUpgrade(ctx.headers)
  const headers = forwarded(ctx.headers)
  if (upgrade) Object.assign(headers, { connection: 'Upgrade', upgrade: ctx.headers['upgrade'] })
  const dialed = await dial(backend, { method: ctx.method, headers, body: upgrade ? undefined : await bodyOf(ctx) }, ctx.signal, dialing)
  return dialed.type === 'response' ? responseAnswer(dialed.message) : { type: 'upgrade', connect: relay(dialed, ctx.signal) }
}

/** Sends the request. Throws what upstream says when the backend cannot be reached. */
export function dial(
  backend: Backend,
  sent: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: Uint8Array | undefined },
  signal: AbortSignal,
  { clock }: Dialing,
): Promise<Dialed> {
  if (backend.guarded && isIP(backend.host) !== 0 && !isProxyable(backend.host)) return Promise.reject(addressNotAllowed())
  return new Promise((resolve, reject) => {
    const query = backend.query.toString()
    const options = {
      host: backend.host,
      port: backend.port,
      path: query === '' ? backend.path : `${backend.path}?${query}`,
      method: sent.method,
      headers: {
        ...sent.headers,
        host: `${backend.host.includes(':') ? `[${backend.host}]` : backend.host}:${backend.port}`,
        ...(sent.body && { 'content-length': String(sent.body.length) }),
      },
      agent: false as const,
      ...(backend.guarded && { lookup: guardedLookup }),
    }
    const request: ClientRequest =
      backend.protocol === 'http'
        ? httpRequest(options)
        : httpsRequest({
            ...options,
            ...(backend.tls?.cert !== undefined && { cert: backend.tls.cert }),
            ...(backend.tls?.key !== undefined && { key: backend.tls.key }),
            ...(backend.tls?.ca !== undefined && { ca: backend.tls.ca }),
            rejectUnauthorized: backend.tls?.ca !== undefined,
            ...(isIP(backend.host) === 0 && { servername: backend.host }),
          })
    const late = clock.timer(DIAL_MS_MAX, () => request.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })))
    const give = () => request.destroy(new Error('the client has gone'))
    const connected = () => late[Symbol.dispose]()
    request.once('socket', (socket) => socket.once(backend.protocol === 'http' ? 'connect' : 'secureConnect', connected))
    request.once('close', connected)
    request.once('error', (error) =>
      reject(error instanceof NotProxyable ? addressNotAllowed() : unreachable(backend, sent.headers['upgrade'] !== undefined, error)),
    )
    onceDialed(request, resolve)
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
    request.end(sent.body)
  })
}

export function onceDialed(request: ClientRequest, then: (dialed: Dialed) => void): void {
  request.once('response', (message) => {
    message.on('error', () => {}) // whoever reads it sees it end
    then({ type: 'response', message })
  })
  request.once('upgrade', (message, socket, head) => {
    socket.on('error', () => {})
    then({ type: 'upgraded', message, socket, head })
  })
}

function isProxyable(address: string): boolean {
  return endpointAddressProblems('', address).length === 0
}

class NotProxyable extends Error {}

function addressNotAllowed() {
  return badRequest('address not allowed')
}

/** The very addresses that were judged are dialed: a name that is asked for twice may mean two things (CVE-2020-8562). */
const guardedLookup: LookupFunction = (name, options, done) => {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    if (error) done(error, '', 0)
    else if (!addresses.every(({ address }) => isProxyable(address))) done(new NotProxyable(), '', 0)
    else if (options.all) done(null, addresses)
    else done(null, addresses[0]!.address, addresses[0]!.family)
  })
}

/** Passes bytes both ways until either side ends, after the backend's own answer to the upgrade. */
export function relay(
  { message, socket, head }: Extract<Dialed, { type: 'upgraded' }>,
  signal: AbortSignal,
): Extract<Answer, { type: 'upgrade' }>['connect'] {
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return async (client, sent) => {
    const lines = [`HTTP/1.1 101 ${message.statusMessage ?? 'Switching Protocols'}`]
    for (let i = 0; i < message.rawHeaders.length; i += 2) lines.push(`${message.rawHeaders[i]}: ${message.rawHeaders[i + 1]}`)
    client.write(`${lines.join('\r\n')}\r\n\r\n`)
    await join(client, sent, socket, head)
  }
}

/** Joins two connections; each `head` is what its side has said already. Resolves once both are closed. */
export function join(client: Duplex, clientHead: Uint8Array, backend: Duplex, backendHead: Uint8Array): Promise<void> {
  if (clientHead.length > 0) backend.write(clientHead)
  if (backendHead.length > 0) client.write(backendHead)
  client.pipe(backend)
  backend.pipe(client)
  return new Promise((resolve) => {
    let open = 2
    for (const [one, other] of [
      [client, backend],
      [backend, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.once('close', () => {
        other.destroy()
        if (--open === 0) resolve()
      })
    }
  })
}

export function responseAnswer(message: IncomingMessage): Answer {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined && !HOP_BY_HOP.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value
  return { type: 'bytes', status: message.statusCode ?? 502, headers, body: message as AsyncIterable<Uint8Array> }
}

// these are about one connection, not about the request
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export function wantsUpgrade(headers: RequestContext['headers']): boolean {
  return (
    (headers['connection'] ?? '')
      .toLowerCase()
      .split(',')
      .some((p) => p.trim() === 'upgrade') && (headers['upgrade'] ?? '') !== ''
  )
}

/** The caller's headers that are the backend's business. Credentials were taken out when they were checked. */
export function forwarded(headers: RequestContext['headers']): Record<string, string> {
  const named = (headers['connection'] ?? '')
    .toLowerCase()
    .split(',')
    .map((p) => p.trim())
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.includes(name) && name !== 'host' && name !== 'content-length')
      kept[name] = value
  return kept
}

export async function bodyOf({ body }: RequestContext): Promise<Uint8Array | undefined> {
  switch (body.type) {
    case 'none':
      return undefined
    case 'bytes':
      return body.read()
    case 'object':
      return Buffer.from(JSON.stringify(body.object))
    default:
      return body satisfies never
  }
}

function unreachable(backend: Backend, upgrade: boolean, error: NodeJS.ErrnoException) {
  const why = dialError(backend, error)
  if (backend.tls === undefined)
    return refusal({ code: 503, reason: 'ServiceUnavailable', message: `error trying to reach service: ${why}` }, error)
  if (upgrade) return refusal({ code: 500, reason: '', message: `error dialing backend: ${why}` }, error)
  return refusal(
    {
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: Get "https://${address(backend)}${backend.path}": ${why}`,
      details: { causes: [{ message: why }] },
    },
    error,
  )
}

const address = ({ host, port }: Backend) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** The failure in the words that Go's dialer has for it, which people search for. */
function dialError(backend: Backend, error: NodeJS.ErrnoException): string {
  const to = `dial tcp ${address(backend)}`
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${to}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `${to}: connect: no route to host`
    case 'ENETUNREACH':
      return `${to}: connect: network is unreachable`
    case 'ETIMEDOUT':
      return `${to}: i/o timeout`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${backend.host}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    default:
      return error.message
  }
}
