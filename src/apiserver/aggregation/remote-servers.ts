/** Speaks with API servers behind services: TLS under the service's name, with the front proxy's certificate and the caller's name in headers. */

import type { X509Certificate } from 'node:crypto'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { onceDialed, type Dialed } from '#apiserver/proxy/backend.ts'
import { connectionErrorText } from '#apiserver/webhook/connection-error.ts'
import { checkingAgent, checkServerIdentity } from '#apiserver/webhook/server-identity.ts'
import { openTrust } from '#apiserver/webhook/trust.ts'
import { wholeBody } from '#apiserver/webhook/whole-body.ts'
import type { ServiceAddress, WebhookClientParts } from '#apiserver/webhook/webhook-client.ts'
import type { Clock } from '#base/clock.ts'

/** Where an API service says that its group and version are served. */
export interface RemoteServer {
  readonly namespace: string
  readonly name: string
  readonly port: number
  /** PEM; absent: the system's own authorities. */
  readonly ca?: string
  readonly insecure: boolean
}

export interface RemoteRequest {
  readonly method: string
  /** With its query, as it goes over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array
  /** The connection is to be taken over; it is not one of those that are kept. */
  readonly upgrade?: boolean
}

/** No answer came; the message says why in Go's words. `address` is where it was looked for, when that was known. */
export class RemoteUnreachable extends Error {
  override readonly name = 'RemoteUnreachable'
  readonly address: ServiceAddress | undefined

  constructor(message: string, address: ServiceAddress | undefined, cause: unknown) {
    super(message, { cause })
    this.address = address
  }
}

export interface RemoteServers extends Disposable {
  /** Throws `RemoteUnreachable`. */
  send(server: RemoteServer, request: RemoteRequest, signal: AbortSignal): Promise<Dialed>
  /** A short answer in whole: `undefined` where it is longer than `bytesMax`. Throws `RemoteUnreachable`. */
  fetch(
    server: RemoteServer,
    request: { readonly path: string; readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs: number },
    bytesMax: number,
  ): Promise<FetchedAnswer | undefined>
}

export interface FetchedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly address: ServiceAddress
}

export interface RemoteServersParts {
  readonly clock: Clock
  readonly resolve: WebhookClientParts['resolve']
  /** The front proxy's certificate, by which servers believe the headers; asked again for each connection. */
  readonly certificate: () => { readonly cert: string; readonly key: string } | undefined
}

const DIAL_MS_MAX = 30_000
const AGGREGATOR: UserInfo = { username: 'system:kube-aggregator', groups: ['system:masters'] }

export function openRemoteServers(parts: RemoteServersParts): RemoteServers {
  const agent = checkingAgent()
  const trust = openTrust()
  const found = async (server: RemoteServer): Promise<ServiceAddress> => {
    try {
      return await parts.resolve(server)
    } catch (error) {
      throw new RemoteUnreachable((error as Error).message, undefined, error)
    }
  }
  const dial = (server: RemoteServer, address: ServiceAddress, request: RemoteRequest, signal: AbortSignal) =>
    exchange(parts, trust, request.upgrade ? false : agent, server, address, request, signal)
  return {
    async send(server, request, signal) {
      return dial(server, await found(server), request, signal)
    },
    async fetch(server, { path, headers = {}, timeoutMs }, bytesMax) {
      const address = await found(server)
      const late = new AbortController()
      using _timer = parts.clock.timer(timeoutMs, () => late.abort())
      try {
        const sent = { method: 'GET', path, headers: { ...headers, ...identityHeaders(AGGREGATOR) } }
        const answer = await dial(server, address, sent, late.signal)
        if (answer.type !== 'response') throw new Error('the server switched protocols')
        const body = await wholeBody(answer.message, bytesMax)
        return body && { status: answer.message.statusCode ?? 0, headers: answer.message.headers, body, address }
      } catch (error) {
        const why = late.signal.aborted
          ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
          : (error as Error).message
        throw new RemoteUnreachable(why, address, error)
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Who asks, as aggregated servers believe it of the front proxy. Header names cannot hold every letter of an extra's key. */
export function identityHeaders({ username = '', uid = '', groups = [], extra = {} }: UserInfo): RemoteRequest['headers'] {
  const headers: Record<string, string | readonly string[]> = { 'x-remote-user': onTheWire(username) }
  if (uid !== '') headers['x-remote-uid'] = onTheWire(uid)
  if (groups.length > 0) headers['x-remote-group'] = groups.map(onTheWire)
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${escapeKey(key)}`] = values.map(onTheWire)
  return headers
}

function escapeKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[0-9A-Za-z!#$&'*+\-.^_`|~]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** Headers go out byte by byte. */
function onTheWire(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function exchange(
  { clock, certificate }: RemoteServersParts,
  trust: ReturnType<typeof openTrust>,
  agent: ReturnType<typeof checkingAgent> | false,
  server: RemoteServer,
  address: ServiceAddress,
  sent: RemoteRequest,
  signal: AbortSignal,
): Promise<Dialed> {
  const serverName = `${server.name}.${server.namespace}.svc`
  const shownCertificate = certificate()
  const { promise, resolve, reject } = Promise.withResolvers<Dialed>()
  const options = {
    agent,
    ...(agent === false && { checkServerIdentity }),
    method: sent.method,
    host: address.host,
    port: address.port,
    path: sent.path,
    headers: {
      ...sent.headers,
      host: address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`,
      ...(sent.body && { 'content-length': sent.body.length }),
    },
    ALPNProtocols: ['http/1.1'],
    servername: serverName,
    rejectUnauthorized: !server.insecure,
    ...trust({ ...(server.ca && { ca: server.ca }), ...shownCertificate }),
    ...shownCertificate,
  }
  const request = httpsRequest(options as RequestOptions)
  let shown: X509Certificate | undefined
  const late = clock.timer(DIAL_MS_MAX, () => request.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })))
  const given = () => request.destroy(new Error('context canceled'))
  request.once('socket', (socket: TLSSocket) => {
    if (!socket.connecting && socket.getPeerX509Certificate?.() !== undefined) return late[Symbol.dispose]() // one that was kept
    socket.prependOnceListener('secure', () => (shown = socket.getPeerX509Certificate()))
    socket.once('secureConnect', () => late[Symbol.dispose]())
  })
  request.once('close', () => {
    late[Symbol.dispose]()
    signal.removeEventListener('abort', given)
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    const { text } = connectionErrorText(error, { ...address, name: serverName, now: clock.now(), certificate: shown })
    reject(new RemoteUnreachable(text, address, error))
  })
  onceDialed(request, resolve)
  if (signal.aborted) given()
  else signal.addEventListener('abort', given, { once: true })
  request.end(sent.body)
  return promise
}
