import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { Node } from '#api/core/v1/node.ts'
import { openPki } from '#apiserver/pki/pki.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { serveHttps, type WireAnswer, type WireRequest } from '#wire/https-server.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { openKubeletConnection } from './kubelet-connection.ts'

const directory = mkdtempSync(join(tmpdir(), 'proxy-'))
after(() => rmSync(directory, { recursive: true }))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })

/** A kubelet in small: logs, an upgrade that echoes, a refusal, a redirect. */
const seen: string[] = []
const kubelet = createHttps(
  { ...pki.issue({ commonName: 'system:node:n1', hosts: ['127.0.0.1'], usage: 'serving' }), ca: pki.ca.cert, requestCert: true },
  (request, response) => {
    seen.push(`${(request.socket as TLSSocket).getPeerCertificate().subject.CN as string} ${request.method} ${request.url}`)
    if (request.url?.startsWith('/containerLogs/ns/p/c')) return void response.end('line\n')
    if (request.url?.startsWith('/containerLogs/'))
      return void response.writeHead(400).end('container "x" in pod "p" is waiting to start: ContainerCreating')
    if (request.url === '/away') return void response.writeHead(302, { location: 'https://example.com/' }).end()
    response.writeHead(404).end('container not found ("x")')
  },
)
kubelet.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  seen.push(`upgrade ${request.headers.upgrade} ${request.headers['x-stream-protocol-version'] ?? ''} ${request.method} ${request.url}`)
  if (request.url?.startsWith('/exec/ns/p/x'))
    return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 23\r\nconnection: close\r\n\r\ncontainer not found (x)')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`)
  socket.pipe(socket)
})
kubelet.listen(0, '127.0.0.1')
await once(kubelet, 'listening')
after(() => kubelet.close())
const { port } = kubelet.address() as AddressInfo

const node = (name: string, at: number) =>
  ({
    metadata: { name },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: at } } },
  }) as unknown as Node
const kubelets = openKubeletConnection({
  nodes: { get: (name) => (name === 'n1' ? node('n1', port) : name === 'down' ? node('down', 1) : undefined) },
  tls: () => ({ ...pki.pair('kubeletClient'), ca: pki.ca.cert }),
  clock: systemClock,
  log: silentLog,
})

const context = (o: Partial<WireRequest> = {}): RequestContext => {
  const method = o.method ?? 'GET'
  const path = '/api/v1/namespaces/ns/pods/p/log'
  return {
    method,
    path,
    query: new URLSearchParams(),
    headers: o.headers ?? {},
    body: { type: 'none' },
    peer: { type: 'network', address: '' },
    info: parseRequestInfo(method, path, new URLSearchParams()),
    user: {},
    received: 0,
    signal: o.signal ?? new AbortController().signal,
    warnings: [],
  }
}

async function textOf(answer: Awaited<ReturnType<typeof kubelets.kubelet>>) {
  if (answer.type !== 'bytes') return answer.type
  let text = ''
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) text += Buffer.from(chunk)
  return [answer.status, text, answer.headers['location']]
}

const none = new URLSearchParams()

test('a kubelet is asked with the API server’s certificate, and what it says is passed on', async () => {
  deepEqual(await textOf(await kubelets.kubelet('n1', '/containerLogs/ns/p/c', new URLSearchParams('follow=true'), context())), [
    200,
    'line\n',
    undefined,
  ])
  equal(seen.at(-1), 'kube-apiserver-kubelet-client GET /containerLogs/ns/p/c?follow=true')
  deepEqual(await textOf(await kubelets.kubelet('n1', '/away', none, context())), [302, '', 'https://example.com/'])
  await rejects(kubelets.kubelet('n1', '/containerLogs/ns/p/x', none, context()), {
    code: 400,
    message: 'container "x" in pod "p" is waiting to start: ContainerCreating',
  })
})

test('a kubelet that is away or unknown is said so', async () => {
  await rejects(kubelets.kubelet('down', '/containerLogs/ns/p/c', none, context()), {
    code: 500,
    message: 'Internal error occurred: Get "https://127.0.0.1:1/containerLogs/ns/p/c": dial tcp 127.0.0.1:1: connect: connection refused',
  })
  const upgrade = context({ headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' } })
  await rejects(kubelets.kubelet('down', '/exec/ns/p/c', none, upgrade), {
    code: 500,
    message: 'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused',
  })
  await rejects(kubelets.kubelet('gone', '/exec/ns/p/c', none, context()), { code: 404, message: 'nodes "gone" not found' })
})

/** Serves `path` with the kubelet connection behind it, as the API server does. */
const serveFor = (path: string) =>
  serveHttps({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    async handle(request): Promise<WireAnswer> {
      const answer = await kubelets.kubelet('n1', path, none, context(request))
      if (answer.type === 'upgrade') return answer
      ok(answer.type === 'bytes')
      return { type: 'response', status: answer.status, headers: answer.headers, body: answer.body as AsyncIterable<Uint8Array> }
    },
  })

test('CVE-2022-3294, CVE-2020-8562: no user points the proxy at this machine, by address or by name', async () => {
  const refused = { code: 400, message: 'address not allowed' }
  for (const host of ['127.0.0.1', '::1', '169.254.169.254', '0.0.0.0', 'localhost'])
    await rejects(kubelets.backend({ protocol: 'http', host, port }, '/', none, context()), refused, host)
  const info = parseRequestInfo('GET', '/api/v1/nodes/n1/proxy/pods', none)
  await rejects(kubelets.kubelet('n1', '/pods', none, { ...context(), info }), refused)
})

test('an upgrade goes through raw; one that the kubelet refuses is an ordinary answer', async () => {
  await using server = await serveFor('/exec/ns/p/c')
  const client = connect(server.port, '127.0.0.1')
  client.write('POST / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n')
  ok(String((await once(client, 'data'))[0]).startsWith('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n'))
  client.write('ping')
  equal(String((await once(client, 'data'))[0]), 'ping')
  client.destroy()
  const upgrade = context({ headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' } })
  deepEqual(await textOf(await kubelets.kubelet('n1', '/exec/ns/p/x', none, upgrade)), [404, 'container not found (x)', undefined])
})

test('port-forward over WebSocket is unwrapped to SPDY and back', async () => {
  await using server = await serveFor('/portForward/ns/p')
  // by hand: the library's client refuses a protocol with a slash in its name
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    'GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n',
  )
  const answered = String((await once(socket, 'data'))[0])
  ok(
    /^HTTP\/1.1 101 .*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=.*sec-websocket-protocol: SPDY\/3.1\+portforward.k8s.io/is.test(
      answered,
    ),
  )
  equal(seen.at(-1), 'upgrade SPDY/3.1 portforward.k8s.io POST /portForward/ns/p')
  socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | 5, 0, 0, 0, 0), Buffer.from('frame')]))
  deepEqual((await once(socket, 'data'))[0], Buffer.concat([Buffer.of(0x82, 5), Buffer.from('frame')]))
  socket.destroy()
})
