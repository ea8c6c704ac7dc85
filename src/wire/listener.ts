/** The listening socket and what a connection may ask of it before any request is looked at: TLS, sizes, times, streams. */

import { createServer as createPlainServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer, type SecureServerOptions, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { tlsOptions, type TlsOptions } from './tls-options.ts'

export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** Authorities named to clients when they are asked for a certificate. Absent: none is asked for. */
  readonly clientCa?: string
}

/** What operators choose. */
export interface ListenerChoice {
  readonly tlsOptions?: TlsOptions
  readonly streamsPerConnectionMax?: number
}

export interface ListenerParts extends ListenerChoice {
  /** Absent: plain HTTP/1.1. Asked again when certificates are renewed. */
  readonly tls?: () => TlsMaterial
  /** How long clients may take, where that is not the usual. */
  readonly limits?: { readonly headersMsMax?: number; readonly idleMsMax?: number; readonly leaveMsMax?: number }
}

export type Listener = Http2SecureServer | Server

const IDLE_MS_MAX = 90_000 // a connection without requests, as upstream
const HEADERS_MS_MAX = 32_000 // how long a client may take for the TLS handshake, and for the headers of a request, as upstream
const LEAVE_MS_MAX = 5_000 // how long a client whose connection has been ended may stay
const CHECKS_PER_LIMIT = 4 // a slow client is found at most a quarter of the limit too late
const STREAMS_PER_CONNECTION_MAX = 100 // a client with more to do opens another connection
const STREAM_WINDOW_BYTES = 1024 * 1024 // a body of that size arrives without waiting for an acknowledgement
const HEADER_BYTES_MAX = 64 * 1024 // all headers of a request; HTTP/2 counts 32 bytes more for each, so there are at most 2000
const HEADERS_MAX = HEADER_BYTES_MAX / 32
const STREAM_RESETS_BURST = 1000 // then 33 a second, else the connection ends: opening and resetting costs the client nothing
const STREAM_RESETS_PER_SECOND = 33
const UNANSWERED_MAX = 10 // of our pings and settings
const SESSION_MEGABYTES_MAX = 64 // a hundred answers under way, a piece of each

export function createListener(parts: ListenerParts): Listener {
  const headersMs = parts.limits?.headersMsMax ?? HEADERS_MS_MAX
  const http1 = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: headersMs,
    // of whole requests: each has its own deadline, watches have none
    requestTimeout: 0,
    connectionsCheckingInterval: Math.ceil(headersMs / CHECKS_PER_LIMIT),
    keepAliveTimeout: parts.limits?.idleMsMax ?? IDLE_MS_MAX,
  }
  // node drops headers beyond its own count without a word, and with them perhaps one that says who is impersonated
  if (!parts.tls) return Object.assign(createPlainServer(http1), { maxHeadersCount: 0 })
  const material = parts.tls()
  const options: SecureServerOptions = {
    ...secureOptions(parts, material),
    ...http1,
    allowHTTP1: true,
    handshakeTimeout: headersMs,
    requestCert: material.clientCa !== undefined,
    rejectUnauthorized: false, // whoever shows none may still have a token; the authenticator verifies what is shown
    settings: {
      maxConcurrentStreams: parts.streamsPerConnectionMax ?? STREAMS_PER_CONNECTION_MAX,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: HEADER_BYTES_MAX,
    },
    maxHeaderListPairs: HEADERS_MAX,
    streamResetBurst: STREAM_RESETS_BURST,
    streamResetRate: STREAM_RESETS_PER_SECOND,
    maxOutstandingPings: UNANSWERED_MAX,
    maxOutstandingSettings: UNANSWERED_MAX,
    maxSessionMemory: SESSION_MEGABYTES_MAX,
  } as SecureServerOptions
  // its HTTP/1.1 side reads these from the server only
  const { headersTimeout, requestTimeout, keepAliveTimeout } = http1
  return Object.assign(createSecureServer(options), { headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount: 0 })
}

export function secureOptions(choice: ListenerChoice, material: TlsMaterial) {
  return {
    cert: material.cert,
    key: material.key,
    ...(choice.tlsOptions ?? tlsOptions({})),
    ...(material.clientCa !== undefined && { ca: material.clientCa }),
  }
}

/** Ends an HTTP/2 connection that has had no stream for so long, be it because no request was ever whole. */
export function closeWhenIdle(session: ServerHttp2Session, socket: Socket, clock: Clock, limits: ListenerParts['limits']): void {
  let streams = 0
  let timer: Disposable | undefined
  const wait = () => {
    timer = clock.timer(limits?.idleMsMax ?? IDLE_MS_MAX, () => {
      session.close()
      timer = clock.timer(limits?.leaveMsMax ?? LEAVE_MS_MAX, () => socket.destroy())
    })
  }
  session.on('stream', (stream) => {
    streams++
    timer?.[Symbol.dispose]()
    stream.once('close', () => {
      streams--
      if (streams === 0 && !socket.destroyed) wait()
    })
  })
  socket.once('close', () => timer?.[Symbol.dispose]())
  wait()
}
