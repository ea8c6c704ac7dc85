/** Input meant to do harm, over the wire: refused or bounded, in little time, and the server goes on unharmed. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { credentials, startServer, type Answer, type CallOptions, type ServerUnderTest } from './server-under-test.ts'

let s: ServerUnderTest
before(async () => {
  s = await startServer({ flags: ['--datastore', 'memory', '--feature-gates', 'CBORServingAndStorage=true', '--log-level', 'debug'] })
})
after(() => s[Symbol.asyncDispose]())

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const YAML = { contentType: 'application/yaml' }
const CBOR = { contentType: 'application/cbor' }
const PROTOBUF = { contentType: 'application/vnd.kubernetes.protobuf' }
const MERGE = { contentType: 'application/merge-patch+json' }
const JSON_PATCH = { contentType: 'application/json-patch+json' }
const STRATEGIC = { contentType: 'application/strategic-merge-patch+json' }
const APPLY = { contentType: 'application/apply-patch+yaml' }

const LONG_MS = 3_000 // much more than any of this takes, much less than an attack would

/** The answer, which must come soon; others must be served afterwards. */
async function soon(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
  const start = performance.now()
  const answer = await s.call(method, path, body, options)
  const took = performance.now() - start
  ok(took < LONG_MS, `${method} ${path} took ${Math.round(took)} ms`)
  equal((await s.call('GET', '/livez')).text, 'ok')
  return answer
}

const status = (answer: Answer) => answer.json<{ code: number; reason: string; message: string }>()

async function make(path: string, object: object): Promise<void> {
  const answer = await s.call('POST', path, object)
  equal(answer.status, 201, answer.text)
}

const configMap = (name: string, data: object = { a: '1' }) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })

test('nothing that nests without end is read, in any format', async () => {
  const deep = 20_000
  const length = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...length(Math.floor(n / 128))])
  // field 1 of the message in field 1, and so on, as deep as the lengths allow
  let nested = Buffer.alloc(0)
  for (let i = 0; i < 3_000; i++) nested = Buffer.concat([Buffer.from([0x0a, ...length(nested.length)]), nested])
  const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00])
  const bodies: readonly [string, Uint8Array | string, CallOptions?][] = [
    ['JSON', `{"metadata":${'['.repeat(deep)}${']'.repeat(deep)}}`],
    ['YAML', `metadata: ${'['.repeat(deep)}${']'.repeat(deep)}`, YAML],
    ['YAML in blocks', Array.from({ length: 1_000 }, (_, n) => `${' '.repeat(n)}a:\n`).join(''), YAML],
    ['CBOR', Buffer.concat([Buffer.from([0xd9, 0xd9, 0xf7]), Buffer.alloc(deep, 0x81), Buffer.from([0x00])]), CBOR],
    ['Protobuf', Buffer.concat([magic, nested]), PROTOBUF],
  ]
  for (const [name, body, options] of bodies) equal((await soon('POST', CONFIG_MAPS, body, options)).status, 400, name)
  for (const [name, options] of [
    ['merge patch', MERGE],
    ['JSON patch', JSON_PATCH],
    ['strategic merge patch', STRATEGIC],
    ['apply', APPLY],
  ] as const) {
    const body = `{"data":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`
    const answer = await soon('PATCH', `${CONFIG_MAPS}/x?fieldManager=m`, body, options)
    ok(answer.status === 400 || answer.status === 404, `${name}: ${answer.status}`)
  }
})

test('large, odd and broken text is refused or read for what it is', async () => {
  const million = `{${Array.from({ length: 200_000 }, (_, n) => `"${n}":1`).join(',')}}`
  const many = await soon('POST', `${CONFIG_MAPS}?fieldValidation=Ignore`, `{"metadata":{"name":"many"},"spec":${million}}`)
  equal(many.status, 201)
  equal((await soon('POST', `${CONFIG_MAPS}`, `{"metadata":{"name":"many2"},"data":${million}}`)).status, 400)
  const huge = await soon('POST', CONFIG_MAPS, `{"metadata":{"name":"huge","generation":1e999}}`)
  equal(huge.status, 400)
  const digits = await soon('POST', CONFIG_MAPS, `{"metadata":{"name":"digits","generation":${'9'.repeat(1_000_000)}}}`)
  equal(digits.status, 400)
  equal((await soon('POST', CONFIG_MAPS, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))).status, 400)
  const twice = await soon('POST', `${CONFIG_MAPS}?fieldValidation=Strict`, '{"metadata":{"name":"twice","name":"again"}}')
  deepEqual([twice.status, /duplicate field "metadata\.name"/.test(status(twice).message)], [400, true])
})

