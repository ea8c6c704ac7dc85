import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, exportJWK, SignJWT } from 'jose'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { ConfigurationError, parseAuthenticationConfiguration, type AuthenticationConfiguration, type JwtIssuer } from './configuration.ts'
import { openConfiguredTokens } from './configured-tokens.ts'
import { compileJwtIssuers } from './jwt-configuration.ts'
import type { ProviderKeys } from './jwt-provider.ts'
import { jwtTokens } from './jwt-tokens.ts'

const URL = 'https://issuer.test'
const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })

type Mappings = Partial<JwtIssuer['claimMappings']>

async function provider(change: Partial<Omit<JwtIssuer, 'claimMappings'>> = {}, mappings: Mappings = {}) {
  const clock = new VirtualClock()
  const configuration: JwtIssuer = {
    issuer: { url: URL, audiences: ['k8s'] },
    claimMappings: { username: { claim: 'sub', prefix: 'oidc:' }, groups: {}, uid: {}, ...mappings },
    ...change,
  }
  const { compiled, errors } = compileJwtIssuers([configuration], [])
  deepEqual(
    errors.map((e) => e.message),
    [],
  )
  const setOf = async (...pairs: readonly (typeof key)[]) =>
    createLocalJWKSet({
      keys: await Promise.all(
        pairs.map(async (pair, i) => ({ ...(await exportJWK(pair.publicKey)), kid: ['one', 'two'][i]!, alg: 'RS256' })),
      ),
    })
  let current = await setOf(key)
  let next: typeof current | undefined
  const keys: ProviderKeys = {
    find: (header, jws) => current(header, jws),
    async refetch() {
      if (next) current = next
      return next !== undefined
    },
  }
  const answers = new Map<string, string>()
  const tokens = jwtTokens({
    issuer: compiled[0]!,
    clock,
    provider: { keys: () => keys, fetch: async (url, token) => answers.get(`${url} ${token}`) ?? Promise.reject(new Error('404: none')) },
  })
  const sign = (claims: object = {}, how: { kid?: string; privateKey?: typeof key.privateKey; alg?: string } = {}) =>
    new SignJWT({ iss: URL, aud: 'k8s', sub: 'joe', exp: clock.now() / 1000 + 60, ...claims })
      .setProtectedHeader({ alg: how.alg ?? 'RS256', ...(how.kid !== '' && { kid: how.kid ?? 'one' }) })
      .sign(how.privateKey ?? key.privateKey)
  return {
    clock,
    sign,
    answers,
    rotate: async (...pairs: readonly (typeof key)[]) => void (next = await setOf(...pairs)),
    async ask(claims: object = {}, how: Parameters<typeof sign>[1] = {}) {
      const outcome = await tokens.authenticateToken(await sign(claims, how), ['api'])
      return outcome.type === 'user' ? outcome.user : outcome.type === 'refused' ? outcome.why : outcome.type
    },
  }
}

test('claims make the user, each with its prefix', async () => {
  const { ask } = await provider({}, { groups: { claim: 'roles', prefix: 'r:' }, uid: { claim: 'id' } })
  deepEqual(await ask({ roles: ['a', 'b'], id: '7' }), { username: 'oidc:joe', uid: '7', groups: ['r:a', 'r:b'] })
  deepEqual(await ask({ roles: 'a', id: '7' }), { username: 'oidc:joe', uid: '7', groups: ['r:a'] })
  equal(await ask({ roles: 'a' }), 'oidc: parse uid claim "id": claim not present')
  equal(
    await ask({ roles: { a: 1 }, id: '7' }),
    'oidc: parse groups claim "roles": json: cannot unmarshal object into Go value of type string',
  )
  equal(await ask({ sub: undefined }), 'oidc: parse username claims "sub": claim not present')
})

