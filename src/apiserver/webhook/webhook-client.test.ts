import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { defaultMaxListeners, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { makeCertificate } from '#wire/x509/certificate.ts'
import { encodeName, NO_ALTERNATIVE_NAMES } from '#wire/x509/names.ts'
import { openWebhookClient, webhookOf, webhookOfKubeconfig, WebhookError } from './webhook-client.ts'

const directory = mkdtempSync(join(tmpdir(), 'webhook-'))
after(() => rmSync(directory, { recursive: true }))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })
const caBundle = Buffer.from(pki.ca.cert).toString('base64')

const connections = new Set<unknown>()
async function serve(hosts: readonly string[], options: ServerOptions = {}): Promise<number> {
  const pair = options.cert === undefined ? pki.issue({ commonName: 'webhook', hosts, usage: 'serving' }) : {}
  const server = createServer({ ...pair, ...options }, (request, response) => void answer(request, response))
  server.on('secureConnection', (socket) => void connections.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  const { pathname, search } = new URL(request.url!, 'https://x')
  const subject = (request.socket as TLSSocket).getPeerCertificate()?.subject?.CN ?? ''
  const said = { search, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown, host: request.headers.host }
  switch (pathname) {
    case '/echo':
      return void response.end(JSON.stringify(said))
    case '/who':
      return void response.end(JSON.stringify({ subject, authorization: request.headers.authorization }))
    case '/away':
      return void response.writeHead(307, { location: '/echo' }).end()
    case '/garbage':
      return void response.end('garbage')
    case '/empty':
      return void response.writeHead(200, { 'content-type': 'application/json' }).end()
    case '/huge':
      return void response.end(JSON.stringify('x'.repeat(5000)))
    case '/cut':
      response.writeHead(200, { 'content-length': 100 }).write('{')
      return void setImmediate(() => request.socket.destroy())
    case '/broken':
      return void response.writeHead(500, { 'content-type': 'text/plain' }).end('out of order\n')
    case '/status':
      return void response.writeHead(403).end(JSON.stringify({ kind: 'Status', status: 'Failure', message: 'go away', code: 403 }))
    case '/closes':
      return void response.writeHead(200, { connection: 'close' }).end('1')
    case '/slow':
      return
    default:
      return void response.writeHead(404).end()
  }
}

const port = await serve(['127.0.0.1', 'hook.ns.svc'])
const client = openWebhookClient({
  clock: systemClock,
  bodyBytesMax: 4096,
  resolve: ({ name }) => {
    if (name !== 'hook') throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`)
    return { host: '127.0.0.1', port }
  },
})
after(() => client[Symbol.asyncDispose]())
const at = (path: string, to = port) => webhookOf({ url: `https://127.0.0.1:${to}${path}`, caBundle })
const call = (path: string, timeoutMs = 10_000) => client.call(at(path), { a: 1 }, { timeoutMs })
const refused = (failure: string, message: string | RegExp) => (error: unknown) => {
  ok(error instanceof WebhookError)
  equal(error.failure, failure)
  if (typeof message === 'string') equal(error.message, message)
  else match(error.message, message)
  return true
}

test('a webhook gets the body, its deadline and the name it was called by', async () => {
  deepEqual(await call('/echo'), { search: '?timeout=10s', body: { a: 1 }, host: `127.0.0.1:${port}` })
  const service = { namespace: 'ns', name: 'hook', path: '/echo', port: 8443 }
  deepEqual(await client.call(webhookOf({ service, caBundle }), [], { timeoutMs: 1500 }), {
    search: '?timeout=1.5s',
    body: [],
    host: 'hook.ns.svc:8443',
  })
})

test('connections are kept, and one that went stale is made anew', async () => {
  await call('/echo')
  await new Promise((resolve) => setImmediate(resolve)) // the connection is put aside once the answer has been read
  const before = connections.size
  await call('/echo')
  equal(connections.size, before)
  await call('/closes')
  equal(((await call('/echo')) as { search: string }).search, '?timeout=10s')
})

test('a connection that is kept gathers nothing from the calls it serves', async (t) => {
  const warned: string[] = []
  const note = ({ message }: Error) => void warned.push(message)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  for (let i = 0; i < 2 * defaultMaxListeners; i++) {
    await call('/echo')
    await new Promise((resolve) => setImmediate(resolve))
  }
  deepEqual(warned, [])
})

test('a service without endpoints is told as such', async () => {
  const service = { namespace: 'ns', name: 'none', path: 'x' }
  const text = 'Post "https://none.ns.svc:443/x?timeout=10s": no endpoints available for service "none"'
  await rejects(client.call(webhookOf({ service, caBundle }), {}, { timeoutMs: 10_000 }), refused('unreachable', text))
})

test('whatever is no JSON of a bounded size is a failure', async () => {
  await rejects(call('/garbage'), refused('malformed', /^couldn't get version\/kind; json parse error: invalid character 'g'/))
  await rejects(call('/empty'), refused('malformed', '0-length response with status code: 200 and content type: application/json'))
  await rejects(call('/huge'), refused('too large', 'http: response body too large'))
  await rejects(call('/cut'), refused('unreachable', `Post "https://127.0.0.1:${port}/cut?timeout=10s": unexpected EOF`))
})

test('refusals carry what the server said, and redirects are not followed', async () => {
  await rejects(call('/away'), refused('status', 'the server responded with the status code 307 but did not return more information'))
  await rejects(call('/gone'), refused('status', 'the server could not find the requested resource'))
  await rejects(call('/status'), refused('status', 'go away'))
  await rejects(call('/broken'), refused('status', 'an error on the server ("out of order") has prevented the request from succeeding'))
})

test('a webhook that hangs is left when its time is over, or the caller has gone', async () => {
  const text = `Post "https://127.0.0.1:${port}/slow?timeout=100ms": context deadline exceeded`
  await rejects(call('/slow', 100), refused('timeout', text))
  await rejects(
    client.call(at('/slow'), {}, { timeoutMs: 10_000, signal: AbortSignal.timeout(50) }),
    refused('timeout', /context canceled$/),
  )
})

test('a certificate must be of the right authority, for the right name, and in time', async () => {
  const url = `https://127.0.0.1:${port}/echo`
  const verify = (text: string, to = port) =>
    refused('certificate', `Post "https://127.0.0.1:${to}/echo?timeout=10s": tls: failed to verify certificate: x509: ${text}`)
  const timeoutMs = 10_000
  await rejects(client.call({ url }, {}, { timeoutMs }), verify('certificate signed by unknown authority'))
  await rejects(client.call({ url, ca: pki.frontProxyCa.cert }, {}, { timeoutMs }), verify('certificate signed by unknown authority'))
  await rejects(
    client.call({ url, ca: pki.ca.cert, serverName: 'other.ns.svc' }, {}, { timeoutMs }),
    verify('certificate is valid for hook.ns.svc, not other.ns.svc'),
  )
  const elsewhere = await serve(['127.0.0.2'])
  await rejects(
    client.call(at('/echo', elsewhere), {}, { timeoutMs }),
    verify('certificate is valid for 127.0.0.2, not 127.0.0.1', elsewhere),
  )
  const late = openPki({ directory: join(directory, 'late'), clock: { now: () => Date.now() - 3600_000 }, random: systemRandom })
  const expired = await serve([], late.issue({ commonName: 'webhook', hosts: ['127.0.0.1'], usage: 'serving', lifetimeMs: 60_000 }))
  await rejects(
    client.call({ ...at('/echo', expired), ca: late.ca.cert }, {}, { timeoutMs }),
    refused('certificate', /x509: certificate has expired or is not yet valid: current time \S+Z is after \S+Z$/),
  )
  const insecure = (await client.call({ url, insecure: true }, {}, { timeoutMs })) as { host: string }
  equal(insecure.host, `127.0.0.1:${port}`)
})

const hour = 3600_000
const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** A certificate for 127.0.0.1, or of an authority; in their names the common name is all there is. */
function certificate(
  of: KeyObject,
  signer: KeyObject,
  { subject = '', issuer = '', authority = false, from = -hour, until = hour } = {},
): string {
  const name = (commonName: string) => encodeName({ commonName, organizations: [] })
  const times = { notBefore: Date.now() + from, notAfter: Date.now() + until }
  return makeCertificate(
    {
      subject: name(subject),
      issuer: name(issuer),
      publicKey: of,
      serial: Buffer.of(1),
      ...times,
      authority,
      usages: authority ? ['cert sign'] : [],
      ...(!authority && { names: { ...NO_ALTERNATIVE_NAMES, ipAddresses: ['127.0.0.1'] } }),
    },
    signer,
  )
}

test('a certificate is known by who signed it, even where the names of both read alike', async () => {
  const [ours, theirs, web] = [keyPair(), keyPair(), keyPair()]
  const ca = certificate(ours.publicKey, ours.privateKey, { authority: true, issuer: 'nobody' })
  const key = web.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const reach = async (cert: string, trusted = ca) => {
    const to = await serve([], { cert, key })
    return client.call({ url: `https://127.0.0.1:${to}/echo`, ca: trusted }, { a: 1 }, { timeoutMs: 10_000 })
  }
  const unknown = refused('certificate', /x509: certificate signed by unknown authority$/)
  const signed = (options = {}) => certificate(web.publicKey, ours.privateKey, options)
  deepEqual(((await reach(signed())) as { body: unknown }).body, { a: 1 })
  // one that comes in its place is found out, too
  deepEqual(((await reach(signed({ until: 2 * hour }))) as { body: unknown }).body, { a: 1 })
  await rejects(reach(certificate(web.publicKey, theirs.privateKey)), unknown)
  await rejects(reach(certificate(web.publicKey, web.privateKey)), unknown)
  await rejects(reach(signed({ until: -1000 })), refused('certificate', /x509: certificate has expired/))
  await rejects(reach(signed(), certificate(ours.publicKey, ours.privateKey, { authority: true, issuer: 'nobody', until: -1000 })), unknown)
  await rejects(reach(signed(), certificate(ours.publicKey, ours.privateKey, { issuer: 'nobody' })), unknown)
})

test('an authority that another one signed is trusted for itself', async () => {
  const [root, between, web] = [keyPair(), keyPair(), keyPair()]
  const ca = certificate(between.publicKey, root.privateKey, { authority: true, subject: 'between', issuer: 'root' })
  const key = web.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const to = await serve([], { cert: certificate(web.publicKey, between.privateKey, { subject: 'web', issuer: 'between' }), key })
  const answered = await client.call({ url: `https://127.0.0.1:${to}/echo`, ca }, { a: 1 }, { timeoutMs: 10_000 })
  deepEqual((answered as { body: unknown }).body, { a: 1 })
})

test('the caller shows what its kubeconfig gives it', async () => {
  const asking = await serve(['127.0.0.1'], {
    ...pki.issue({ commonName: 'webhook', hosts: ['127.0.0.1'], usage: 'serving' }),
    ca: pki.ca.cert,
    requestCert: true,
  })
  const server = `https://127.0.0.1:${asking}/who`
  const { cert, key } = pki.issue({ commonName: 'caller', usage: 'client' })
  const who = (webhook: Parameters<typeof webhookOfKubeconfig>[0]) => client.call(webhookOfKubeconfig(webhook), {}, { timeoutMs: 10_000 })
  deepEqual(await who({ server, ca: pki.ca.cert, cert, key }), { subject: 'caller' })
  await rejects(
    who({ server: server.replace('/who', '/echo'), ca: pki.ca.cert }),
    refused('unreachable', /remote error: tls: certificate required$/),
  )
  const anyone = await serve(['127.0.0.1'])
  const open = `https://127.0.0.1:${anyone}/who`
  deepEqual(await who({ server: open, ca: pki.ca.cert, token: 't' }), { subject: '', authorization: 'Bearer t' })
  deepEqual(await who({ server: open, ca: pki.ca.cert, username: 'u', password: 'p' }), {
    subject: '',
    authorization: `Basic ${btoa('u:p')}`,
  })
})

test('nobody there, or nobody who speaks TLS, is told apart', async () => {
  const plain = createHttp((_, response) => void response.end())
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const to = (plain.address() as AddressInfo).port
  await rejects(
    client.call(at('/echo', to), {}, { timeoutMs: 10_000 }),
    refused('unreachable', `Post "https://127.0.0.1:${to}/echo?timeout=10s": http: server gave HTTP response to HTTPS client`),
  )
  plain.close()
  await once(plain, 'close')
  await rejects(
    client.call(at('/echo', to), {}, { timeoutMs: 10_000 }),
    refused('unreachable', `Post "https://127.0.0.1:${to}/echo?timeout=10s": dial tcp 127.0.0.1:${to}: connect: connection refused`),
  )
})
