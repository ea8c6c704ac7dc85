/** Serves HTTP/2 and HTTP/1.1 with upgrades on one port, over TLS or in the clear, for whoever answers requests by value. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { constants as zlib, gzip } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { closeWhenIdle, createListener, secureOptions, type Listener, type ListenerParts } from './listener.ts'

/** A request as it comes off the wire. */
export interface WireRequest {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /**
   * Lower-case names. Values of a header given several times are joined by ", ", but those of identity headers
   * (`impersonate-*`, `x-remote-*`) by a line feed, because a group's name may hold a comma.
   */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly hasBody: boolean
  /** The whole body. Throws `BodyTooLarge`; may be called once. */
  readonly readBody: () => Promise<Uint8Array>
  readonly address: string
  /** The client's certificate in DER, not yet verified against anything; the same array for all requests of a connection. */
  readonly certificate?: Uint8Array
  /** Aborts when the client has gone, and when the server closes and will not wait. */
  readonly signal: AbortSignal
  readonly abort: (reason: unknown) => void
}

export type WireAnswer =
  | {
      readonly type: 'response'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      /** Whole bytes, at once or in parts that follow each other, or a stream to be flushed chunk by chunk. */
      readonly body: Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array | string>
      /** Asks an HTTP/2 client to connect anew for its next request; what is under way may finish. */
      readonly goAway?: boolean
    }
  | { readonly type: 'upgrade'; readonly connect: (client: Duplex, head: Uint8Array) => Promise<void> }

export interface ServeParts extends ListenerParts {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly handle: (request: WireRequest) => Promise<WireAnswer>
  readonly clock: Clock
  readonly log: Log
  /** Hears of each connection whose TLS handshake failed. */
  readonly onHandshakeError?: () => void
}

export interface WireServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** Takes up renewed certificates; connections that stand are not disturbed. */
  reload(): void
  /** Stops listening, ends streams, lets the rest finish for a while, then cuts what is left. */
  close(): Promise<void>
}