test('expressions make the user, and the rules have the last word', async () => {
  const { ask } = await provider(
    {
      claimValidationRules: [
        { claim: 'hd', requiredValue: 'example.com' },
        { expression: 'claims.level >= 2', message: 'level must be two at least' },
        { expression: 'claims.email_verified == true' },
      ],
      userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }],
    },
    {
      username: { expression: "claims.email + ':external'" },
      groups: { expression: "claims.?roles.orValue([]).map(r, 'x:' + r)" },
      uid: { expression: 'string(claims.level)' },
      extra: [
        { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.org/none', valueExpression: "''" },
      ],
    },
  )
  const good = { email: 'joe@example.com', email_verified: true, hd: 'example.com', level: 2, roles: ['a'], tenant: ['t', ''] }
  deepEqual(await ask(good), {
    username: 'joe@example.com:external',
    uid: '2',
    groups: ['x:a'],
    extra: { 'example.org/tenant': ['t'] },
  })
  equal(await ask({ ...good, hd: undefined }), 'oidc: required claim hd not present in ID token')
  equal(await ask({ ...good, hd: 'evil.com' }), 'oidc: required claim hd value does not match. Got = evil.com, want = example.com')
  equal(
    await ask({ ...good, level: 1 }),
    "oidc: error evaluating claim validation expression: validation expression 'claims.level >= 2' failed: level must be two at least",
  )
  equal(
    await ask({ ...good, email_verified: false }),
    "oidc: error evaluating claim validation expression: validation expression 'claims.email_verified == true' failed: ",
  )
  equal(
    await ask({ ...good, email: 'system:x' }),
    "oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: reserved",
  )
  equal(
    await ask({ ...good, tenant: 3 }),
    'oidc: error evaluating extra claim expression: claims.tenant: expression must return a string or a list of strings',
  )
})

test('a token of another issuer, audience, time, key or algorithm is not taken', async () => {
  const { ask, clock } = await provider()
  equal(await ask({ iss: 'https://other.test' }), 'none')
  equal(await ask({ aud: ['vault'] }), 'oidc: verify token: oidc: expected audience "k8s" got ["vault"]')
  equal(
    await ask({ exp: clock.now() / 1000 - 1 }),
    'oidc: verify token: oidc: token is expired (Token Expiry: 2025-12-31 23:59:59 +0000 UTC)',
  )
  equal(
    await ask({ nbf: clock.now() / 1000 + 301 }),
    'oidc: verify token: oidc: current time 2026-01-01T00:00:00Z before the nbf (not before) time: 2026-01-01T00:05:01Z',
  )
  const badSignature = 'oidc: verify token: failed to verify signature: failed to verify id token signature'
  equal(await ask({}, { privateKey: other.privateKey }), badSignature)
  equal(await ask({}, { kid: 'two' }), badSignature)
  equal(
    await ask({}, { alg: 'HS256', privateKey: new TextEncoder().encode('secret') as never }),
    'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["ES256" "ES384" "ES512" "PS256" "PS384" "PS512" "RS256" "RS384" "RS512"]',
  )
})

test('a token that names no key is tried with all, and with the keys there are by now', async () => {
  const { ask, rotate } = await provider()
  deepEqual(await ask({}, { kid: '' }), { username: 'oidc:joe' })
  const badSignature = 'oidc: verify token: failed to verify signature: failed to verify id token signature'
  equal(await ask({}, { kid: '', privateKey: other.privateKey }), badSignature)
  await rotate(key, other)
  deepEqual(await ask({}, { kid: '', privateKey: other.privateKey }), { username: 'oidc:joe' })
  deepEqual(await ask({}, { kid: '' }), { username: 'oidc:joe' })
  deepEqual(await ask({}, { kid: 'two', privateKey: other.privateKey }), { username: 'oidc:joe' })
  equal(await ask({}, { kid: 'one', privateKey: other.privateKey }), badSignature)
})

test('an address of mail counts only if the provider has verified it', async () => {
  const { ask } = await provider({}, { username: { claim: 'email', prefix: '' } })
  deepEqual(await ask({ email: 'j@x', email_verified: true }), { username: 'j@x' })
  deepEqual(await ask({ email: 'j@x' }), { username: 'j@x' })
  equal(await ask({ email: 'j@x', email_verified: false }), 'oidc: email not verified')
  equal(
    await ask({ email: 'j@x', email_verified: 'yes' }),
    "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
  )
})

