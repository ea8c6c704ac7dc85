import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { BODY_BYTES_MAX, BodyTooLarge, serveHttps, type WireAnswer, type WireRequest } from './https-server.ts'

const directory = mkdtempSync(join(tmpdir(), 'wire-'))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })
after(() => rmSync(directory, { recursive: true }))

const serve = (handle: (request: WireRequest) => Promise<WireAnswer>) =>
  serveHttps({
    tls: () => ({ ...pki.pair('serving'), clientCa: pki.ca.cert }),
    host: '127.0.0.1',
    port: 0,
    handle,
    clock: systemClock,
    log: silentLog,
  })

const text = (body: string, headers: Record<string, string> = {}, status = 200): WireAnswer => ({
  type: 'response',
  status,
  headers,
  body: Buffer.from(body),
})

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

async function h2(
  session: ClientHttp2Session,
  path: string,
  o: { method?: string; headers?: Record<string, string | string[]>; body?: Uint8Array } = {},
): Promise<Got> {
  const stream = session.request({ ':path': path, ':method': o.method ?? 'GET', ...o.headers })
  stream.end(o.body)
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return { status: Number(headers[':status']), headers, body: Buffer.concat(chunks) }
}

async function h1(
  port: number,
  path: string,
  o: { method?: string; headers?: Record<string, string>; body?: Uint8Array; cert?: boolean } = {},
): Promise<Got> {
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    path,
    method: o.method ?? 'GET',
    headers: o.headers ?? {},
    ca: pki.ca.cert,
    agent: false,
    ...(o.cert && pki.pair('admin')),
  })
  request.on('error', () => {})
  request.end(o.body)
  const [response] = await once(request, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }
}

const open = (port: number) => connectHttp2(`https://127.0.0.1:${port}`, { ca: pki.ca.cert, ...pki.pair('admin') })

test('HTTP/2 and HTTP/1.1 requests come in alike, with the certificate and repeated identity headers apart', async () => {
  const seen: unknown[] = []
  await using server = await serve(async (r) => {
    seen.push([
      r.method,
      r.path,
      r.query.get('a'),
      r.headers['impersonate-group'],
      r.headers['accept'],
      r.certificate !== undefined,
      Buffer.from(await r.readBody()).toString(),
    ])
    return text('hi')
  })
  const session = open(server.port)
  const a = await h2(session, '/x?a=1', {
    method: 'POST',
    headers: { 'impersonate-group': ['a, b', 'c'], accept: 'x' },
    body: Buffer.from('body'),
  })
  session.close()
  const b = await h1(server.port, '/x?a=1', { method: 'POST', headers: { accept: 'x' }, body: Buffer.from('body') })
  deepEqual([a.status, String(a.body), b.status, String(b.body)], [200, 'hi', 200, 'hi'])
  deepEqual(seen, [
    ['POST', '/x', '1', 'a, b\nc', 'x', true, 'body'],
    ['POST', '/x', '1', undefined, 'x', false, 'body'],
  ])
})

test('a body over the limit is refused, declared or not', async () => {
  await using server = await serve(async (r) => {
    try {
      return text(String((await r.readBody()).length))
    } catch (error) {
      ok(error instanceof BodyTooLarge)
      return text(error.message, {}, 413)
    }
  })
  const body = Buffer.alloc(BODY_BYTES_MAX + 1)
  const session = open(server.port)
  equal(String((await h2(session, '/', { method: 'POST', body: body.subarray(1) })).body), '3145728')
  const over = await h2(session, '/', { method: 'POST', body })
  deepEqual([over.status, String(over.body)], [413, 'Request entity too large: limit is 3145728'])
  session.close()
  equal((await h1(server.port, '/', { method: 'POST', body, headers: { 'content-length': String(body.length) } })).status, 413)
})

test('bodies that nobody reads take no place on the connection', async () => {
  await using server = await serve(async () => text('no', {}, 401))
  // the client holds what it could not send until its end of the connection has noticed
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: pki.ca.cert, maxSessionMemory: 1000 })
  for (let i = 0; i < 150; i++) equal((await h2(session, '/', { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) })).status, 401)
  session.close()
})

test('large answers are compressed for those who accept it', async () => {
  const large = 'k8s '.repeat(64 * 1024)
  await using server = await serve(async () => text(large))
  const session = open(server.port)
  const zipped = await h2(session, '/', { headers: { 'accept-encoding': 'gzip' } })
  const plain = await h2(session, '/')
  session.close()
  deepEqual(
    [
      zipped.headers['content-encoding'],
      gunzipSync(zipped.body).toString() === large,
      plain.headers['content-encoding'],
      String(plain.body) === large,
    ],
    ['gzip', true, undefined, true],
  )
})