/** The body is longer than `BODY_BYTES_MAX`. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** It was not possible to listen; the message is one plain sentence. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
}

export const BODY_BYTES_MAX = 3 * 1024 * 1024 // upstream's limit of a request body, twice what etcd takes
const STALL_MS_MAX = 60_000 // a client that takes nothing for so long is cut
const DRAIN_MS_MAX = 5_000 // what requests under way get when the server closes
const PIECE_BYTES = 256 * 1024 // of an answer, queued on a stream at a time
const GZIP_BYTES_MIN = 128 * 1024 // upstream's threshold: below it compressing costs more than it saves
const GZIP_LEVEL = 1

const compress = promisify(gzip)

export async function serveHttps(parts: ServeParts): Promise<WireServer> {
  const { clock, log, handle } = parts
  const sockets = new Map<string, Socket>()
  const sessions = new Set<ServerHttp2Session>()
  const underWay = new Set<UnderWay>()
  let closing = false
  let onIdle: (() => void) | undefined
  const finish = (entry: UnderWay) => {
    underWay.delete(entry)
    if (underWay.size === 0) onIdle?.()
  }

  const server = createListener(parts)
  // by the client's address and port: the socket below TLS until there is one above it
  const handshakes = new Map<string, Socket>()
  const from = (socket: Socket) => `${socket.remoteAddress} ${socket.remotePort}`
  if (parts.tls)
    server.on('connection', (socket: Socket) => {
      const key = from(socket)
      handshakes.set(key, socket)
      socket.once('close', () => handshakes.delete(key))
    })
  // before node's own listener, which makes the HTTP/2 session
  server.prependListener(parts.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    const key = from(socket)
    sockets.set(key, socket)
    handshakes.delete(key)
    socket.setNoDelay(true)
    socket.on('error', () => {}) // a reset is the client's way to go
    socket.once('close', () => sockets.get(key) === socket && sockets.delete(key))
  })
  // strangers and port scanners; nothing to be done about them
  server.on('tlsClientError', () => parts.onHandshakeError?.())
  server.on('sessionError', (error: Error) => log.debug('HTTP/2 session failed', { error: error.message }))
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
    const socket = sockets.get(from(session.socket))
    if (socket) closeWhenIdle(session, socket, clock, parts.limits)
  })

  const begin = (): UnderWay => {
    const life = new AbortController()
    const entry: UnderWay = { life, streaming: false }
    underWay.add(entry)
    return entry
  }

  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const entry = begin()
    request.on('error', () => {})
    response.on('error', () => {})
    response.once('close', () => {
      finish(entry)
      if (!response.writableFinished) entry.life.abort(new Error('the client has gone'))
    })
    const wire = http1Request(request, entry.life)
    try {
      const answer = await handle(wire)
      if (answer.type === 'upgrade') {
        writeWhole(response, 400, { 'content-type': 'text/plain; charset=utf-8' }, Buffer.from('Upgrade request required'))
        return
      }
      const headers: Record<string, string> = { ...answer.headers }
      if (closing) headers['connection'] = 'close'
      // the rest of a body nobody wants is not read, so the connection cannot be used again
      if (wire.hasBody && !request.readableEnded) headers['connection'] = 'close'
      if (isWhole(answer.body)) {
        const body = inOne(await compressed(answer.body, headers, wire.headers))
        writeWhole(response, answer.status, headers, request.method === 'HEAD' ? undefined : body, body.length)
        return
      }
      response.writeHead(answer.status, headers)
      if (request.method === 'HEAD') return void response.end()
      response.flushHeaders()
      await stream(answer.body, response, entry, clock, closing)
    } catch (error) {
      log.error('cannot answer a request', { method: request.method, path: wire.path, error })
      response.destroy()
    }
  }

  const onStream = async (http2: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: readonly string[]) => {
    const entry = begin()
    let answered = false
    http2.on('error', () => {})
    http2.once('close', () => {
      finish(entry)
      if (!answered || http2.rstCode !== constants.NGHTTP2_NO_ERROR) entry.life.abort(new Error('the client has gone'))
    })
    const wire = http2Request(http2, headers, flags, rawHeaders, entry.life)
    // a body that nobody wanted would keep the stream open, and so one of the client's places
    if (wire.hasBody) http2.once('finish', () => http2.readableEnded || http2.close(constants.NGHTTP2_NO_ERROR))
    try {
      const answer = await handle(wire)
      if (http2.destroyed) return
      if (answer.type === 'upgrade') {
        http2.respond({ ':status': 400, 'content-type': 'text/plain; charset=utf-8' })
        http2.end('Upgrade request required')
        return
      }
      // said first, so that the client knows by the time it has the answer
      if (answer.goAway && http2.session?.closed === false) http2.session.close()
      const out: Record<string, string | number> = { ...answer.headers, ':status': answer.status }
      if (isWhole(answer.body)) {
        const body = await compressed(answer.body, out, wire.headers)
        if (http2.destroyed) return
        const length = lengthOf(body)
        out['content-length'] ??= length
        answered = true
        if (wire.method === 'HEAD' || length === 0) return http2.respond(out, { endStream: true })
        http2.respond(out)
        await writePieces(http2, body, clock)
        return
      }
      http2.respond(out)
      await stream(answer.body, http2, entry, clock, closing)
      answered = true
    } catch (error) {
      if (http2.destroyed) return
      log.error('cannot answer a request', { method: wire.method, path: wire.path, error })
      http2.close(constants.NGHTTP2_INTERNAL_ERROR)
    }
  }

  const onUpgrade = async (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const entry = begin()
    entry.streaming = true
    socket.on('error', () => {})
    socket.once('close', () => {
      finish(entry)
      entry.life.abort(new Error('the client has gone'))
    })
    const wire = http1Request(request, entry.life)
    try {
      const answer = await handle(wire)
      if (answer.type === 'upgrade') {
        const cut = () => socket.destroy()
        entry.life.signal.addEventListener('abort', cut, { once: true })
        await answer.connect(socket, head)
        return
      }
      await refuseUpgrade(socket, answer)
    } catch (error) {
      log.error('cannot answer an upgrade', { path: wire.path, error })
      socket.destroy()
    }
  }

  if (parts.tls) {
    // node's own bridge would make a second, HTTP/1-like pair of objects for each HTTP/2 stream
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void onRequest(request, response))
    server.removeAllListeners('stream')
    server.on(
      'stream',
      (s: ServerHttp2Stream, h: IncomingHttpHeaders, flags: number, raw: readonly string[]) => void onStream(s, h, flags, raw),
    )
  } else server.on('request', (request: IncomingMessage, response: ServerResponse) => void onRequest(request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => void onUpgrade(request, socket, head))

  await listen(server, parts.host, parts.port)
  const { port } = server.address() as AddressInfo

  let closed: Promise<void> | undefined
  const close = () => (closed ??= closeNow())
  const closeNow = async () => {
    closing = true
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const session of sessions) session.close() // says GOAWAY; streams under way may finish
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    for (const entry of underWay) if (entry.streaming) entry.life.abort(new Error('the server is closing'))
    using _patience = clock.timer(DRAIN_MS_MAX, () => {
      for (const session of sessions) session.destroy()
      for (const socket of [...sockets.values(), ...handshakes.values()]) socket.destroy()
    })
    await answered()
    // connections kept alive by HTTP/1.1 clients are idle once their last answer is out; handshakes lead nowhere
    for (const socket of sockets.values()) if (!isHttp2(socket)) socket.destroySoon()
    for (const socket of handshakes.values()) socket.destroy()
    await stopped
  }
  const answered = () => {
    if (underWay.size === 0) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    onIdle = resolve
    return promise
  }

  return {
    host: parts.host,
    port,
    reload() {
      if (parts.tls && 'setSecureContext' in server) server.setSecureContext(secureOptions(parts, parts.tls()))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface UnderWay {
  readonly life: AbortController
  streaming: boolean
}

function listen(server: Listener, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const text: Readonly<Record<string, string>> = {
        EADDRINUSE: `port ${port} on ${host} is taken by another program`,
        EACCES: `port ${port} on ${host} may not be used without more privileges`,
        EADDRNOTAVAIL: `${host} is not an address of this machine`,
      }
      reject(new CannotListen(text[error.code ?? ''] ?? `cannot listen on ${host}:${port}: ${error.message}`, { cause: error }))
    }
    server.once('error', failed)
    server.listen(port, host, () => {
      server.removeListener('error', failed)
      server.on('error', () => {})
      resolve()
    })
  })
}

function http1Request(request: IncomingMessage, life: AbortController): WireRequest {
  const hasBody = request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0'
  return {
    ...target(request.url ?? '/'),
    method: request.method ?? 'GET',
    headers: joined(request.headers, request.rawHeaders),
    hasBody,
    readBody: () => collect(request, request.headers['content-length']),
    address: request.socket.remoteAddress ?? '',
    ...certificateOf(request.socket),
    signal: life.signal,
    abort: (reason) => life.abort(reason),
  }
}

function http2Request(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  raw: readonly string[],
  life: AbortController,
): WireRequest {
  const socket = stream.session?.socket
  return {
    ...target(String(headers[':path'] ?? '/')),
    method: String(headers[':method'] ?? 'GET'),
    headers: joined(headers, raw),
    hasBody: (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0,
    readBody: () => collect(stream, headers['content-length']),
    address: socket?.remoteAddress ?? '',
    ...(socket && certificateOf(socket)),
    signal: life.signal,
    abort: (reason) => life.abort(reason),
  }
}

function target(url: string): { readonly path: string; readonly query: URLSearchParams } {
  // a proxy-style request line names the host as well
  const local = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/'
  const mark = local.indexOf('?')
  return mark < 0
    ? { path: local, query: new URLSearchParams() }
    : { path: local.slice(0, mark), query: new URLSearchParams(local.slice(mark + 1)) }
}

const IDENTITY_HEADER = /^(impersonate-|x-remote-)/i

function joined(headers: IncomingHttpHeaders, raw: readonly string[]): Readonly<Record<string, string | undefined>> {
  const all: Record<string, string | undefined> = {}
  for (const name in headers) {
    if (name[0] === ':') continue
    const value = headers[name]
    all[name] = Array.isArray(value) ? value.join(', ') : value
    if (IDENTITY_HEADER.test(name)) all[name] = rawValues(raw, name).join('\n')
  }
  if (all['host'] === undefined && headers[':authority'] !== undefined) all['host'] = String(headers[':authority'])
  return all
}

function rawValues(raw: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < raw.length; i += 2) if (raw[i]!.toLowerCase() === name) values.push(raw[i + 1]!)
  return values
}

const certificates = new WeakMap<object, { readonly certificate?: Uint8Array }>()

function certificateOf(socket: object): { readonly certificate?: Uint8Array } {
  const known = certificates.get(socket)
  if (known) return known
  const raw = (socket as Partial<TLSSocket>).getPeerCertificate?.()?.raw
  const found = raw === undefined ? {} : { certificate: raw as Uint8Array }
  certificates.set(socket, found)
  return found
}

async function collect(from: IncomingMessage | ServerHttp2Stream, declared: string | undefined): Promise<Uint8Array> {
  const tooLarge = () => new BodyTooLarge(`Request entity too large: limit is ${BODY_BYTES_MAX}`)
  if (declared !== undefined && Number(declared) > BODY_BYTES_MAX) throw tooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    from.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length > BODY_BYTES_MAX) {
        from.pause()
        reject(tooLarge())
      } else chunks.push(chunk)
    })
    from.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    from.on('error', reject)
    from.on('close', () => reject(new Error('the client has gone')))
  })
}

type Whole = Uint8Array | readonly Uint8Array[]

function isWhole(body: Whole | AsyncIterable<unknown>): body is Whole {
  return body instanceof Uint8Array || Array.isArray(body)
}

function lengthOf(body: Whole): number {
  return body instanceof Uint8Array ? body.length : body.reduce((sum, part) => sum + part.length, 0)
}

function inOne(body: Whole): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.concat(body)
}

async function compressed(body: Whole, headers: Record<string, string | number>, asked: WireRequest['headers']): Promise<Whole> {
  if (lengthOf(body) < GZIP_BYTES_MIN || headers['content-encoding'] !== undefined || !acceptsGzip(asked['accept-encoding'])) return body
  headers['content-encoding'] = 'gzip'
  headers['vary'] = headers['vary'] === undefined ? 'Accept-Encoding' : `${headers['vary']}, Accept-Encoding`
  delete headers['content-length']
  return compress(inOne(body), { level: GZIP_LEVEL, strategy: zlib.Z_DEFAULT_STRATEGY })
}

function acceptsGzip(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((part) => /^gzip(;|$)/.test(part.trim()) && !/;\s*q=0(\.0*)?\s*$/.test(part))
}

function writeWhole(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: Uint8Array | undefined,
  length = body?.length ?? 0,
): void {
  if (response.destroyed) return
  // 1xx, 204 and 304 have no body and no length
  response.writeHead(status, status === 204 || status === 304 || status < 200 ? headers : { 'content-length': length, ...headers })
  response.end(body)
}

/** Writes chunks as they come, no faster than the client takes them; ends the iteration when the client has gone. */
async function stream(
  body: AsyncIterable<Uint8Array | string>,
  to: ServerResponse | ServerHttp2Stream,
  entry: UnderWay,
  clock: Clock,
  closing: boolean,
): Promise<void> {
  entry.streaming = true
  if (closing) entry.life.abort(new Error('the server is closing'))
  const iterator = body[Symbol.asyncIterator]()
  const { signal } = entry.life
  // one callback that is replaced, since racing each step against one promise would pile up on it as long as the stream lasts
  let leave = () => {}
  signal.addEventListener('abort', () => leave(), { once: true })
  const orGone = <T>(step: Promise<T>) =>
    new Promise<T | typeof GONE>((resolve, reject) => {
      leave = () => resolve(GONE)
      step.then(resolve, reject)
    })
  try {
    while (!signal.aborted) {
      const next = await orGone(iterator.next())
      if (next === GONE || next.done) break
      if (!to.write(next.value)) await orGone(drained(to, clock))
    }
    if (!to.destroyed) to.end()
  } catch (error) {
    // the status is out already: cutting the connection is the only way to say that this is not the end
    if ('close' in to && 'rstCode' in to) to.close(constants.NGHTTP2_INTERNAL_ERROR)
    else to.destroy()
    if (!signal.aborted) throw error
  } finally {
    // not waited for: a generator that waits for its next event would answer only then
    void iterator.return?.()?.then(undefined, () => {})
  }
}

