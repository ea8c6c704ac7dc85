/** The transport between processes: HTTP/2 over TLS, one connection for all calls, made anew when it breaks. */

import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Clock } from '#base/clock.ts'
import { TransportError } from './client.ts'
import type { Connection } from './kubeconfig.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'
import { watchLines } from './watch-lines.ts'

export interface HttpsTransportParts extends Connection {
  readonly clock: Clock
  /** A call that is not a stream gives up after this. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 65_000 // longer than the server's own minute, so that its answer wins
const PING_EVERY_MS = 15_000 // finds connections whose other end is gone without a word
const PING_TIMEOUT_MS = 15_000
const WINDOW_BYTES = 4 * 1024 * 1024 // a large list in one go, not in 64 KB sips

/** Connects on first use. */
export function httpsTransport(parts: HttpsTransportParts): Transport {
  let session: ClientHttp2Session | undefined
  const authorization =
    parts.token !== undefined
      ? `Bearer ${parts.token}`
      : parts.username !== undefined
        ? `Basic ${Buffer.from(`${parts.username}:${parts.password ?? ''}`).toString('base64')}`
        : undefined

  function open(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session
    const made = connect(parts.server, {
      ...(parts.ca !== undefined && { ca: parts.ca }),
      ...(parts.cert !== undefined && { cert: parts.cert }),
      ...(parts.key !== undefined && { key: parts.key }),
      ...(parts.insecure && { rejectUnauthorized: false }),
      ...(parts.serverName !== undefined && { servername: parts.serverName }),
      ALPNProtocols: ['h2'],
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    })
    made.once('connect', () => made.setLocalWindowSize(WINDOW_BYTES))
    made.on('error', () => {}) // each call under way learns of it by its own stream
    made.unref()
    keepAlive(made)
    session = made
    return made
  }

  function keepAlive(made: ClientHttp2Session): void {
    let timer: Disposable | undefined
    const next = () => {
      timer = parts.clock.timer(PING_EVERY_MS, () => {
        if (made.destroyed) return
        const late = parts.clock.timer(PING_TIMEOUT_MS, () => made.destroy(new Error('the server does not answer pings')))
        const sent = made.ping((error) => {
          late[Symbol.dispose]()
          if (!error) next()
        })
        if (!sent) late[Symbol.dispose]()
      })
    }
    made.once('connect', next)
    made.once('close', () => timer?.[Symbol.dispose]())
  }

  return {
    request: (request) => send(open(), request, authorization, parts),
    async [Symbol.asyncDispose]() {
      session?.destroy()
      session = undefined
    },
  }
}

function send(
  session: ClientHttp2Session,
  request: ApiRequest,
  authorization: string | undefined,
  parts: HttpsTransportParts,
): Promise<ApiResponse> {
  const search = request.query?.toString() ?? ''
  const path = search === '' ? request.path : `${request.path}?${search}`
  const what = `${request.method} ${parts.server}${path}`
  const streams = /[?&](watch|follow)=(true|1)/.test(path)
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(
        error instanceof TransportError
          ? error
          : new TransportError(`${what}: ${(error as Error)?.message ?? 'the connection was cut'}`, { cause: error }),
      )
    if (request.signal?.aborted) return fail(request.signal.reason)
    const body =
      request.body === undefined
        ? undefined
        : 'bytes' in request.body
          ? request.body.bytes
          : Buffer.from(JSON.stringify(request.body.object))
    let stream: ClientHttp2Stream
    try {
      stream = session.request(
        {
          ':method': request.method,
          ':path': path,
          accept: 'application/json',
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...request.headers,
        },
        { endStream: body === undefined },
      )
    } catch (error) {
      return fail(error)
    }
    const abort = () => stream.close(constants.NGHTTP2_CANCEL)
    request.signal?.addEventListener('abort', abort, { once: true })
    const timer = streams
      ? undefined
      : parts.clock.timer(parts.timeoutMs ?? TIMEOUT_MS, () => stream.destroy(new Error('no answer in time')))
    stream.on('close', () => {
      request.signal?.removeEventListener('abort', abort)
      timer?.[Symbol.dispose]()
      fail(request.signal?.aborted ? request.signal.reason : new Error('the connection was cut before the answer'))
    })
    stream.on('error', fail)
    stream.on('response', (received) => {
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(received)) if (!name.startsWith(':') && value !== undefined) headers[name] = String(value)
      const status = Number(received[':status'])
      const type = headers['content-type'] ?? ''
      if (streams && status < 300 && type.startsWith('application/json')) {
        return resolve({ status, headers, body: { type: 'watch', events: watchLines(bytes(stream, what)) } })
      }
      if (!type.startsWith('application/json')) return resolve({ status, headers, body: { type: 'bytes', stream: bytes(stream, what) } })
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        try {
          resolve({
            status,
            headers,
            body: chunks.length === 0 ? { type: 'none' } : { type: 'object', object: JSON.parse(Buffer.concat(chunks).toString()) },
          })
        } catch (error) {
          fail(error)
        }
      })
    })
    if (body !== undefined) stream.end(body)
  })
}

/** Begins to read at once: an answer that ended unread would be taken for one that was cut off. */
function bytes(stream: ClientHttp2Stream, what: string): AsyncIterable<Uint8Array> {
  const chunks = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  const first = chunks.next()
  first.catch(() => {}) // the reader is told
  return chunksOf(stream, what, chunks, first)
}

async function* chunksOf(
  stream: ClientHttp2Stream,
  what: string,
  chunks: AsyncIterator<Uint8Array>,
  first: Promise<IteratorResult<Uint8Array>>,
): AsyncIterable<Uint8Array> {
  try {
    for (let next = await first; !next.done; next = await chunks.next()) yield next.value
  } catch (error) {
    throw new TransportError(`${what}: ${(error as Error).message}`, { cause: error })
  } finally {
    stream.close(constants.NGHTTP2_CANCEL)
    await chunks.return?.()
  }
}