test('a compressed body is not unpacked', async () => {
  const answer = await soon('POST', CONFIG_MAPS, gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20)), {
    headers: { 'content-encoding': 'gzip' },
  })
  equal(answer.status, 400)
})

test('CVE-2019-11253: aliases that multiply are refused', async () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((c, n) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[n]}`).join(',')}]`),
  ].join('\n')
  const created = await soon('POST', CONFIG_MAPS, bomb, YAML)
  deepEqual([created.status, /excessive aliasing/.test(status(created).message)], [400, true])
  const applied = await soon('PATCH', `${CONFIG_MAPS}/bomb?fieldManager=m`, bomb, APPLY)
  equal(applied.status, 400)
  equal((await soon('POST', CONFIG_MAPS, 'a: &a [*a]', YAML)).status, 400)
})

test('CVE-2019-1002100: patches neither have operations without end nor grow what they patch without end', async () => {
  await make(CONFIG_MAPS, configMap('patched', { a: 'x'.repeat(1_000) }))
  const path = `${CONFIG_MAPS}/patched`
  const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: 'y' }))
  const refused = await soon('PATCH', path, many, JSON_PATCH)
  deepEqual([refused.status, status(refused).message], [413, 'The allowed maximum operations in a JSON patch is 10000, got 10001'])
  const doubling = Array.from({ length: 60 }, (_, n) => ({ op: 'copy', from: '/data', path: `/data/x${n}` }))
  equal((await soon('PATCH', path, doubling, JSON_PATCH)).status >= 400, true)
})

test('no format and no patch reaches the prototype', async () => {
  await make(CONFIG_MAPS, configMap('polluted'))
  const path = `${CONFIG_MAPS}/polluted`
  const cborText = (t: string) => Buffer.concat([Buffer.from([0x40 + t.length]), Buffer.from(t)])
  // {"metadata": {"name": "c"}, "data": {"__proto__": "bad"}}
  const cbor = Buffer.concat([
    Buffer.from([0xd9, 0xd9, 0xf7, 0xa2]),
    cborText('metadata'),
    Buffer.from([0xa1]),
    cborText('name'),
    cborText('c'),
    cborText('data'),
    Buffer.from([0xa1]),
    cborText('__proto__'),
    cborText('bad'),
  ])
  const field = (n: number, bytes: Uint8Array | string) => {
    const b = Buffer.from(bytes as Uint8Array)
    return Buffer.concat([Buffer.from([(n << 3) | 2, b.length]), b])
  }
  const entry = Buffer.concat([field(1, '__proto__'), field(2, 'bad')])
  const object = Buffer.concat([field(1, field(1, 'p')), field(2, entry)])
  const envelope = Buffer.concat([
    Buffer.from([0x6b, 0x38, 0x73, 0x00]),
    field(1, Buffer.concat([field(1, 'v1'), field(2, 'ConfigMap')])),
    field(2, object),
  ])
  const bodies: readonly [string, string, string | Uint8Array, CallOptions?][] = [
    ['POST', CONFIG_MAPS, '{"metadata":{"name":"j","labels":{"__proto__":"bad"}}}'],
    ['POST', CONFIG_MAPS, '{"metadata":{"name":"j"},"__proto__":{"bad":"1"}}'],
    ['POST', CONFIG_MAPS, String.raw`{"metadata":{"name":"j"},"data":{"\u005f_proto__":"bad"}}`],
    ['POST', CONFIG_MAPS, 'metadata: {name: y}\ndata: {__proto__: bad}', YAML],
    ['POST', CONFIG_MAPS, 'x: &x {__proto__: {bad: "1"}}\nmetadata: {name: y}\ndata: {<<: *x}', YAML],
    ['POST', CONFIG_MAPS, cbor, CBOR],
    ['POST', CONFIG_MAPS, envelope, PROTOBUF],
    ['PATCH', path, '{"__proto__":{"bad":"1"}}', MERGE],
    ['PATCH', path, '{"data":{"__proto__":"bad"}}', STRATEGIC],
    ['PATCH', path, '[{"op":"add","path":"/__proto__/bad","value":"1"}]', JSON_PATCH],
    ['PATCH', path, '[{"op":"add","path":"/data/__proto__","value":{"bad":"1"}}]', JSON_PATCH],
    ['PATCH', path, '[{"op":"copy","from":"/constructor/prototype","path":"/data/b"}]', JSON_PATCH],
    ['PATCH', `${path}?fieldManager=m`, 'apiVersion: v1\nkind: ConfigMap\ndata: {__proto__: bad}', APPLY],
  ]
  for (const [method, to, body, options] of bodies) {
    const answer = await soon(method, to, body, options)
    ok(answer.status >= 400 && answer.status < 500, `${String(body).slice(0, 60)}: ${answer.status}`)
  }
  // keys that are names of inherited members are data
  for (const key of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const answer = await soon('PATCH', path, { data: { [key]: 'data' }, metadata: { labels: { [key]: 'data' } } }, MERGE)
    deepEqual([answer.status, answer.json<{ data: Record<string, string> }>().data[key]], [200, 'data'])
    equal((await soon('GET', `${CONFIG_MAPS}?labelSelector=${key}=data`)).json<{ items: unknown[] }>().items.length, 1)
    equal((await soon('GET', `/api/v1/${key}`)).status, 404)
    equal((await soon('GET', `/apis/${key}/v1`)).status, 404)
    equal((await soon('GET', `${CONFIG_MAPS}/${key}`)).status, 404)
    equal((await soon('GET', `${CONFIG_MAPS}?fieldSelector=${key}=a`)).status, 400)
  }
})

