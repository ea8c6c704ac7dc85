/** HTTP and gRPC probes against real servers on this machine. */

import assert from 'node:assert/strict'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import { systemClock } from '#base/clock.ts'
import { grpcProbe, httpProbe } from './prober.ts'

const REDIRECTS: Readonly<Record<string, string>> = {
  '/good': '/ok',
  '/bad': '/gone',
  '/away': 'http://elsewhere.invalid/',
  '/loop': '/loop',
}

async function httpServer(): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const location = REDIRECTS[request.url ?? '']
    if (location !== undefined) response.writeHead(302, { location }).end('moved')
    else if (request.url === '/endless') {
      response.writeHead(200)
      response.write('x'.repeat(20_000)) // and never ends
    } else response.writeHead(request.url === '/ok' ? 200 : 404).end('fine')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

test('an HTTP probe follows redirects within the host only, and reads no more of a body than it shows', async () => {
  const server = await httpServer()
  try {
    const { port } = server.address() as AddressInfo
    const probe = (path: string) =>
      httpProbe({ clock: systemClock, timeoutMs: 5_000, scheme: 'http', host: '127.0.0.1', port, path, headers: {} })
    assert.deepEqual(await Promise.all(['/good', '/bad', '/away', '/loop', '/endless'].map(probe)), [
      { result: 'success', output: 'fine' },
      { result: 'failure', output: 'HTTP probe failed with statuscode: 404' },
      { result: 'success', output: 'Probe terminated redirects, Response body: moved' },
      { result: 'failure', output: 'Get "/loop": stopped after 10 redirects' },
      { result: 'success', output: 'x'.repeat(10 * 1024) },
    ])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a gRPC probe says what the health service says, and why it could not be asked', async () => {
  const server = new Server()
  const same = (bytes: Buffer) => bytes
  const check = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false } as const
  const codecs = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }
  const agents = new Set<string>()
  server.addService(
    { Check: { ...check, ...codecs } },
    {
      Check(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        agents.add(String(call.metadata.get('user-agent')[0]).split(' ')[0]!)
        const name = call.request.subarray(call.request.length > 129 ? 3 : 2).toString()
        if (name === 'unknown') answer({ code: 5, details: 'unknown service' })
        else answer(null, Buffer.from([8, name === 'ill' ? 2 : 1]))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const probe = (service: string, at = port, timeoutMs = 5_000) =>
    grpcProbe({ clock: systemClock, timeoutMs, host: '127.0.0.1', port: at, service, userAgent: 'kube-probe/1.36' })
  try {
    assert.deepEqual(await Promise.all(['', 'ill', 'unknown', 'x'.repeat(200)].map((service) => probe(service))), [
      { result: 'success', output: 'service healthy' },
      { result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' },
      { result: 'failure', output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service' },
      { result: 'success', output: 'service healthy' },
    ])
    assert.deepEqual([...agents], ['kube-probe/1.36'])
  } finally {
    server.forceShutdown()
  }
  assert.deepEqual(await probe('', port, 300), {
    result: 'failure',
    output: `timeout: failed to connect service "127.0.0.1:${port}" within 0.3s: context deadline exceeded`,
  })
})
