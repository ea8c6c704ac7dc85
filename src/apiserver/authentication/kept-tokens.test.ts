import { deepEqual, equal } from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { VirtualClock } from '#base/clock.ts'
import { seededRandom } from '#base/random.ts'
import { forOwnAudiences } from './bearer-tokens.ts'
import { bootstrapTokens } from './bootstrap-tokens.ts'
import { legacyTokens } from './legacy-tokens.ts'
import { openTokenIssuer } from './token-issuer.ts'

const base64 = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
const meta = (name: string, namespace: string) => ({ name, namespace, uid: `uid-of-${name}`, resourceVersion: '1', creationTimestamp: '' })

const GOOD = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
  expiration: '2026-01-01T01:00:00Z',
  'auth-extra-groups': 'system:bootstrappers:workers,system:bootstrappers:a',
}

function bootstrap(change: Partial<Record<keyof typeof GOOD, string>> = {}, type = 'bootstrap.kubernetes.io/token', deleted = false) {
  const clock = new VirtualClock()
  const metadata = { ...meta('bootstrap-token-abcdef', 'kube-system'), ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) }
  const secret: Secret = { metadata, type, data: base64({ ...GOOD, ...change }) }
  const secrets = { get: (key: string) => (key === 'kube-system/bootstrap-token-abcdef' ? secret : undefined) }
  const tokens = bootstrapTokens({ secrets, clock })
  return { clock, ask: (token = 'abcdef.0123456789abcdef') => tokens.authenticateToken(token, ['api']) }
}

test('a bootstrap token is a user of the bootstrappers until it expires', async () => {
  const { clock, ask } = bootstrap()
  deepEqual(await ask(), {
    type: 'user',
    user: {
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:workers'],
    },
    audiences: ['api'],
  })
  await clock.advance(3600_000)
  deepEqual(await ask(), { type: 'none' })
})

test('a bootstrap token whose Secret does not fit in every respect is unknown', async () => {
  const asked = [
    bootstrap().ask('abcdef.0123456789abcdeg'),
    bootstrap().ask('abcdeg.0123456789abcdef'),
    bootstrap().ask('abcdef.0123456789abcdef\n'),
    bootstrap().ask('../../etc'),
    bootstrap({ 'token-id': 'abcdeg' }).ask(),
    bootstrap({ 'token-secret': '' }).ask(),
    bootstrap({ 'usage-bootstrap-authentication': 'yes' }).ask(),
    bootstrap({ expiration: 'tomorrow' }).ask(),
    bootstrap({ 'auth-extra-groups': 'system:masters' }).ask(),
    bootstrap({}, 'Opaque').ask(),
    bootstrap({}, 'bootstrap.kubernetes.io/token', true).ask(),
  ]
  deepEqual(
    await Promise.all(asked),
    asked.map(() => ({ type: 'none' })),
  )
})

test('a token that says nothing of audiences is good for the API server alone', async () => {
  const tokens = forOwnAudiences(['api', 'old-api'], { authenticateToken: () => ({ type: 'user', user: { username: 'joe' } }) })
  deepEqual(await tokens.authenticateToken('x', ['old-api', 'vault']), { type: 'user', user: { username: 'joe' }, audiences: ['old-api'] })
  deepEqual(await tokens.authenticateToken('x', ['vault']), { type: 'none' })
})

async function legacy(labels: Readonly<Record<string, string>> = {}) {
  const clock = new VirtualClock()
  const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const issuer = openTokenIssuer({ signingKey, audiences: ['api'], clock, random: seededRandom(1) })
  const claim = 'kubernetes.io/serviceaccount/'
  const sign = (changes: object = {}) =>
    new SignJWT({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:ns:joe',
      [`${claim}namespace`]: 'ns',
      [`${claim}secret.name`]: 'joe-token',
      [`${claim}service-account.name`]: 'joe',
      [`${claim}service-account.uid`]: 'uid-of-joe',
      ...changes,
    })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(createPrivateKey(signingKey))
  const token = await sign()
  let secret: Secret | undefined = {
    metadata: { ...meta('joe-token', 'ns'), labels },
    type: 'kubernetes.io/service-account-token',
    data: base64({ token }),
  }
  let account: ServiceAccount | undefined = { metadata: meta('joe', 'ns') }
  const marked: Readonly<Record<string, string>>[] = []
  const tokens = legacyTokens({
    issuer,
    secrets: { get: (key) => (key === 'ns/joe-token' ? secret : undefined) },
    serviceAccounts: { get: (key) => (key === 'ns/joe' ? account : undefined) },
    clock,
    async markUsed(used, changed) {
      marked.push(changed)
      secret = { ...used, metadata: { ...used.metadata, labels: { ...used.metadata.labels, ...changed } } }
    },
  })
  return {
    clock,
    token,
    sign,
    marked,
    setSecret: (value: Secret | undefined) => (secret = value),
    setAccount: (value: ServiceAccount | undefined) => (account = value),
    secret: () => secret!,
    tokens,
    async ask(asked = token, audiences: readonly string[] = ['api']) {
      const outcome = await tokens.authenticateToken(asked, audiences)
      return outcome.type === 'refused' ? outcome.why : outcome.type
    },
  }
}