const definition = (plural: string, kind: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.hostile.example` },
  spec: {
    group: 'hostile.example',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }],
  },
})

async function established(name: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { status: of } = (await s.call('GET', `${DEFINITIONS}/${name}`)).json<{
      status?: { conditions?: { type: string; status: string }[] }
    }>()
    const served = await s.call('GET', `/apis/hostile.example/v1/${name.split('.')[0]}`)
    if (of?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') && served.status === 200) return
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error(`${name} is not established`)
}

test('patterns of users take no more than linear time, in schemas and in expressions', async () => {
  const evil = '^(a+)+$'
  await make(
    DEFINITIONS,
    definition('patterns', 'Pattern', {
      type: 'object',
      properties: { text: { type: 'string', maxLength: 100_000, pattern: evil }, ruled: { type: 'string', maxLength: 10_000 } },
      'x-kubernetes-validations': [{ rule: `!has(self.ruled) || self.ruled.matches('${evil}')`, message: 'no match' }],
    }),
  )
  await established('patterns.hostile.example')
  const path = '/apis/hostile.example/v1/namespaces/default/patterns'
  const object = (spec: object) => ({ apiVersion: 'hostile.example/v1', kind: 'Pattern', metadata: { name: 'p' }, spec })
  equal((await soon('POST', path, object({ text: `${'a'.repeat(50_000)}!` }))).status, 422)
  equal((await soon('POST', path, object({ ruled: `${'a'.repeat(5_000)}!` }))).status, 422)
  equal((await soon('POST', path, object({ text: 'aaaa', ruled: 'aaaa' }))).status, 201)
  const backwards = await soon(
    'POST',
    DEFINITIONS,
    definition('backrefs', 'Backref', { type: 'object', properties: { a: { type: 'string', pattern: '(a)\\1' } } }),
  )
  equal(backwards.status, 422)
})

test('expressions and schemas that could cost too much are refused as they are written', async () => {
  const list = { type: 'array', items: { type: 'string' } }
  const dear = definition('dears', 'Dear', {
    type: 'object',
    properties: { a: list, b: list },
    'x-kubernetes-validations': [{ rule: 'self.a.all(x, self.b.all(y, self.a.all(z, x + y != z)))' }],
  })
  const answer = await soon('POST', DEFINITIONS, dear)
  equal(answer.status, 422)
  match(status(answer).message, /exceeds budget by/)
  const depth = 5_000
  const deep = JSON.stringify(definition('deeps', 'Deep', { type: 'MARK' })).replace(
    '{"type":"MARK"}',
    `${'{"type":"object","properties":{"a":'.repeat(depth)}{"type":"string"}${'}}'.repeat(depth)}`,
  )
  equal((await soon('POST', DEFINITIONS, deep)).status, 400)
})

test('long and twisted selectors are read in little time', async () => {
  for (const selector of [
    `a in (${'b,'.repeat(8_000)}c)`,
    `${'!'.repeat(8_000)}a`,
    'a'.repeat(30_000),
    `${'a,'.repeat(10_000)}a`,
    `a in (${'('.repeat(8_000)}`,
  ])
    ok((await soon('GET', `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(selector)}`)).status <= 400)
})

test('CVE-2019-11248: what helps debugging is not for strangers', async () => {
  for (const path of ['/debug/pprof/', '/debug/pprof/heap', '/debug/flags/v', '/metrics', '/configz', '/logs/', '/statusz', '/flagz'])
    equal((await s.call('GET', path, undefined, { anonymous: true })).status, 403, path)
})

test('CVE-2020-8551, CVE-2020-8552: asking for what is not there leaves nothing in memory or metrics', async () => {
  const metrics = async () => (await s.call('GET', '/metrics')).text
  const ask = async (n: number, from: number) => {
    for (let i = from; i < from + n; i++) {
      await s.call('GET', `/apis/group-${i}.example/v1/kinds-${i}/name-${i}/sub-${i}?watch=${i}`)
      await s.call('GET', `/path-${i}`)
      await s.call(`METHOD${i}`, `/api/v1/namespaces/n-${i}/pods/p-${i}/proxy/x-${i}`)
    }
  }
  await ask(10, 0)
  const before_ = (await metrics()).split('\n').length
  await ask(200, 10)
  const after_ = await metrics()
  const grown = after_.split('\n').length - before_
  ok(grown < 200, `${grown} more lines of metrics for 600 more requests`)
  deepEqual(after_.match(/METHOD\d|group-\d|kinds-\d|sub-\d|path-\d/g), null)
})

test('CVE-2021-25737: endpoints lead neither to the node itself nor to its neighbours on the link', async () => {
  for (const ip of ['127.0.0.1', '127.8.8.8', '::1', '169.254.169.254', 'fe80::1', '224.0.0.1', '0.0.0.0', '::ffff:127.0.0.1']) {
    const endpoints = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'e' },
      subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }],
    }
    equal((await s.call('POST', '/api/v1/namespaces/default/endpoints', endpoints)).status, 422, ip)
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'e' }, spec: { ports: [{ port: 80 }], externalIPs: [ip] } }
    equal((await s.call('POST', '/api/v1/namespaces/default/services', service)).status, 422, ip)
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'e' },
      addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [ip] }],
    }
    equal((await s.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', slice)).status, 422, ip)
  }
})

test('CVE-2022-3294, CVE-2020-8562: nothing is proxied to the addresses of this machine by the name of a node or pod', async () => {
  const node = (await s.call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'loop' } })).status
  equal(node, 201)
  const addresses = {
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: s.port } } },
  }
  equal((await s.call('PATCH', '/api/v1/nodes/loop/status', addresses, MERGE)).status, 200)
  const proxied = await soon('GET', '/api/v1/nodes/loop/proxy/api/v1/secrets')
  deepEqual([proxied.status, status(proxied).message], [400, 'address not allowed'])
})

test('CVE-2019-11250, CVE-2020-8563 and their kin: no credentials in the log, at any level', async () => {
  const secret = 'c0ffee-very-secret'
  await s.call('GET', CONFIG_MAPS, undefined, { anonymous: true, headers: { authorization: `Bearer ${secret}` } })
  await s.call('GET', CONFIG_MAPS, undefined, {
    anonymous: true,
    headers: { authorization: `Basic ${Buffer.from(`u:${secret}`).toString('base64')}` },
  })
  await s.call('POST', '/api/v1/namespaces/default/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'Wrong_' },
    stringData: { a: secret },
  })
  await s.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: secret },
  })
  await s.call('POST', '/api/v1/namespaces/default/secrets', `{"stringData":{"a":"${secret}"`)
  for (const text of [secret, Buffer.from(secret).toString('base64').slice(0, 20), Buffer.from(`u:${secret}`).toString('base64')])
    ok(!s.log().includes(text), 'the secret is in the log')
})

test('what strangers send cannot write lines or colours of its own into the log', async () => {
  await s
    .call('GET', `${CONFIG_MAPS}/${encodeURIComponent('x\n{"level":"error","message":"forged"}\u001b[31m')}`, undefined, {
      anonymous: true,
      headers: { authorization: 'Bearer bad', 'user-agent': 'agent\u001b[31m' },
    })
    .catch(() => {})
  const written = s.log()
  ok(!written.includes('\u001b['))
  ok(!written.split('\n').some((line) => line.startsWith('{"level":"error","message":"forged"}')))
})

test('an upgrade without the right to it, or to nothing, never leaves a raw connection', async () => {
  const { ca } = credentials(s.kubeconfig)
  const asks = async (path: string) => {
    const socket = connect({ host: '127.0.0.1', port: s.port, ca, ALPNProtocols: ['http/1.1'] })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\nHost: a\r\n\r\n`,
    )
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }
  for (const path of ['/livez', '/api/v1/namespaces/default/pods/none/exec?command=a', '/api/v1/nodes/loop/proxy/'])
    equal((await asks(path)).match(/HTTP\/1\.1 \d+/g)?.length, 1, path)
})

test('whatever was sent, all of it: the process is the one that was started', async () => {
  equal(s.process.exitCode, null)
  equal((await s.call('GET', '/readyz')).text, 'ok')
})