test('large answers in many parts do not get into each other, one after the other or at once', async () => {
  const parts = (letter: string) => Array.from({ length: 3_000 }, (_, i) => Buffer.from(`${letter}${i}`.repeat(50)))
  await using server = await serve(async ({ path }) => ({ type: 'response', status: 200, headers: {}, body: parts(path.slice(1)) }))
  const session = open(server.port)
  const wrong: string[] = []
  for (let round = 0; round < 3; round++)
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (letter) => {
        const { body } = await h2(session, `/${letter}`)
        if (!body.equals(Buffer.concat(parts(letter)))) wrong.push(`${letter} in round ${round}`)
      }),
    )
  session.close()
  deepEqual(wrong, [])
})

test('many large answers fit one connection at once', async () => {
  const large = Buffer.alloc(8 * 1024 * 1024, 'k8s ')
  await using server = await serve(async () => ({ type: 'response', status: 200, headers: {}, body: large }))
  const session = open(server.port)
  const answers = await Promise.all(Array.from({ length: 20 }, () => h2(session, '/')))
  session.close()
  deepEqual([...new Set(answers.map((a) => `${a.status} ${a.body.equals(large)}`))], ['200 true'])
})

test('a stream is sent as it comes, and its source ends when the client goes', async () => {
  for (const protocol of ['h2', 'h1']) {
    const ended = Promise.withResolvers<void>()
    await using server = await serve(async (r) => {
      r.signal.addEventListener('abort', () => ended.resolve())
      return {
        type: 'response',
        status: 200,
        headers: {},
        body: (async function* () {
          yield 'first'
          await new Promise(() => {})
        })(),
      }
    })
    if (protocol === 'h2') {
      const session = open(server.port)
      const stream = session.request({ ':path': '/' })
      equal(String((await once(stream, 'data'))[0]), 'first')
      stream.close()
      await ended.promise
      session.close()
    } else {
      const request = httpsRequest({ host: '127.0.0.1', port: server.port, ca: pki.ca.cert, agent: false }).end()
      const [response] = await once(request, 'response')
      equal(String((await once(response, 'data'))[0]), 'first')
      request.on('error', () => {})
      response.on('error', () => {})
      request.destroy()
      await ended.promise
    }
  }
})

test('an upgrade takes over the connection; a refused one is answered and closed', async () => {
  await using server = await serve(async (r) =>
    r.path === '/no'
      ? text('not here', {}, 404)
      : {
          type: 'upgrade',
          async connect(client) {
            client.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
            client.pipe(client)
          },
        },
  )
  const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: pki.ca.cert })
  socket.write('GET /yes HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
  ok(String((await once(socket, 'data'))[0]).startsWith('HTTP/1.1 101 '))
  socket.write('ping')
  equal(String((await once(socket, 'data'))[0]), 'ping')
  socket.destroy()
  const refused = await h1(server.port, '/no', { headers: { connection: 'Upgrade', upgrade: 'echo' } })
  deepEqual([refused.status, String(refused.body)], [404, 'not here'])
})

test('closing ends streams at once, lets short requests finish, and leaves nothing open', async () => {
  let slowOnes = 0
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const server = await serve(async (r) => {
    if (r.path === '/watch') return { type: 'response', status: 200, headers: {}, body: (async function* () { yield 'a'; await new Promise(() => {}) })() } // prettier-ignore
    if (++slowOnes === 2) arrived.resolve()
    await go.promise
    return text('done')
  })
  const session = open(server.port)
  const watch = session.request({ ':path': '/watch' })
  await once(watch, 'data')
  watch.resume()
  const slow = h2(session, '/slow')
  const slow1 = h1(server.port, '/slow')
  await arrived.promise
  const closed = server.close()
  await once(watch, 'end')
  go.resolve()
  deepEqual([String((await slow).body), String((await slow1).body)], ['done', 'done'])
  await closed
  await rejects(h1(server.port, '/'))
})

test('a port in use is said in one sentence', async () => {
  await using server = await serve(async () => text(''))
  await rejects(serveHttps({ host: '127.0.0.1', port: server.port, handle: async () => text(''), clock: systemClock, log: silentLog }), {
    name: 'CannotListen',
    message: `port ${server.port} on 127.0.0.1 is taken by another program`,
  })
})

test('without TLS it is plain HTTP', async () => {
  await using server = await serveHttps({ host: '127.0.0.1', port: 0, handle: async () => text('ok'), clock: systemClock, log: silentLog })
  equal(await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text(), 'ok')
})
