import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { once } from 'node:events'
import { openPki } from '#apiserver/pki/pki.ts'
import { sleep, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { END_HEADERS, END_STREAM, FRAME, frame, frames, getRequest, kept, literal, PREFACE } from './http2-frames.ts'
import { serveHttps, type ServeParts, type WireRequest } from './https-server.ts'
import { tlsOptions } from './tls-options.ts'

const directory = mkdtempSync(join(tmpdir(), 'listener-'))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })
after(() => rmSync(directory, { recursive: true }))

const LIMITS = { headersMsMax: 100, idleMsMax: 200, leaveMsMax: 100 }

/** A server that counts what reaches its handler. */
async function listening(parts: Partial<ServeParts> = {}, answered = {}) {
  const seen: WireRequest[] = []
  const server = await serveHttps({
    tls: () => ({ ...pki.pair('serving'), clientCa: pki.ca.cert }),
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    async handle(request) {
      seen.push(request)
      return { type: 'response', status: 200, headers: {}, body: Buffer.from('ok'), ...answered }
    },
    ...parts,
  })
  return { server, port: server.port, seen, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function tls(port: number, protocol: 'h2' | 'http/1.1', options: ConnectionOptions = {}) {
  const socket = connectTls({ host: '127.0.0.1', port, ca: pki.ca.cert, ALPNProtocols: [protocol], ...options })
  await once(socket, 'secureConnect')
  return gathering(socket)
}

/** What a connection says until the other side ends it. */
function gathering<S extends Socket>(socket: S) {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  const ended = new Promise<Buffer>((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))))
  return { socket, ended, said: () => Buffer.concat(chunks) }
}

/** Speaks HTTP/2 by hand; resolves to the error code of the GOAWAY the connection ended with. */
async function ended(port: number, write: (socket: Socket) => void | Promise<void>): Promise<number | undefined> {
  const { socket, ended: over } = await tls(port, 'h2')
  socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0)]))
  await write(socket)
  return frames(await over)
    .filter((f) => f.type === FRAME.GOAWAY)
    .map((f) => f.payload.readUInt32BE(4))[0]
}

const REFUSED_STREAM = 7
const ENHANCE_YOUR_CALM = 11

const get = (stream: number) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, getRequest('/livez'))

test('CVE-2023-44487: a connection that resets what it has begun is ended after a while', async () => {
  await using one = await listening()
  const code = await ended(one.port, (socket) => {
    for (let n = 0; n < 10_000; n++) {
      const stream = 2 * n + 1
      socket.write(Buffer.concat([get(stream), frame(FRAME.RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8]))]))
    }
  })
  ok(code !== undefined && code !== 0, `GOAWAY with ${code}`)
  ok(one.seen.length <= 2_500, `${one.seen.length} of 10000 requests reached the handler`)
})

test('CVE-2023-45288, CVE-2024-27983: headers that go on and on end the connection', async () => {
  await using one = await listening()
  // without a word, perhaps; a connection that stays would keep this test waiting
  await ended(one.port, (socket) => {
    socket.write(frame(FRAME.HEADERS, END_STREAM, 1, getRequest('/livez')))
    const more = frame(FRAME.CONTINUATION, 0, 1, literal('x-a', 'a'.repeat(1000)))
    for (let n = 0; n < 500 && !socket.destroyed; n++) socket.write(more)
  })
  equal(one.seen.length, 0)
})

test('a header that is kept once and named thousands of times is not unpacked', async () => {
  await using one = await listening()
  const { socket, said } = await tls(one.port, 'h2')
  const bomb = Buffer.concat([getRequest('/livez'), kept('x-bomb', 'b'.repeat(4_000)), Buffer.alloc(12_000, 0xbe)])
  socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0), frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, bomb)]))
  const reset = async () => {
    for (;;) {
      const found = frames(said()).find((f) => f.type === FRAME.RST_STREAM && f.stream === 1)
      if (found || socket.destroyed) return found?.payload.readUInt32BE(0)
      await Promise.race([once(socket, 'data'), once(socket, 'close')])
    }
  }
  equal(await reset(), ENHANCE_YOUR_CALM)
  equal(one.seen.length, 0)
  socket.destroy()
})

test('settings and pings whose answers nobody reads end the connection', async () => {
  for (const flood of [frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255])), frame(FRAME.PING, 0, 0, Buffer.alloc(8))]) {
    await using one = await listening()
    const { socket } = await tls(one.port, 'h2')
    socket.pause()
    socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0)]))
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => flood))
    let sent = 0
    while (!socket.destroyed && sent < 200) {
      sent++
      if (!socket.write(many)) await Promise.race([once(socket, 'drain'), once(socket, 'close'), sleep(systemClock, 50)])
    }
    socket.resume()
    if (!socket.destroyed) await once(socket, 'close')
    ok(sent < 200, `${sent * 1_000} frames were taken`)
  }
})

test('a client may have only so many requests under way', async () => {
  await using one = await listening({ streamsPerConnectionMax: 7 })
  const session = connectHttp2(`https://127.0.0.1:${one.port}`, { ca: pki.ca.cert })
  const [settings] = (await once(session, 'remoteSettings')) as [{ maxConcurrentStreams: number }]
  equal(settings.maxConcurrentStreams, 7)
  session.destroy()
})