const GONE = Symbol('gone')

/** Resolves once the client has taken what was written; a client that takes nothing for long is cut. */
function drained(to: ServerResponse | ServerHttp2Stream, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.timer(STALL_MS_MAX, () => to.destroy())
    const done = () => {
      timer[Symbol.dispose]()
      to.removeListener('drain', done)
      to.removeListener('close', done)
      resolve()
    }
    to.once('drain', done)
    to.once('close', done)
  })
}

/** A few large answers at once must not fill what one connection may hold: no more of each is handed on than is taken. */
async function writePieces(to: ServerHttp2Stream, body: Whole, clock: Clock): Promise<void> {
  const ours = !(body instanceof Uint8Array) // else a piece is a view of what is somebody else's
  for (const piece of pieces(body)) {
    if (to.destroyed) return
    if (!to.write(piece, (error) => void (error || !ours || giveBack(piece)))) await drained(to, clock)
  }
  if (to.destroyed) return
  to.end()
  cutWhenStalled(to, clock)
}

/** Cuts what is long and gathers what is short: thousands of small parts cost more than copying them. */
function* pieces(body: Whole): Iterable<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let from = 0; from < body.length; from += PIECE_BYTES) yield body.subarray(from, from + PIECE_BYTES)
    return
  }
  let left = lengthOf(body)
  let piece = takePiece(left)
  let filled = 0
  for (const part of body)
    for (let from = 0; from < part.length;) {
      const taken = Math.min(part.length - from, piece.length - filled)
      piece.set(from === 0 && taken === part.length ? part : part.subarray(from, from + taken), filled)
      from += taken
      filled += taken
      if (filled < piece.length) continue
      yield piece
      left -= filled
      piece = takePiece(left)
      filled = 0
    }
}

