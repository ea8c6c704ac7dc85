/* oxlint-disable typescript/no-explicit-any -- tests look into documents and answers of every kind, and a wrong path fails there anyway */
/** Aggregation: an API server behind a service, over TLS, behind a real API. */

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { after, beforeEach, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { Answer } from '#apiserver/answer.ts'
import { openTestApi, type TestApi } from '#apiserver/endpoints/test-api.ts'
import { createHandler } from '#apiserver/filters/handler.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { inProcessTransport } from '#apiserver/server/in-process.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { createClient } from '#client/create-client.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { startServer } from './server-under-test.ts'
import { openTestPki, serveTls } from './tls-server.ts'

const keys = openTestPki()
const GV = '/apis/metrics.example.com/v1'
const NAME = 'v1.metrics.example.com'
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'

interface Seen {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly subject: string
  readonly body: string
}
const seen: Seen[] = []
let healthy = true
const resources = [
  { name: 'widgets', singularName: 'widget', namespaced: true, kind: 'Widget', verbs: ['get', 'list', 'watch'] },
  { name: 'widgets/status', singularName: '', namespaced: true, kind: 'Widget', verbs: ['get'] },
]
const openApiV2 = {
  swagger: '2.0',
  info: { title: 'others', version: 'v0' },
  paths: {
    [`${GV}/widgets`]: { get: { responses: { 200: { schema: { $ref: '#/definitions/com.example.Widget' } } } } },
    '/apis/elsewhere/v1/': {},
  },
  definitions: {
    'com.example.Widget': { type: 'object', properties: { spec: { $ref: '#/definitions/io.k8s.api.core.v1.PodSpec' } } },
    'io.k8s.api.core.v1.PodSpec': { type: 'object', description: 'another one' },
    'com.example.Unused': { type: 'object' },
  },
}

const remote = await serveTls(
  keys,
  ['metrics.default.svc'],
  (request, body, response) => {
    const subject = ((request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined) ?? ''
    seen.push({ url: request.url!, headers: request.headers, subject, body })
    if (!healthy) return void response.writeHead(500).end('ill')
    answer(request, response)
  },
  keys.pki.frontProxyCa.cert,
)
remote.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  const subject = ((request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined) ?? ''
  seen.push({ url: request.url!, headers: request.headers, subject, body: '' })
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
  socket.pipe(socket)
})
after(async () => {
  await remote[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
})
beforeEach(() => {
  seen.length = 0
  healthy = true
})

function answer({ url }: IncomingMessage, response: ServerResponse): void {
  const json = (value: unknown) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  switch (new URL(url!, 'https://x').pathname) {
    case GV:
      return json({ kind: 'APIResourceList', groupVersion: 'metrics.example.com/v1', resources })
    case '/openapi/v2':
      return json(openApiV2)
    case '/openapi/v3':
      return json({ paths: { 'apis/metrics.example.com/v1': { serverRelativeURL: `/openapi/v3${GV}?hash=H` } } })
    case `/openapi/v3${GV}`:
      return json({ openapi: '3.0.0' })
    case `${GV}/away`:
      return void response.writeHead(302, { location: 'https://elsewhere.example/' }).end()
    case `${GV}/namespaces/default/widgets`: {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"type":"ADDED"}\n')
      return void setTimeout(() => response.end('{"type":"DELETED"}\n'), 20)
    }
    case `${GV}/namespaces/default/widgets/w`:
      return json({ kind: 'Widget', metadata: { name: 'w' } })
    default:
      return void response.writeHead(404, { 'content-type': 'application/json' }).end('{"kind":"Status","code":404}')
  }
}

const frontProxy = {
  certificate: () => keys.pki.pair('frontProxyClient'),
  ca: () => keys.pki.frontProxyCa.cert,
  clientCa: () => keys.pki.ca.cert,
  allowedNames: ['front-proxy-client'],
}
const open = () => openTestApi({ clock: systemClock, frontProxy })
const service = (port: number, name = 'metrics') => ({ name, namespace: 'default', port })
const spec = { group: 'metrics.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 50 }

async function register(t: TestApi, more: object = {}): Promise<void> {
  const named = { metadata: { name: 'metrics' }, spec: { type: 'ExternalName', externalName: 'localhost' } }
  equal((await t.call('POST', '/api/v1/namespaces/default/services', named)).status, 201)
  const whole = { ...spec, service: service(remote.port), caBundle: keys.caBundle, ...more }
  const made = await t.call('POST', API_SERVICES, { metadata: { name: NAME }, spec: whole })
  equal(made.status, 201, JSON.stringify(made.object))
}

/** Waits for what the loop does, bounded. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  ok(false, `never: ${what}`)
}

async function condition(t: TestApi): Promise<readonly [string, string, string]> {
  const { object } = await t.call('GET', `${API_SERVICES}/${NAME}`)
  const found = object.status?.conditions?.find((c: any) => c.type === 'Available')
  return [found?.status, found?.reason, found?.message]
}
const judged = (t: TestApi, reason: string) => until(reason, async () => (await condition(t))[1] === reason)

/** A call whose answer is taken as it comes. */
function raw(t: TestApi, method: string, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { pathname: path, searchParams: query } = new URL(url, 'https://localhost')
  return t.api.handle({
    method,
    path,
    query,
    headers,
    body: { type: 'none' },
    peer: { type: 'network', address: '10.0.0.9' },
    info: parseRequestInfo(method, path, query),
    user: { username: 'jürgen', uid: 'u-1', groups: ['a', 'b'], extra: { 'example.com/Scope': ['x', 'y'] } },
    received: systemClock.now(),
    signal: new AbortController().signal,
    warnings: [],
  })
}

async function textOf(answered: Answer): Promise<string> {
  if (answered.type !== 'bytes') throw new Error(`no bytes: ${answered.type}`)
  const chunks: Buffer[] = []
  if (typeof answered.body === 'string') return answered.body
  for await (const chunk of answered.body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

test('requests are passed on as the caller, whom the front proxy vouches for', async () => {
  await using t = await open()
  await register(t)
  await judged(t, 'Passed')
  deepEqual(await condition(t), ['True', 'Passed', 'all checks passed'])
  seen.length = 0
  const got = await raw(t, 'GET', `${GV}/namespaces/default/widgets/w?pretty=1`, {
    'x-remote-user': 'root',
    'x-remote-extra-a': 'b',
    accept: 'text/x',
  })
  deepEqual([got.type === 'bytes' && got.status, JSON.parse(await textOf(got)).metadata], [200, { name: 'w' }])
  const { url, headers, subject } = seen.find((s) => s.url.includes('/widgets/w'))!
  deepEqual(
    [
      url,
      subject,
      headers['x-remote-user'],
      headers['x-remote-uid'],
      headers['x-remote-group'],
      headers['x-remote-extra-a'],
      headers.accept,
    ],
    [
      `${GV}/namespaces/default/widgets/w?pretty=1`,
      'front-proxy-client',
      Buffer.from('jürgen').toString('latin1'),
      'u-1',
      'a, b',
      undefined,
      'text/x',
    ],
  )
  deepEqual([headers['x-remote-extra-example.com%2fscope'], headers['x-forwarded-for']], ['x, y', '10.0.0.9'])
})

test('watches stream, upgrades are joined, redirects are not followed', async () => {
  await using t = await open()
  await register(t)
  await judged(t, 'Passed')
  const watched = await raw(t, 'GET', `${GV}/namespaces/default/widgets?watch=1`)
  equal(await textOf(watched), '{"type":"ADDED"}\n{"type":"DELETED"}\n')
  const away = await raw(t, 'GET', `${GV}/away`)
  deepEqual(
    [away.type === 'bytes' && away.status, await textOf(away)],
    [502, 'the backend attempted to redirect this request, which is not permitted'],
  )
  const upgraded = await raw(t, 'GET', `${GV}/namespaces/default/widgets/w/exec`, { connection: 'Upgrade', upgrade: 'echo' })
  equal(upgraded.type, 'upgrade')
  const written: string[] = []
  const client = new PassThrough()
  client.write = ((chunk: Uint8Array | string) => {
    written.push(chunk.toString())
    return true
  }) as never
  const joined = upgraded.type === 'upgrade' ? upgraded.connect(client, Buffer.from('hello')) : Promise.resolve()
  await until('the echo', async () => written.join('').endsWith('hello'))
  match(written.join(''), /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  client.destroy()
  await joined
  deepEqual(seen.at(-1)!.headers['x-remote-group'], 'a, b')
})

test('components within the process read what others serve as values, too', async () => {
  await using t = await open()
  await register(t)
  await judged(t, 'Passed')
  const authenticator = { authenticate: () => ({ type: 'user' as const, user: { username: 'hpa', groups: ['system:masters'] } }) }
  const handler = createHandler({
    api: t.api,
    authenticator,
    authorizer: t.api.authorizer,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  })
  const client = createClient(inProcessTransport(handler, { username: 'hpa' }), { userAgent: 'test' })
  deepEqual(await client.raw('GET', `${GV}/namespaces/default/widgets/w`), { kind: 'Widget', metadata: { name: 'w' } })
  const widgets = {
    group: 'metrics.example.com',
    version: 'v1',
    plural: 'widgets',
    scope: 'Namespaced',
    apiVersion: 'metrics.example.com/v1',
  }
  const watching = { namespace: 'default', resourceVersion: '1', signal: new AbortController().signal }
  const watched = client.watch(widgets as never, watching)
  const events = watched[Symbol.asyncIterator]()
  const { value } = await events.next()
  equal((value as { type: string }).type, 'ADDED')
  await rejects(client.raw('GET', `${GV}/namespaces/default/widgets/none`), { name: 'StatusError', code: 404 })
})

test('a server is unavailable while it is ill, and requests for it are refused meanwhile', async () => {
  await using t = await open()
  healthy = false
  await register(t)
  await judged(t, 'FailedDiscoveryCheck')
  const [status, , message] = await condition(t)
  const url = `https://localhost:${remote.port}${GV}`
  deepEqual([status, message], ['False', `failing or missing response from ${url}: bad status from ${url}: 500`])
  const pages = (await t.call('GET', '/metrics')).object as string
  ok(pages.includes(`aggregator_unavailable_apiservice{name="${NAME}"} 1\n`))
  ok(pages.includes(`aggregator_unavailable_apiservice_total{name="${NAME}",reason="FailedDiscoveryCheck"} 1\n`))
  const refused = await raw(t, 'GET', `${GV}/namespaces/default/widgets`)
  deepEqual([refused.type === 'bytes' && refused.status, await textOf(refused)], [503, 'service unavailable\n'])
  const { object: groups } = await t.call('GET', '/apis')
  deepEqual(groups.groups.at(-1).name, 'metrics.example.com')
  healthy = true
  await judged(t, 'Passed')
})

test('what is missing of the service is told as such', async () => {
  await using t = await open()
  equal((await t.call('POST', API_SERVICES, { metadata: { name: NAME }, spec: { ...spec, service: service(443) } })).status, 201)
  await judged(t, 'ServiceNotFound')
  deepEqual(await condition(t), ['False', 'ServiceNotFound', 'service/metrics in "default" is not present'])
  const ports = [{ name: 'https', port: 8443 }]
  equal((await t.call('POST', '/api/v1/namespaces/default/services', { metadata: { name: 'metrics' }, spec: { ports } })).status, 201)
  await judged(t, 'ServicePortError')
  deepEqual(await condition(t), ['False', 'ServicePortError', 'service/metrics in "default" is not listening on port 443'])
  const merge = { contentType: 'application/merge-patch+json' }
  equal((await t.call('PATCH', `${API_SERVICES}/${NAME}`, { spec: { service: { port: 8443 } } }, merge)).status, 200)
  await judged(t, 'EndpointsNotFound')
  deepEqual(await condition(t), ['False', 'EndpointsNotFound', 'cannot find endpointslices for service/metrics in "default"'])
  const slice = {
    metadata: { name: 's', labels: { 'kubernetes.io/service-name': 'metrics' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 1, protocol: 'TCP' }],
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: false } }],
  }
  equal((await t.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', slice)).status, 201)
  await judged(t, 'MissingEndpoints')
  deepEqual(await condition(t), [
    'False',
    'MissingEndpoints',
    'endpointslices for service/metrics in "default" have no addresses with port name "https"',
  ])
  equal((await t.call('PATCH', `${API_SERVICES}/${NAME}`, { spec: { service: null } }, merge)).status, 200)
  await judged(t, 'Local')
})

test('the certificate of a server is checked when requests are passed on, unless nobody asks for that', async () => {
  await using t = await open()
  await register(t, { caBundle: Buffer.from(keys.pki.frontProxyCa.cert).toString('base64') })
  // upstream's check does not look at certificates
  await judged(t, 'Passed')
  const refused = await raw(t, 'GET', `${GV}/namespaces/default/widgets/w`)
  deepEqual(
    [refused.type === 'bytes' && refused.status, await textOf(refused)],
    [503, 'error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority\n'],
  )
  const merge = { contentType: 'application/merge-patch+json' }
  const insecure = { spec: { caBundle: null, insecureSkipTLSVerify: true } }
  equal((await t.call('PATCH', `${API_SERVICES}/${NAME}`, insecure, merge)).status, 200)
  await until('trusted', async () => {
    const got = await raw(t, 'GET', `${GV}/namespaces/default/widgets/w`)
    return got.type === 'bytes' && got.status === 200
  })
})

test('discovery in both forms shows what others serve, old when they are away, and forgets what is gone', async () => {
  await using t = await open()
  await register(t)
  await judged(t, 'Passed')
  const accept = { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } }
  const discovered = async () => {
    const { object } = await t.call('GET', '/apis', undefined, accept)
    return JSON.parse(object as string).items.find((i: any) => i.metadata.name === 'metrics.example.com')
  }
  await until('discovered', async () => (await discovered())?.versions[0].freshness === 'Current')
  const kind = { group: 'metrics.example.com', version: 'v1', kind: 'Widget' }
  deepEqual((await discovered()).versions, [
    {
      version: 'v1',
      resources: [
        {
          resource: 'widgets',
          responseKind: kind,
          scope: 'Namespaced',
          singularResource: 'widget',
          verbs: ['get', 'list', 'watch'],
          subresources: [{ subresource: 'status', responseKind: kind, verbs: ['get'] }],
        },
      ],
      freshness: 'Current',
    },
  ])
  const versions = [{ groupVersion: 'metrics.example.com/v1', version: 'v1' }]
  const { object: group } = await t.call('GET', '/apis/metrics.example.com')
  deepEqual(group, { kind: 'APIGroup', apiVersion: 'v1', name: 'metrics.example.com', versions, preferredVersion: versions[0] })
  const first = await t.wire('GET', '/apis', accept)
  equal((await t.wire('GET', '/apis', { headers: { ...accept.headers, 'if-none-match': first.headers['etag']! } })).status, 304)
  equal(JSON.parse(await textOf(await raw(t, 'GET', GV))).kind, 'APIResourceList')
  ok((await t.call('GET', '/')).object.paths.includes(GV))

  healthy = false
  const merge = { contentType: 'application/merge-patch+json' }
  equal((await t.call('PATCH', `${API_SERVICES}/${NAME}`, { spec: { versionPriority: 51 } }, merge)).status, 200)
  await judged(t, 'FailedDiscoveryCheck')
  await until('stale', async () => (await discovered()).versions[0].freshness === 'Stale')
  equal((await discovered()).versions[0].resources.length, 1)

  equal((await t.call('DELETE', `${API_SERVICES}/${NAME}`)).status, 200)
  await until('gone', async () => (await discovered()) === undefined)
  equal((await t.call('GET', '/apis/metrics.example.com')).status, 404)
})

test('OpenAPI in both versions shows what others serve', async () => {
  await using t = await open()
  await register(t)
  await judged(t, 'Passed')
  const v2 = async () => JSON.parse((await t.wire('GET', '/openapi/v2')).text)
  await until('merged', async () => (await v2()).paths[`${GV}/widgets`] !== undefined)
  const { paths, definitions } = await v2()
  deepEqual(
    [
      paths['/apis/elsewhere/v1/'],
      definitions['com.example.Unused'],
      definitions['com.example.Widget'].properties.spec.$ref,
      definitions['io.k8s.api.core.v1.PodSpec_v2'],
      paths['/api/v1/namespaces/{namespace}/pods'] !== undefined,
    ],
    [undefined, undefined, '#/definitions/io.k8s.api.core.v1.PodSpec_v2', { type: 'object', description: 'another one' }, true],
  )
  const { paths: table } = JSON.parse((await t.wire('GET', '/openapi/v3')).text)
  deepEqual(table['apis/metrics.example.com/v1'], { serverRelativeURL: `/openapi/v3${GV}?hash=H` })
  deepEqual(JSON.parse((await t.wire('GET', `/openapi/v3${GV}?hash=H`)).text), { openapi: '3.0.0' })
  const protobuf = await t.wire('GET', '/openapi/v2', { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } })
  ok(Buffer.from(protobuf.bytes).includes(`${GV}/widgets`))
})

test('aggregated servers find in a ConfigMap how to recognize clients and the front proxy', async () => {
  await using t = await open()
  const { object } = await t.call('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')
  deepEqual(object.data, {
    'client-ca-file': keys.pki.ca.cert,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': keys.pki.frontProxyCa.cert,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  })
})

const noKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'needs kubectl'

test('kubectl and upgrades reach an aggregated server through a server process', { skip: noKubectl }, async () => {
  await using server = await startServer()
  const frontProxyCa = readFileSync(join(server.directory, 'pki/front-proxy-ca.crt'), 'utf8')
  const callers: (readonly [string, unknown])[] = []
  await using other = await serveTls(
    keys,
    ['metrics.default.svc'],
    (request, _, response) => {
      callers.push([(request.socket as TLSSocket).getPeerCertificate().subject.CN as string, request.headers['x-remote-user']])
      if (!request.url!.startsWith(`${GV}/namespaces/default/widgets`)) return answer(request, response)
      const item = { kind: 'Widget', apiVersion: 'metrics.example.com/v1', metadata: { name: 'w', namespace: 'default' } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ kind: 'WidgetList', apiVersion: 'metrics.example.com/v1', metadata: {}, items: [item] }))
    },
    frontProxyCa,
  )
  other.server.on('upgrade', (_: IncomingMessage, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  const kubectl = async (...words: readonly string[]) =>
    (await promisify(execFile)('kubectl', ['--kubeconfig', server.kubeconfig, ...words], { timeout: 30_000 })).stdout
  const named = { metadata: { name: 'metrics' }, spec: { type: 'ExternalName', externalName: 'localhost' } }
  equal((await server.call('POST', '/api/v1/namespaces/default/services', named)).status, 201)
  const whole = { ...spec, service: service(other.port), caBundle: keys.caBundle }
  equal((await server.call('POST', API_SERVICES, { metadata: { name: NAME }, spec: whole })).status, 201)
  await kubectl('wait', '--for=condition=Available', `apiservice/${NAME}`, '--timeout=10s')
  await until('discovered', async () => (await kubectl('api-resources', '--api-group=metrics.example.com')).includes('widgets'))
  match(await kubectl('get', 'widgets'), /^NAME +AGE\nw +<unknown>\n$/)
  deepEqual(callers.at(-1), ['front-proxy-client', 'kubernetes-admin'])

  const { cert, key, ca } = loadKubeconfig(server.kubeconfig)
  const request = httpsRequest({
    host: '127.0.0.1',
    port: server.port,
    path: `${GV}/namespaces/default/widgets/w/exec`,
    headers: { connection: 'Upgrade', upgrade: 'echo' },
    ...{ cert, key, ca },
    agent: false,
  } as RequestOptions)
  request.end()
  const [, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex]
  socket.write('hello')
  const [echoed] = (await once(socket, 'data')) as [Buffer]
  equal(echoed.toString(), 'hello')
  socket.destroy()
})
