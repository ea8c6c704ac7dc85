import { deepEqual, equal } from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPki } from '#apiserver/pki/pki.ts'
import type { Peer } from '#apiserver/request-context.ts'
import { VirtualClock } from '#base/clock.ts'
import { seededRandom, systemRandom } from '#base/random.ts'
import { fromPem, makeCertificate } from '#wire/x509/certificate.ts'
import { objectId, sequence, setOf, utf8String } from '#wire/x509/der.ts'
import { firstOf } from './authenticator.ts'
import { bearerTokens, firstThatKnows, withoutToken } from './bearer-tokens.ts'
import { clientCertificates } from './client-certificate.ts'
import { frontProxy } from './front-proxy.ts'
import { serviceAccountTokens } from './service-account-tokens.ts'
import { DEFAULT_ISSUER, openTokenIssuer } from './token-issuer.ts'
import { passwords, staticTokens } from './user-files.ts'

const DAY = 24 * 3600 * 1000

function withPki<T>(use: (pki: ReturnType<typeof openPki>, clock: VirtualClock) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'authn-'))
  const clock = new VirtualClock()
  try {
    return use(openPki({ directory, clock, random: systemRandom }), clock)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const from = (pem?: string): Peer => ({ type: 'network', address: '::1', ...(pem && { certificate: fromPem(pem, 'CERTIFICATE') }) })

test('a client certificate says user and groups; a foreign, serving or expired one is refused', async () => {
  await withPki(async (pki, clock) => {
    const authenticator = clientCertificates({ authorities: () => [pki.ca.cert], clock })
    const admin = await authenticator.authenticate({ headers: {}, peer: from(pki.pair('admin').cert) })
    deepEqual(
      [admin.type, admin.type === 'user' && admin.user.username, admin.type === 'user' && admin.user.groups],
      ['user', 'kubernetes-admin', ['system:masters']],
    )
    const why = async (pem?: string) => {
      const outcome = await authenticator.authenticate({ headers: {}, peer: from(pem) })
      return outcome.type === 'refused' ? outcome.why : outcome.type
    }
    equal(await why(), 'none')
    equal(await why(withPki((other) => other.pair('admin').cert)), 'x509: certificate signed by unknown authority')
    equal(await why(pki.pair('serving').cert), 'x509: certificate specifies an incompatible key usage')
    await clock.advance(366 * DAY)
    equal(await why(pki.pair('scheduler').cert), 'x509: certificate has expired or is not yet valid')
  })
})

test('a certificate may name the uid of its user, once', async () => {
  const clock = new VirtualClock()
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const attribute = (oid: string, value: string) => setOf(sequence(objectId(oid), utf8String(value)))
  const certificate = (...uids: readonly string[]) => {
    const subject = sequence(attribute('2.5.4.3', 'joe'), ...uids.map((uid) => attribute('1.3.6.1.4.1.57683.2', uid)))
    const wanted = { subject, issuer: subject, publicKey: createPublicKey(authority), serial: Buffer.of(1), authority: true }
    return makeCertificate({ ...wanted, notBefore: clock.now() - DAY, notAfter: clock.now() + DAY, usages: ['client auth'] }, authority)
  }
  const ask = async (pem: string) => {
    const outcome = await clientCertificates({ authorities: () => [pem], clock }).authenticate({ headers: {}, peer: from(pem) })
    return outcome.type === 'user' ? outcome.user.uid : outcome.type === 'refused' ? outcome.why : ''
  }
  deepEqual(
    [await ask(certificate('u7')), await ask(certificate()), await ask(certificate('a', 'b')), await ask(certificate(''))],
    ['u7', undefined, 'expected 1 UID, but found multiple: ["a","b"]', 'uid cannot be an empty string'],
  )
})

test('headers of a front proxy count only with its certificate', async () => {
  await withPki(async (pki, clock) => {
    const proxy = frontProxy({ authorities: () => [pki.frontProxyCa.cert], allowedNames: ['front-proxy-client'], clock })
    const headers = { 'x-remote-user': 'joe', 'x-remote-group': 'a, b\nc', 'x-remote-extra-acme.com%2fproject': 'x' }
    deepEqual(await proxy.authenticate({ headers, peer: from(pki.pair('frontProxyClient').cert) }), {
      type: 'user',
      user: { username: 'joe', groups: ['a, b', 'c'], extra: { 'acme.com/project': ['x'] } },
    })
    deepEqual(await proxy.authenticate({ headers, peer: from(pki.pair('admin').cert) }), { type: 'none' })
    deepEqual(await proxy.authenticate({ headers, peer: from() }), { type: 'none' })
  })
})

function tokens() {
  const clock = new VirtualClock()
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const issuer = openTokenIssuer({ signingKey: key, clock, random: seededRandom(1) })
  const objects = new Map<string, { metadata: { name: string; uid: string; resourceVersion: string; creationTimestamp: string } }>()
  const put = (kind: string, name: string, uid: string) =>
    objects.set(`${kind} ${name}`, { metadata: { name, uid, resourceVersion: '1', creationTimestamp: '' } })
  const live = (kind: string) => ({ get: (name: string) => objects.get(`${kind} ${name}`) })
  put('sa', 'ns/joe', 'u1')
  put('pod', 'ns/p', 'u2')
  const authenticator = serviceAccountTokens({
    issuer,
    clock,
    serviceAccounts: live('sa'),
    pods: live('pod'),
    secrets: live('secret'),
    nodes: live('node'),
  })
  const ask = async (token: string, audiences: readonly string[] = issuer.audiences) => {
    const outcome = await authenticator.authenticateToken(token, audiences)
    return outcome.type === 'refused' ? outcome.why : outcome.type
  }
  return { clock, issuer, objects, put, authenticator, ask, joe: { namespace: 'ns', name: 'joe', uid: 'u1' } }
}

test('a service account token says who it is for and what it is bound to', async () => {
  const { issuer, authenticator, joe } = tokens()
  const { token, expirationTimestamp } = await issuer.issue({
    serviceAccount: joe,
    audiences: [],
    expirationSeconds: 3600,
    pod: { name: 'p', uid: 'u2' },
    node: { name: 'n', uid: 'u3' },
  })
  equal(expirationTimestamp, '2026-01-01T01:00:00Z')
  const outcome = await authenticator.authenticateToken(token, issuer.audiences)
  const id = outcome.type === 'user' ? outcome.user.extra?.['authentication.kubernetes.io/credential-id'] : []
  deepEqual(outcome, {
    type: 'user',
    audiences: [DEFAULT_ISSUER],
    user: {
      username: 'system:serviceaccount:ns:joe',
      uid: 'u1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
      extra: {
        'authentication.kubernetes.io/credential-id': id,
        'authentication.kubernetes.io/node-name': ['n'],
        'authentication.kubernetes.io/node-uid': ['u3'],
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/pod-uid': ['u2'],
      },
    },
  })
})

test('a token ends with its time, its account, its pod, and outside its audience', async () => {
  const { issuer, ask, clock, objects, put, joe } = tokens()
  const issue = async (o: object = {}) => (await issuer.issue({ serviceAccount: joe, audiences: [], expirationSeconds: 600, ...o })).token
  const bound = await issue({ pod: { name: 'p', uid: 'u2' } })
  const vault = await issue({ audiences: ['vault'] })
  equal(await ask(bound), 'user')
  equal(await ask(vault), `token audiences ["vault"] is invalid for the target audiences ["${DEFAULT_ISSUER}"]`)
  equal(await ask(vault, ['vault']), 'user')
  objects.delete('pod ns/p')
  equal(await ask(bound), 'service account token has been invalidated')
  const plain = await issue()
  equal(await ask(plain), 'user')
  put('sa', 'ns/joe', 'u9')
  equal(await ask(plain), 'service account UID (u9) does not match claim (u1)')
  put('sa', 'ns/joe', 'u1')
  await clock.advance(661_000)
  equal(await ask(plain), 'service account token has expired')
  equal(await ask(await issue()), 'user')
})

test('a token with a changed claim, another key or algorithm "none" is refused; another issuer’s is not ours', async () => {
  const { issuer, ask, joe } = tokens()
  const { token } = await issuer.issue({ serviceAccount: joe, audiences: [], expirationSeconds: 600 })
  const [head = '', body = '', signature = ''] = token.split('.')
  const changed = Buffer.from(Buffer.from(body, 'base64url').toString().replace('ns:joe', 'ns:root')).toString('base64url')
  equal(await ask(`${head}.${changed}.${signature}`), 'go-jose/go-jose: error in cryptographic primitive')
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
  equal((await ask(`${none}.${body}.`)) === 'user', false)
  const stranger = tokens()
  equal(
    await ask((await stranger.issuer.issue({ serviceAccount: joe, audiences: [], expirationSeconds: 600 })).token),
    'go-jose/go-jose: error in cryptographic primitive',
  )
  equal(await ask('abc'), 'none')
})

test('a pod’s default lifetime is silently a year, and the client still told an hour', async () => {
  const { issuer, ask, authenticator, clock, joe } = tokens()
  const { token, expirationTimestamp } = await issuer.issue({
    serviceAccount: joe,
    audiences: [],
    expirationSeconds: 3607,
    pod: { name: 'p', uid: 'u2' },
  })
  equal(expirationTimestamp, '2026-01-01T01:00:07Z')
  const annotations = async () => {
    const outcome = await authenticator.authenticateToken(token, issuer.audiences)
    return outcome.type === 'user' && outcome.annotations
  }
  equal(await annotations(), undefined)
  await clock.advance(3617_000)
  deepEqual(await annotations(), {
    'authentication.k8s.io/stale-token': 'subject: system:serviceaccount:ns:joe, seconds after warning threshold: 10',
  })
  await clock.advance(300 * DAY)
  equal(await ask(token), 'user')
})

test('bearer tokens come in the header or as a WebSocket subprotocol; unknown ones are refused, none is nobody', async () => {
  const known = staticTokens('# comment\nsecret,joe,7,"a,b"\n', 'tokens.csv')
  const authenticator = firstOf([bearerTokens(firstThatKnows([known]), ['api'])])
  const peer = from()
  const joe = { type: 'user', user: { username: 'joe', uid: '7', groups: ['a', 'b', 'system:authenticated'] }, audiences: ['api'] }
  deepEqual(await authenticator.authenticate({ peer, headers: { authorization: 'Bearer secret' } }), joe)
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`
  deepEqual(
    await authenticator.authenticate({
      peer,
      headers: { upgrade: 'websocket', 'sec-websocket-protocol': `${protocol}, v5.channel.k8s.io` },
    }),
    joe,
  )
  equal(withoutToken(`${protocol}, v5.channel.k8s.io`), 'v5.channel.k8s.io')
  deepEqual(await authenticator.authenticate({ peer, headers: { authorization: 'Bearer guess' } }), {
    type: 'refused',
    why: 'invalid bearer token',
  })
  deepEqual(await authenticator.authenticate({ peer, headers: {} }), { type: 'none' })
})

test('passwords are checked against the file', async () => {
  const authenticator = passwords('pw,joe,1\n"p""w,2",ann,2,"admins"\n', 'users.csv')
  const ask = (text: string) =>
    authenticator.authenticate({ peer: from(), headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } })
  deepEqual(await ask('joe:pw'), { type: 'user', user: { username: 'joe', uid: '1' } })
  deepEqual(await ask('ann:p"w,2'), { type: 'user', user: { username: 'ann', uid: '2', groups: ['admins'] } })
  deepEqual(await ask('joe:no'), { type: 'refused', why: 'invalid username/password combination' })
  deepEqual(await ask('bob:pw'), { type: 'refused', why: 'invalid username/password combination' })
})
