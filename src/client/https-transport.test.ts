import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { TransportError } from './client.ts'
import { httpsTransport } from './https-transport.ts'
import type { RawWatchEvent } from './transport.ts'

/** A server on a free port of this machine; what it is asked, and how it answers. Without TLS, which is node's own affair. */
async function listen(answer: (stream: ServerHttp2Stream, path: string, body: string) => void) {
  const server: Http2Server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  const asked: string[] = []
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      asked.push(`${headers[':method']} ${headers[':path']} ${headers['authorization'] ?? ''} ${body}`.trim())
      answer(stream as ServerHttp2Stream, String(headers[':path']), body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const clock = new VirtualClock()
  const transport = httpsTransport({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'secret', clock })
  return {
    clock,
    transport,
    asked,
    sessions,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const JSON_TYPE = { ':status': 200, 'content-type': 'application/json' }

function json(stream: ServerHttp2Stream, value: unknown, status = 200): void {
  stream.respond({ ...JSON_TYPE, ':status': status })
  stream.end(JSON.stringify(value))
}

test('a call carries path, query, credentials and body, and answers of any status resolve', async () => {
  await using server = await listen((stream, path) => json(stream, { path }, path.startsWith('/no') ? 404 : 201))
  const query = new URLSearchParams({ fieldManager: 'me' })
  const made = await server.transport.request({ method: 'POST', path: '/api/v1/pods', query, body: { object: { kind: 'Pod' } } })
  deepEqual([made.status, made.body], [201, { type: 'object', object: { path: '/api/v1/pods?fieldManager=me' } }])
  equal((await server.transport.request({ method: 'GET', path: '/nothing' })).status, 404)
  deepEqual(server.asked, ['POST /api/v1/pods?fieldManager=me Bearer secret {"kind":"Pod"}', 'GET /nothing Bearer secret'])
  equal(server.sessions.size, 1)
})

test('a watch delivers events however they are cut into pieces, and ends with its signal', async () => {
  let ended = false
  await using server = await listen((stream) => {
    stream.respond(JSON_TYPE)
    stream.on('close', () => (ended = true))
    const text = ['ADDED', 'MODIFIED', 'DELETED'].map((type) => `${JSON.stringify({ type, object: { name: 'ä' } })}\n`).join('')
    const bytes = Buffer.from(text)
    const cut = bytes.indexOf(Buffer.from('ä')) + 1 // within the letter
    stream.write(bytes.subarray(0, cut))
    setImmediate(() => stream.write(bytes.subarray(cut)))
  })
  const stop = new AbortController()
  const response = await server.transport.request({
    method: 'GET',
    path: '/api/v1/pods',
    query: new URLSearchParams({ watch: 'true' }),
    signal: stop.signal,
  })
  const seen: RawWatchEvent[] = []
  if (response.body.type !== 'watch') throw new Error(`not a watch but ${response.body.type}`)
  await (async () => {
    for await (const batch of response.body.type === 'watch' ? response.body.events : []) {
      seen.push(...batch)
      if (seen.length === 3) stop.abort()
    }
  })().catch(() => {})
  deepEqual(
    seen,
    ['ADDED', 'MODIFIED', 'DELETED'].map((type) => ({ type, object: { name: 'ä' } })),
  )
  while (!ended) await new Promise((resolve) => setImmediate(resolve))
})

test('a cut connection fails the calls under way, and the next call connects anew', async () => {
  let cut = true
  await using server = await listen((stream) => (cut ? stream.session?.destroy() : json(stream, 'well')))
  await rejects(server.transport.request({ method: 'GET', path: '/a' }), TransportError)
  cut = false
  deepEqual((await server.transport.request({ method: 'GET', path: '/b' })).body, { type: 'object', object: 'well' })
})

test('a call that gets no answer is given up in time', async () => {
  let asked = () => {}
  const arrived = new Promise<void>((resolve) => (asked = resolve))
  await using server = await listen(() => asked())
  const call = server.transport.request({ method: 'GET', path: '/slow' })
  const failed = rejects(call, (error: Error) => error instanceof TransportError && match(error.message, /no answer in time/) === undefined)
  await arrived
  await server.clock.advance(65_000)
  await failed
})

test('a server that is not there is a transport failure', async () => {
  // Port 1 of this machine: nobody listens there
  const transport = httpsTransport({ server: 'http://127.0.0.1:1', clock: new VirtualClock() })
  await rejects(transport.request({ method: 'GET', path: '/' }), TransportError)
  await transport[Symbol.asyncDispose]()
})

test('an answer that has ended before anybody reads it is there whole', async () => {
  await using server = await listen((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' })
    stream.end(Buffer.alloc(200_000, 'x'))
  })
  const { body } = await server.transport.request({ method: 'GET', path: '/snapshot' })
  if (body.type !== 'bytes') throw new Error(`expected bytes, got ${body.type}`)
  await server.transport.request({ method: 'GET', path: '/pause' }) // by its answer all of the first has come
  await new Promise((resolve) => setImmediate(resolve))
  const chunks: Uint8Array[] = []
  for await (const chunk of body.stream) chunks.push(chunk)
  equal(Buffer.concat(chunks).length, 200_000)
})