test('streams beyond that are refused each', async () => {
  const begun: string[] = []
  await using one = await listening({
    streamsPerConnectionMax: 2,
    handle: (request) => {
      begun.push(request.path)
      return new Promise(() => {})
    },
  })
  const { socket, said } = await tls(one.port, 'h2')
  socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0), ...Array.from({ length: 50 }, (_, n) => get(2 * n + 1))]))
  const refused = () => frames(said()).filter((f) => f.type === FRAME.RST_STREAM && f.payload.readUInt32BE(0) === REFUSED_STREAM)
  while (refused().length < 48) await once(socket, 'data')
  deepEqual(begun, ['/livez', '/livez'])
  socket.destroy()
})

test('HTTP/1.1 headers that come too slowly, or not at all, are given up', async () => {
  await using one = await listening({ limits: LIMITS })
  for (const begun of ['', 'GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ']) {
    const { socket, ended: over } = await tls(one.port, 'http/1.1')
    socket.write(begun)
    match(String(await over), /^(HTTP\/1\.1 408 Request Timeout\r\n[^]*)?$/)
  }
  equal(one.seen.length, 0)
})

test('a TLS handshake that is not finished is given up', async () => {
  await using one = await listening({ limits: LIMITS })
  const { ended: over } = gathering(connectPlain(one.port, '127.0.0.1'))
  equal((await over).length, 0)
})

test('an HTTP/2 connection without requests is ended, one with a stream is not', async () => {
  await using one = await listening({
    limits: LIMITS,
    handle: async (r) => ({ type: 'response', status: 200, headers: {}, body: endless(r.signal) }),
  })
  // half a request is none
  equal(await ended(one.port, (socket) => void socket.write(frame(FRAME.HEADERS, 0, 1, getRequest('/livez')).subarray(0, 20))), 0)
  const session = connectHttp2(`https://127.0.0.1:${one.port}`, { ca: pki.ca.cert })
  const stream = session.request({ ':path': '/watch' })
  await once(stream, 'response')
  await sleep(systemClock, 3 * LIMITS.idleMsMax)
  equal(session.closed, false)
  stream.close()
  await once(session, 'close')
})

async function* endless(signal: AbortSignal): AsyncGenerator<string> {
  yield 'begun'
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

test('an unused HTTP/1.1 connection is ended', async () => {
  await using one = await listening({ limits: LIMITS })
  const { socket, ended: over } = await tls(one.port, 'http/1.1')
  socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  match(String(await over), /^HTTP\/1\.1 200 OK\r\n/)
})

test('too many bytes of headers are refused, and none of them is lost below that', async () => {
  await using one = await listening()
  const large = await tls(one.port, 'http/1.1')
  large.socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`)
  // the rest of it, unread, may reset the connection before the answer is seen
  match(String(await large.ended), /^(HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^]*)?$/)
  equal(one.seen.length, 0)
  const many = await tls(one.port, 'http/1.1')
  many.socket.write(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'A: b\r\n'.repeat(5_000)}Impersonate-User: jane\r\n\r\n`)
  match(String(await many.ended), /^HTTP\/1\.1 200 OK\r\n/)
  equal(one.seen[0]!.headers['impersonate-user'], 'jane')
})

test('requests that two servers could read in two ways are refused', async () => {
  await using one = await listening()
  const smuggled = [
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \nabcde\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: a\n\tb\r\n\r\n',
    'GET / HTTP/1.1\nHost: a\n\n',
    'GET / HTTP/1.1\r\n\r\n',
  ]
  for (const text of smuggled) {
    const { socket, ended: over } = await tls(one.port, 'http/1.1')
    socket.write(text)
    socket.end()
    match(String(await over), /^HTTP\/1\.1 400 Bad Request\r\n/, text)
  }
})

test('only the TLS that was chosen is spoken', async () => {
  const speaks = (port: number, options: ConnectionOptions) =>
    tls(port, 'h2', options).then(
      ({ socket }) => {
        const spoken = [socket.getProtocol(), socket.getCipher().standardName]
        socket.destroy()
        return spoken
      },
      () => 'refused',
    )
  await using usual = await listening()
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  deepEqual(
    [
      await speaks(usual.port, old),
      await speaks(usual.port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }),
      (await speaks(usual.port, { maxVersion: 'TLSv1.2' }))[0],
    ],
    ['refused', 'refused', 'TLSv1.2'],
  )
  await using strict = await listening({ tlsOptions: tlsOptions({ minVersion: 'VersionTLS13' }) })
  deepEqual([await speaks(strict.port, { maxVersion: 'TLSv1.2' }), (await speaks(strict.port, {}))[0]], ['refused', 'TLSv1.3'])
})

test('a client that is asked to connect anew still gets its answers', async () => {
  await using one = await listening({}, { goAway: true })
  const session = connectHttp2(`https://127.0.0.1:${one.port}`, { ca: pki.ca.cert })
  const stream = session.request({ ':path': '/' })
  const gone = once(session, 'goaway')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  equal(Buffer.concat(chunks).toString(), 'ok')
  const [code] = (await gone) as [number]
  equal(code, 0)
})

test('a thousand silent connections do not keep others waiting', async () => {
  await using one = await listening()
  const silent = Array.from({ length: 1_000 }, () => connectPlain(one.port, '127.0.0.1').on('error', () => {}))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const { socket, ended: over } = await tls(one.port, 'http/1.1')
  socket.write('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  match(String(await over), /^HTTP\/1\.1 200 OK\r\n/)
  for (const s of silent) s.destroy()
})
