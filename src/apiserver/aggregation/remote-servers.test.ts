import { deepEqual, equal, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import { serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock, VirtualClock, type Clock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { checkServer, judgeService } from './availability.ts'
import { identityHeaders, openRemoteServers, RemoteUnreachable, type RemoteServer } from './remote-servers.ts'

const directory = mkdtempSync(join(tmpdir(), 'remote-'))
after(() => rmSync(directory, { recursive: true }))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })

let asked: (() => void) | undefined
const server = createServer(
  pki.issue({ commonName: 'server', hosts: ['metrics.ns.svc'], usage: 'serving' }),
  (request: IncomingMessage, response: ServerResponse) => {
    asked?.()
    if (request.url === '/hang') return
    if (request.url === '/huge') return void response.end('x'.repeat(100_000))
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 10 }).write('x')
      return void setImmediate(() => request.socket.destroy())
    }
    response.writeHead(request.url === '/apis/g/v1' ? 200 : 404).end('well')
  },
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => {
  server.closeAllConnections()
  server.close()
})
const { port } = server.address() as AddressInfo

const remote: RemoteServer = { namespace: 'ns', name: 'metrics', port: 443, ca: pki.ca.cert, insecure: false }
const open = (clock: Clock = systemClock, to = port) =>
  openRemoteServers({
    clock,
    certificate: () => undefined,
    resolve: ({ name }) => {
      if (name !== 'metrics') throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`)
      return { host: '127.0.0.1', port: to }
    },
  })

test('what hangs is left when its time is over', async () => {
  const clock = new VirtualClock()
  using servers = open(clock)
  const reached = new Promise<void>((resolve) => (asked = resolve))
  const fetching = servers.fetch(remote, { path: '/hang', timeoutMs: 5000 }, 1000)
  const failed = rejects(fetching, {
    name: 'RemoteUnreachable',
    message: 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  })
  await reached
  await clock.advance(5000)
  await failed
})

test('what is too long, cut off or nowhere is told apart', async () => {
  using servers = open()
  const fetch = (path: string, to: RemoteServer = remote) => servers.fetch(to, { path, timeoutMs: 5000 }, 1000)
  equal(await fetch('/huge'), undefined)
  await rejects(fetch('/cut'), RemoteUnreachable)
  equal((await fetch('/apis/g/v1'))?.body.toString(), 'well')
  await rejects(fetch('/', { ...remote, name: 'other' }), { message: 'no endpoints available for service "other"', address: undefined })
  using nowhere = open(systemClock, 1)
  await rejects(nowhere.fetch(remote, { path: '/', timeoutMs: 5000 }, 1000), {
    message: 'dial tcp 127.0.0.1:1: connect: connection refused',
    address: { host: '127.0.0.1', port: 1 },
  })
})

test('a certificate must be for the service', async () => {
  using servers = openRemoteServers({ clock: systemClock, certificate: () => undefined, resolve: () => ({ host: '127.0.0.1', port }) })
  await rejects(servers.fetch({ ...remote, namespace: 'elsewhere' }, { path: '/', timeoutMs: 5000 }, 1000), {
    message: 'tls: failed to verify certificate: x509: certificate is valid for metrics.ns.svc, not metrics.elsewhere.svc',
  })
})

test('a server is available once one of several answers was good', async () => {
  const spec = { group: 'g', version: 'v1' }
  const apiService = (more: object) => ({ metadata: { name: 'v1.g' }, spec: { ...spec, ...more } }) as APIService
  using servers = open()
  equal((await checkServer(apiService({}), remote, servers)).reason, 'Passed')
  const url = `https://127.0.0.1:${port}/apis/g/v2`
  deepEqual(await checkServer(apiService({ version: 'v2' }), remote, servers), {
    status: 'False',
    reason: 'FailedDiscoveryCheck',
    message: `failing or missing response from ${url}: bad status from ${url}: 404`,
  })
  using nowhere = open(systemClock, 1)
  const gone = 'https://127.0.0.1:1/apis/g/v1'
  equal(
    (await checkServer(apiService({}), remote, nowhere)).message,
    `failing or missing response from ${gone}: Get "${gone}": dial tcp 127.0.0.1:1: connect: connection refused`,
  )
  equal((await checkServer(apiService({}), { ...remote, name: 'other' }, servers)).message, 'no endpoints available for service "other"')
})

test('a service of a type that has no endpoints of its own is only asked', () => {
  const service = (spec: object) => ({ metadata: { name: 'metrics' }, spec }) as never
  equal(judgeService(remote, service({ type: 'ExternalName', externalName: 'x' }), []), undefined)
  equal(judgeService(remote, service({ ports: [{ port: 443 }] }), [])?.reason, 'EndpointsNotFound')
  equal(judgeService(remote, service({ ports: [{ port: 80 }] }), [])?.reason, 'ServicePortError')
})

test('headers carry whom the front proxy speaks for, whatever letters are in it', () => {
  deepEqual(identityHeaders({ username: 'ü', groups: ['a', 'b'], extra: { 'example.com/A b': ['1'] } }), {
    'x-remote-user': 'Ã¼',
    'x-remote-group': ['a', 'b'],
    'x-remote-extra-example.com%2FA%20b': ['1'],
  })
})