test('a token kept in a Secret is its account, and the day of its use is noted once a day', async () => {
  const { tokens, token, clock, marked, ask, setAccount } = await legacy()
  deepEqual(await tokens.authenticateToken(token, ['api', 'vault']), {
    type: 'user',
    user: { username: 'system:serviceaccount:ns:joe', uid: 'uid-of-joe', groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'] },
    audiences: ['api'],
    annotations: {
      'authentication.k8s.io/legacy-token': 'system:serviceaccount:ns:joe',
      'authentication.k8s.io/legacy-token-manual-secret': 'joe-token',
    },
  })
  equal(await ask(), 'user')
  await clock.advance(24 * 3600_000)
  deepEqual(await Promise.all([ask(), ask(), ask()]), ['user', 'user', 'user'])
  deepEqual(marked, [{ 'kubernetes.io/legacy-token-last-used': '2026-01-01' }, { 'kubernetes.io/legacy-token-last-used': '2026-01-02' }])
  setAccount({ metadata: meta('joe', 'ns'), secrets: [{ name: 'joe-token' }] })
  const outcome = await tokens.authenticateToken(token, ['api'])
  deepEqual(outcome.type === 'user' && outcome.warnings, [
    'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
  ])
})

test('a token kept in a Secret ends with the Secret, the account, a mark on it, and outside the API', async () => {
  const { ask, sign, secret, setSecret, setAccount } = await legacy()
  const kept = secret()
  equal(await ask(undefined, ['vault']), 'token audiences ["api"] is invalid for the target audiences ["vault"]')
  equal(await ask(await sign({ sub: 'system:serviceaccount:kube-system:root' })), 'sub claim is invalid')
  equal(await ask(await sign({ sub: undefined })), 'sub claim is missing')
  equal(await ask(await sign({ iat: 1 })), "Token does not match server's copy")
  setSecret(undefined)
  equal(await ask(), 'Token has been invalidated')
  setSecret({ ...kept, metadata: { ...kept.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
  equal(await ask(), 'Token has been invalidated')
  setSecret({ ...kept, metadata: { ...kept.metadata, labels: { 'kubernetes.io/legacy-token-invalid-since': '2025-12-31' } } })
  equal(
    await ask(),
    "the token in secret ns/joe-token for service account ns/joe has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token",
  )
  setSecret(kept)
  setAccount({ metadata: { ...meta('joe', 'ns'), uid: 'another' } })
  equal(await ask(), 'ServiceAccount UID (another) does not match claim (uid-of-joe)')
  setAccount(undefined)
  equal(await ask(), 'serviceaccounts "joe" not found')
})

test('tokens of former keys and issuers are accepted, and new ones are signed by the first', async () => {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const pem = (pair: { privateKey: { export: (o: object) => unknown }; publicKey: { export: (o: object) => unknown } }) => ({
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  const old = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }) as never)
  const older = pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }) as never)
  const now = pem(generateKeyPairSync('ec', { namedCurve: 'P-521' }) as never)
  const issuer = openTokenIssuer({
    signingKey: now.privateKey,
    publicKeys: [old.publicKey + older.publicKey],
    issuers: ['https://new', 'https://old'],
    jwksUri: 'https://keys/jwks',
    clock,
    random,
  })
  const { serviceAccountTokens } = await import('./service-account-tokens.ts')
  const nothing = { get: () => undefined }
  const serviceAccounts = { get: () => ({ metadata: { ...meta('joe', 'ns'), uid: 'u' } }) }
  const tokens = serviceAccountTokens({ issuer, clock, serviceAccounts, pods: nothing, secrets: nothing, nodes: nothing })
  const outcomes: unknown[] = []
  for (const [signingKey, name] of [
    [now.privateKey, 'https://new'],
    [old.privateKey, 'https://old'],
    [older.privateKey, 'https://old'],
    [older.privateKey, 'https://strange'],
  ] as const) {
    const from = openTokenIssuer({ signingKey, issuers: [name], clock, random })
    const serviceAccount = { namespace: 'ns', name: 'joe', uid: 'u' }
    const { token } = await from.issue({ serviceAccount, audiences: ['https://new'], expirationSeconds: 600 })
    outcomes.push((await tokens.authenticateToken(token, issuer.audiences)).type)
  }
  deepEqual(outcomes, ['user', 'user', 'user', 'none'])
  deepEqual(
    issuer.keys.map((k) => k.algorithm),
    ['ES512', 'RS256', 'ES384'],
  )
  deepEqual(issuer.discovery(), {
    issuer: 'https://new',
    jwks_uri: 'https://keys/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES384', 'ES512', 'RS256'],
  })
})