test('groups that lie elsewhere are asked for there', async () => {
  const { ask, sign, answers } = await provider({}, { groups: { claim: 'groups', prefix: '' } })
  const distributed = { _claim_names: { groups: 's' }, _claim_sources: { s: { endpoint: 'https://groups.test', access_token: 't' } } }
  answers.set('https://groups.test t', await sign({ groups: ['far'] }))
  deepEqual(await ask(distributed), { username: 'oidc:joe', groups: ['far'] })
  answers.set('https://groups.test t', await sign({ groups: ['far'], iss: 'https://evil.test' }))
  equal(
    await ask(distributed),
    'oidc: could not expand distributed claims: verifying untrusted issuer https://evil.test failed: verifier not initialized for issuer: "https://evil.test"',
  )
  answers.clear()
  equal(await ask(distributed), 'oidc: could not expand distributed claims: while getting distributed claim "groups": 404: none')
  equal(await ask({ _claim_names: { groups: 's' } }), 'oidc: could not expand distributed claims: oidc: no claim sources')
})

test('a configuration that makes no sense is refused, every mistake at once, in upstream’s words', () => {
  const issuer = (change: Partial<JwtIssuer['issuer']>, mappings: Mappings = {}, more: Partial<JwtIssuer> = {}): JwtIssuer => ({
    issuer: { url: URL, audiences: ['k8s'], ...change },
    claimMappings: { username: { claim: 'sub', prefix: '' }, groups: {}, uid: {}, ...mappings },
    ...more,
  })
  const errors = (...issuers: readonly JwtIssuer[]) => compileJwtIssuers(issuers, ['https://kubernetes.test']).errors.map((e) => e.message)
  deepEqual(errors(issuer({ url: '', audiences: [] })), [
    'jwt[0].issuer.url: Required value',
    'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
  ])
  deepEqual(errors(issuer({ url: 'http://u:p@x/?a=1#b', discoveryURL: 'http://u:p@x/?a=1#b' })).slice(0, 5), [
    'jwt[0].issuer.url: Invalid value: "http://u:p@x/?a=1#b": URL scheme must be https',
    'jwt[0].issuer.url: Invalid value: "http://u:p@x/?a=1#b": URL must not contain a username or password',
    'jwt[0].issuer.url: Invalid value: "http://u:p@x/?a=1#b": URL must not contain a query',
    'jwt[0].issuer.url: Invalid value: "http://u:p@x/?a=1#b": URL must not contain a fragment',
    'jwt[0].issuer.discoveryURL: Invalid value: "http://u:p@x/?a=1#b": discoveryURL must be different from URL',
  ])
  deepEqual(errors(issuer({ url: 'https://kubernetes.test', audiences: ['a', 'a', ''], certificateAuthority: 'x' })), [
    'jwt[0].issuer.url: Invalid value: "https://kubernetes.test": URL must not overlap with disallowed issuers: [https://kubernetes.test]',
    'jwt[0].issuer.audiences[1]: Duplicate value: "a"',
    'jwt[0].issuer.audiences[2]: Required value',
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
  ])
  deepEqual(errors(issuer({}), issuer({ audienceMatchPolicy: 'All' })), [
    'jwt[1].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be empty or MatchAny for single audience',
    'jwt[1].issuer.url: Duplicate value: "https://issuer.test"',
  ])
  deepEqual(
    errors(
      issuer(
        {},
        {
          username: { expression: 'claims.email' },
          groups: { claim: 'groups' },
          uid: { claim: 'a', expression: 'b' },
          extra: [
            { key: 'Example.org/X', valueExpression: 'claims.x' },
            { key: 'foo', valueExpression: 'claims.x' },
            { key: 'a.k8s.io/x', valueExpression: 'claims.x' },
            { key: 'x.org/y' },
          ],
        },
        {
          claimValidationRules: [
            {},
            { claim: 'a', expression: 'b' },
            { claim: 'a', message: 'm' },
            { expression: 'claims.x', requiredValue: 'v' },
          ],
          userValidationRules: [{}, { expression: 'user.name == ""' }, { expression: 'user.username' }],
        },
      ),
    ),
    [
      'jwt[0].claimValidationRules[0]: Required value: claim or expression is required',
      'jwt[0].claimValidationRules[1]: Invalid value: "a": claim and expression can\'t both be set',
      'jwt[0].claimValidationRules[2].message: Invalid value: "m": may not be specified when claim is set',
      'jwt[0].claimValidationRules[3].requiredValue: Invalid value: "v": may not be specified when expression is set',
      'jwt[0].claimValidationRules[3].expression: Invalid value: "claims.x": must evaluate to bool',
      'jwt[0].claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      'jwt[0].claimMappings.uid: Invalid value: "": claim and expression can\'t both be set',
      'jwt[0].claimMappings.extra[0].key: Invalid value: "Example.org/X": must be a domain-prefixed path (such as "acme.io/foo")',
      'jwt[0].claimMappings.extra[0].key: Invalid value: "Example.org/X": must be lowercase',
      'jwt[0].claimMappings.extra[1].key: Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")',
      'jwt[0].claimMappings.extra[2].key: Invalid value: "a.k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
      'jwt[0].claimMappings.extra[3].valueExpression: Required value',
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
      'jwt[0].userValidationRules[0].expression: Required value',
      'jwt[0].userValidationRules[1].expression: Invalid value: "user.name == \\"\\"": compilation failed: ERROR: <input>:1:5: undefined field \'name\'\n | user.name == ""\n | ....^',
      'jwt[0].userValidationRules[2].expression: Invalid value: "user.username": must evaluate to bool',
    ],
  )
})

