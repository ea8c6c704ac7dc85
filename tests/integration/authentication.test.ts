import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { connect } from 'node:http2'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { dump } from 'js-yaml'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { startOidcProvider, type OidcProvider } from './oidc-provider.ts'
import { startReviewServer, type ReviewServer } from './review-server.ts'
import { credentials, startServer, type ServerUnderTest } from './server-under-test.ts'

const directory = mkdtempSync(join(tmpdir(), 'authentication-'))
const configFile = join(directory, 'authentication.yaml')
const tokenFile = join(directory, 'tokens.csv')
const webhookFile = join(directory, 'webhook.kubeconfig')
let provider: OidcProvider
let webhook: ReviewServer
let server: ServerUnderTest

const configuration = (prefix: string, path: string) =>
  dump({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url: provider.url, audiences: ['k8s'], certificateAuthority: provider.ca },
        claimMappings: {
          username: { expression: `'${prefix}' + claims.sub` },
          groups: { claim: 'groups', prefix: '' },
          extra: [{ key: 'example.org/tenant', valueExpression: 'claims.tenant' }],
        },
        claimValidationRules: [{ expression: 'claims.tenant != ""', message: 'a tenant is needed' }],
      },
    ],
    anonymous: { enabled: true, conditions: [{ path }, { path: '/readyz' }] },
  })