const PIECES_KEPT_MAX = 16 // 4 MB: what a few large answers have under way at a time

/** Pieces that have been written and may be filled again, as making and collecting them costs more than filling. */
const spare: Buffer[] = []

function takePiece(left: number): Buffer {
  return left < PIECE_BYTES ? Buffer.allocUnsafe(left) : (spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES))
}

/** To be called once the connection has no more use for it. */
function giveBack(piece: Uint8Array): void {
  if (piece.length === PIECE_BYTES && spare.length < PIECES_KEPT_MAX) spare.push(piece as Buffer)
}

function cutWhenStalled(to: ServerHttp2Stream, clock: Clock): void {
  if (to.writableLength === 0) return
  const timer = clock.timer(STALL_MS_MAX, () => to.destroy())
  to.once('close', () => timer[Symbol.dispose]())
}

function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2'
}

/** Answers an upgrade request without upgrading, and ends the connection. */
async function refuseUpgrade(socket: Socket, answer: Extract<WireAnswer, { type: 'response' }>): Promise<void> {
  const chunks: Uint8Array[] = []
  if (isWhole(answer.body)) chunks.push(inOne(answer.body))
  else for await (const chunk of answer.body) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  const body = Buffer.concat(chunks)
  const lines = Object.entries({ ...answer.headers, 'content-length': String(body.length), connection: 'close' }).map(
    ([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}`,
  )
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? 'Status'}\r\n${lines.join('\r\n')}\r\n\r\n`), body]),
  )
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}