test('a file is read strictly', () => {
  const refusal = (text: string) => {
    try {
      parseAuthenticationConfiguration(text)
      return 'none'
    } catch (error) {
      return (error as ConfigurationError).message
    }
  }
  const head = 'apiVersion: apiserver.config.k8s.io/v1beta1\nkind: AuthenticationConfiguration\n'
  equal(refusal(`${head}jwt: []\nanonymous: {enabled: true, conditions: [{path: /livez}]}`), 'none')
  equal(refusal(`${head}jtw: []`), 'strict decoding error: unknown field "jtw"')
  equal(
    refusal(`${head}jwt: [{issuer: 3}]`),
    'json: cannot unmarshal number into Go struct field JWTAuthenticator.jwt.issuer of type apiserver.Issuer',
  )
  equal(
    refusal('apiVersion: v1\nkind: AuthenticationConfiguration'),
    'no kind "AuthenticationConfiguration" is registered for version "v1"',
  )
  equal(refusal('{}'), "Object 'Kind' is missing")
})

test('a new configuration takes over once its issuers answer; a bad one changes nothing', async () => {
  const clock = new VirtualClock()
  const only = (path: string): AuthenticationConfiguration => ({ anonymous: { enabled: true, conditions: [{ path }] } })
  const bad: AuthenticationConfiguration = { anonymous: { conditions: [{ path: '/' }] } }
  throws(
    () => openConfiguredTokens(bad, { clock, log: silentLog, disallowedIssuers: [] }),
    new ConfigurationError(
      'anonymous.conditions: Invalid value: [{"path":"/"}]: enabled should be set to true when conditions are defined',
    ),
  )
  await using configured = openConfiguredTokens(only('/livez'), { clock, log: silentLog, disallowedIssuers: [] })
  deepEqual(['/livez', '/livez/', '/readyz'].map(configured.anonymous), [true, false, false])
  await configured.replace(only('/readyz'))
  deepEqual(['/livez', '/readyz'].map(configured.anonymous), [false, true])
  await rejects(configured.replace(bad), ConfigurationError)
  const silent: JwtIssuer = {
    issuer: { url: 'https://127.0.0.1:1', audiences: ['k8s'] },
    claimMappings: { username: { claim: 'sub', prefix: '' }, groups: {}, uid: {} },
  }
  const replacing = configured.replace({ ...only('/x'), jwt: [silent] })
  const failed = rejects(replacing, new ConfigurationError('issuers of the new configuration do not answer'))
  await clock.advance(61_000)
  await failed
  deepEqual(['/x', '/readyz'].map(configured.anonymous), [false, true])
  await configured.replace({})
  equal(configured.anonymous('/readyz'), undefined)
})