before(async () => {
  provider = await startOidcProvider()
  webhook = await startReviewServer(webhookFile, ({ token }) =>
    token === 'hooked' ? { authenticated: true, user: { username: 'hal', groups: ['hooks'] } } : { authenticated: false },
  )
  writeFileSync(configFile, configuration('a:', '/livez'))
  writeFileSync(tokenFile, 'listed,ann,7,"dev"\n')
  server = await startServer({
    flags: [
      '--authentication-config',
      configFile,
      '--enable-bootstrap-token-auth',
      '--token-auth-file',
      tokenFile,
      '--authentication-token-webhook-config-file',
      webhookFile,
      '--authentication-token-webhook-version',
      'v1',
      '--api-audiences',
      'api',
    ],
  })
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
  await webhook?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const SELF = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }

interface User {
  readonly username: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Who the server takes a token for; the status when it takes it for nobody. */
async function whois(token: string): Promise<User | number> {
  const answer = await server.call('POST', REVIEW, SELF, { anonymous: true, headers: { authorization: `Bearer ${token}` } })
  return answer.status === 201 ? answer.json<{ status: { userInfo: User } }>().status.userInfo : answer.status
}

async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const value = await ask()
    if (done(value) || performance.now() > deadline) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const secret = (name: string, namespace: string, type: string, stringData: object, annotations: object = {}) => ({
  metadata: { name, namespace, annotations },
  type,
  stringData,
})

test('a token of an OpenID Connect provider is a user, through the keys it has now', async () => {
  const joe = await until(
    async () => whois(await provider.sign({ sub: 'joe', tenant: 't', groups: ['dev'] })),
    (u) => u !== 401,
  )
  deepEqual(joe, {
    username: 'a:joe',
    groups: ['dev', 'system:authenticated'],
    extra: { 'example.org/tenant': ['t'] },
  })
  equal(await whois(await provider.sign({ sub: 'joe', tenant: '' })), 401)
  const old = await provider.sign({ sub: 'joe', tenant: 't' })
  await provider.rotate()
  const fresh = await until(
    async () => whois(await provider.sign({ sub: 'ann', tenant: 't' })),
    (u) => u !== 401,
  )
  equal((fresh as User).username, 'a:ann')
  equal(await whois(old), 401)
})

test('strangers may ask for the paths of the configuration only', async () => {
  const status = async (path: string) => (await server.call('GET', path, undefined, { anonymous: true })).status
  deepEqual([await status('/livez'), await status('/readyz'), await status('/healthz'), await status('/api')], [200, 200, 401, 401])
})

test('401 says the same whatever was wrong', async () => {
  const bodies = new Set<string>()
  for (const authorization of [
    'Bearer wrong',
    'Bearer abcdef.0123456789abcdef',
    `Bearer ${await provider.sign({ sub: 'joe', tenant: 't', aud: 'vault' })}`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ]) {
    const answer = await server.call('GET', '/api/v1/pods', undefined, { anonymous: true, headers: { authorization } })
    equal(answer.status, 401)
    bodies.add(answer.text)
  }
  deepEqual(
    [...bodies].map((b) => JSON.parse(b) as unknown),
    [{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 }],
  )
})

test('a bootstrap token counts while its Secret says so', async () => {
  const data = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true' }
  const made = secret('bootstrap-token-abcdef', 'kube-system', 'bootstrap.kubernetes.io/token', data)
  equal((await server.call('POST', '/api/v1/namespaces/kube-system/secrets', made)).status, 201)
  deepEqual(await whois('abcdef.0123456789abcdef'), {
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:authenticated'],
  })
  equal((await server.call('DELETE', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef')).status, 200)
  equal(await whois('abcdef.0123456789abcdef'), 401)
})

test('a Secret of an account is given a token, which counts until the account goes, and with it the Secret', async () => {
  const at = '/api/v1/namespaces/default'
  equal((await server.call('POST', `${at}/serviceaccounts`, { metadata: { name: 'robot' } })).status, 201)
  const made = secret(
    'robot-token',
    'default',
    'kubernetes.io/service-account-token',
    {},
    { 'kubernetes.io/service-account.name': 'robot' },
  )
  equal((await server.call('POST', `${at}/secrets`, made)).status, 201)
  type Kept = { readonly metadata: { readonly labels?: object }; readonly data?: Readonly<Record<string, string>> }
  const read = async () => (await server.call('GET', `${at}/secrets/robot-token`)).json<Kept>()
  const { data = {} } = await until(read, (s) => s.data?.['token'] !== undefined)
  const decoded = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  deepEqual([decoded('namespace'), decoded('ca.crt').startsWith('-----BEGIN CERTIFICATE-----')], ['default', true])
  deepEqual(await whois(decoded('token')), {
    username: 'system:serviceaccount:default:robot',
    uid: (await server.call('GET', `${at}/serviceaccounts/robot`)).json<{ metadata: { uid: string } }>().metadata.uid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  })
  const { metadata } = await until(read, (s) => s.metadata.labels !== undefined)
  deepEqual(metadata.labels, { 'kubernetes.io/legacy-token-last-used': new Date().toISOString().slice(0, 10) })
  await server.call('DELETE', `${at}/serviceaccounts/robot`)
  equal(await whois(decoded('token')), 401)
  const status = async () => (await server.call('GET', `${at}/secrets/robot-token`)).status
  equal(await until(status, (s) => s === 404), 404)
})

test('a token bound to a Secret, a pod or an account is refused from the next request on when that is deleted', async () => {
  const at = '/api/v1/namespaces/default'
  const requested = async (account: string, boundObjectRef?: object) => {
    const request = { spec: { audiences: [], ...(boundObjectRef && { boundObjectRef }) } }
    const answer = await server.call('POST', `${at}/serviceaccounts/${account}/token`, request)
    return answer.json<{ status: { token: string } }>().status.token
  }
  equal((await server.call('POST', `${at}/serviceaccounts`, { metadata: { name: 'joe' } })).status, 201)
  equal((await server.call('POST', `${at}/secrets`, { metadata: { name: 'anchor' } })).status, 201)
  const pod = { metadata: { name: 'p' }, spec: { serviceAccountName: 'joe', containers: [{ name: 'c', image: 'i' }] } }
  equal((await server.call('POST', `${at}/pods`, pod)).status, 201)
  const ofSecret = await requested('joe', { kind: 'Secret', apiVersion: 'v1', name: 'anchor' })
  const ofPod = await requested('joe', { kind: 'Pod', apiVersion: 'v1', name: 'p' })
  const plain = await requested('joe')
  const states = async () =>
    Promise.all([ofSecret, ofPod, plain].map(async (t) => (typeof (await whois(t)) === 'number' ? 'refused' : 'known')))
  deepEqual(await states(), ['known', 'known', 'known'])
  await server.call('DELETE', `${at}/secrets/anchor`)
  deepEqual(await states(), ['refused', 'known', 'known'])
  await server.call('DELETE', `${at}/pods/p?gracePeriodSeconds=0`)
  deepEqual(await states(), ['refused', 'refused', 'known'])
  await server.call('DELETE', `${at}/serviceaccounts/joe`)
  deepEqual(await states(), ['refused', 'refused', 'refused'])
})

test('a token review says for which audiences a token is good', async () => {
  const review = async (token: string, audiences?: readonly string[]) => {
    const spec = { token, ...(audiences && { audiences }) }
    return (await server.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec })).json<{ status: object }>().status
  }
  deepEqual(await review('listed'), {
    authenticated: true,
    user: { username: 'ann', uid: '7', groups: ['dev', 'system:authenticated'] },
    audiences: ['api'],
  })
  deepEqual(await review('listed', ['vault']), { user: {}, error: 'invalid bearer token' })
  const issued = await server.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { spec: { audiences: ['vault'] } })
  const { token } = issued.json<{ status: { token: string } }>().status
  match(JSON.stringify(await review(token)), /token audiences \[\\"vault\\"\] is invalid for the target audiences \[\\"api\\"\]/)
  deepEqual(((await review(token, ['vault', 'api'])) as { audiences: unknown }).audiences, ['vault'])
})

test('a webhook is asked about tokens that nobody else knows, and remembered', async () => {
  const hal = { username: 'hal', groups: ['hooks', 'system:authenticated'] }
  deepEqual([await whois('hooked'), await whois('hooked')], [hal, hal])
  deepEqual(
    webhook.asked.filter(({ spec }) => spec['token'] === 'hooked'),
    [{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token: 'hooked', audiences: ['api'] } }],
  )
})

test('the flags name a provider and further authorities of users and proxies', async () => {
  const other = openPki({ directory: join(directory, 'other'), clock: systemClock, random: systemRandom })
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  await using flagged = await startServer({
    command: 'kube-apiserver',
    flags: [
      ['--oidc-issuer-url', provider.url],
      ['--oidc-client-id', 'k8s'],
      ['--oidc-ca-file', file('oidc.pem', provider.ca)],
      ['--oidc-groups-claim', 'groups'],
      ['--oidc-groups-prefix', 'g:'],
      ['--oidc-signing-algs', 'ES256'],
      ['--oidc-required-claim', 'tenant=t'],
      ['--client-ca-file', file('clients.pem', other.ca.cert)],
      ['--requestheader-client-ca-file', file('proxies.pem', other.frontProxyCa.cert)],
      ['--anonymous-auth=false'],
      ['--service-account-issuer', 'https://first'],
      ['--service-account-issuer', 'https://second'],
      ['--datastore', 'memory'],
    ].flat(),
  })
  const ask = (headers: Readonly<Record<string, string>>, pair: { readonly cert?: string; readonly key?: string } = {}) => {
    const session = connect(`https://127.0.0.1:${flagged.port}`, { ca: credentials(flagged.kubeconfig).ca, ...pair })
    const stream = session.request({ ':method': 'POST', ':path': REVIEW, 'content-type': 'application/json', ...headers })
    stream.end(JSON.stringify(SELF))
    return text(stream)
      .then((body) => JSON.parse(body) as { readonly status?: { readonly userInfo: User }; readonly code?: number })
      .then(({ status, code }) => status?.userInfo ?? code)
      .finally(() => session.close())
  }
  const bearer = async (claims: Readonly<Record<string, unknown>>) => ({ authorization: `Bearer ${await provider.sign(claims)}` })
  const joe = await until(
    async () => ask(await bearer({ sub: 'joe', tenant: 't', groups: 'dev' })),
    (u) => u !== 401,
  )
  deepEqual(joe, { username: `${provider.url}#joe`, groups: ['g:dev', 'system:authenticated'] })
  equal(await ask(await bearer({ sub: 'joe', tenant: 'u' })), 401)
  equal(await ask({}), 401)
  equal(((await ask({}, other.pair('scheduler'))) as User).username, 'system:kube-scheduler')
  const proxied = await ask({ 'x-remote-user': 'pat', 'x-remote-group': 'far' }, other.pair('frontProxyClient'))
  deepEqual(proxied, { username: 'pat', groups: ['far', 'system:authenticated'] })
  const discovery = await flagged.call('GET', '/.well-known/openid-configuration')
  deepEqual([discovery.json()['issuer'], discovery.json()['jwks_uri']], ['https://first', 'https://first/openid/v1/jwks'])
})

test('a changed configuration takes over while the server runs, and a wrong one does not', async () => {
  const put = (text: string) => {
    writeFileSync(`${configFile}.new`, text)
    renameSync(`${configFile}.new`, configFile)
  }
  put(configuration('b:', '/healthz'))
  const joe = async () => whois(await provider.sign({ sub: 'joe', tenant: 't' }))
  const changed = await until(joe, (u) => typeof u === 'object' && u.username.startsWith('b:'))
  equal((changed as User).username, 'b:joe')
  equal((await server.call('GET', '/healthz', undefined, { anonymous: true })).status, 200)
  equal((await server.call('GET', '/livez', undefined, { anonymous: true })).status, 401)
  put(configuration('c:', '/livez').replace('claimMappings', 'claimMapping'))
  await until(
    async () => server.log(),
    (log) => log.includes('unknown field'),
  )
  ok(server.log().includes('the old one stays'))
  equal(((await joe()) as User).username, 'b:joe')
})
