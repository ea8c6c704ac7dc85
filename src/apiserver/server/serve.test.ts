import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Answer } from '#apiserver/answer.ts'
import { Published } from '#apiserver/cache/published.ts'
import type { Encoded } from '#apiserver/encode/encode.ts'
import { firstOf } from '#apiserver/authentication/authenticator.ts'
import { bearerTokens, firstThatKnows } from '#apiserver/authentication/bearer-tokens.ts'
import { clientCertificates } from '#apiserver/authentication/client-certificate.ts'
import { frontProxy } from '#apiserver/authentication/front-proxy.ts'
import { serviceAccountTokens } from '#apiserver/authentication/service-account-tokens.ts'
import { openTokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import { passwords } from '#apiserver/authentication/user-files.ts'
import { rbacAuthorizer, rightsOf } from '#apiserver/authorization/rbac.ts'
import { firstWithOpinion, privilegedGroups } from '#apiserver/authorization/union.ts'
import { createHandler } from '#apiserver/filters/handler.ts'
import { openPki } from '#apiserver/pki/pki.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { inProcessTransport } from './in-process.ts'
import { serveApi } from './serve.ts'

const directory = mkdtempSync(join(tmpdir(), 'serve-'))
after(() => rmSync(directory, { recursive: true }))
const pki = openPki({ directory, clock: systemClock, random: systemRandom })

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u2', resourceVersion: '7', creationTimestamp: '' },
} as unknown as Pod
const account = { metadata: { name: 'viewer', namespace: 'ns', uid: 'u1', resourceVersion: '5', creationTimestamp: '' } }
const viewRole = { metadata: { name: 'view' }, rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }] }
const viewBinding = {
  metadata: { name: 'v', namespace: 'ns' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'ns' }],
}

/** Just enough of an API: says who asked, reads bodies, lists and watches one pod. */
const accounts = new Map([['ns/viewer', account]])
const api = {
  async handle(ctx: RequestContext): Promise<Answer> {
    const published = new Published(pods as never, '/registry/pods/ns/p', 7, pod)
    if (ctx.info.verb === 'watch') {
      return {
        type: 'watch',
        resource: pods as never,
        events: (async function* () {
          yield [{ type: 'ADDED' as const, published }]
        })(),
      }
    }
    if (ctx.info.verb === 'list') return { type: 'list', resource: pods as never, items: [published], metadata: { resourceVersion: '7' } }
    ctx.warnings.push('careful')
    const body = ctx.body.type === 'bytes' ? (await ctx.body.read()).length : ctx.body.type === 'object' ? ctx.body.object : undefined
    return { type: 'object', status: 200, object: { who: ctx.user.username, groups: ctx.user.groups, ...(body !== undefined && { body }) } }
  },
  lister: (r: { plural: string }) => ({
    get: (key: string) =>
      r.plural === 'serviceaccounts' ? accounts.get(key) : r.plural === 'clusterroles' && key === 'view' ? viewRole : undefined,
    list: () => (r.plural === 'rolebindings' ? [viewBinding] : []),
    by: () => [],
  }),
}

async function encode(answer: Answer): Promise<Encoded> {
  if (answer.type === 'object')
    return {
      type: 'response',
      status: answer.status,
      headers: { 'content-type': 'application/json', ...answer.headers },
      body: Buffer.from(JSON.stringify(answer.object)),
    }
  throw new Error('not in this test')
}

const clock = systemClock
const lister = (plural: string) => api.lister({ plural }) as never
const tokenIssuer = openTokenIssuer({ signingKey: pki.serviceAccount.privateKey, clock, random: systemRandom })
const tokens = serviceAccountTokens({
  issuer: tokenIssuer,
  clock,
  serviceAccounts: lister('serviceaccounts'),
  pods: lister('pods'),
  secrets: lister('secrets'),
  nodes: lister('nodes'),
})
const handler = createHandler({
  api,
  random: systemRandom,
  authenticator: firstOf([
    frontProxy({ authorities: () => [pki.frontProxyCa.cert], allowedNames: ['front-proxy-client'], clock }),
    clientCertificates({ authorities: () => [pki.ca.cert], clock }),
    passwords('pw,ann,1,dev', 'users.csv'),
    bearerTokens(firstThatKnows([tokens]), tokenIssuer.audiences),
  ]),
  authorizer: firstWithOpinion([
    privilegedGroups('system:masters'),
    rbacAuthorizer(
      rightsOf({
        roles: lister('roles'),
        clusterRoles: lister('clusterroles'),
        roleBindings: lister('rolebindings'),
        clusterRoleBindings: lister('clusterrolebindings'),
      }),
    ),
  ]),
  clock,
  log: silentLog,
})
const serve = () =>
  serveApi({
    handler,
    tls: () => ({ ...pki.pair('serving'), clientCa: pki.ca.cert + pki.frontProxyCa.cert }),
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    encode,
  })

interface Asked {
  readonly path: string
  readonly headers?: Record<string, string>
  readonly cert?: { readonly cert: string; readonly key: string }
  readonly body?: Buffer
}

async function overHttp2(port: number, { path, headers, cert, body }: Asked) {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: pki.ca.cert, ...cert })
  const stream = session.request({ ':path': path, ':method': body ? 'POST' : 'GET', ...headers })
  stream.end(body)
  const [got] = (await once(stream, 'response')) as [Record<string, unknown>]
  let text = ''
  for await (const chunk of stream) text += chunk
  session.close()
  return { status: got[':status'], headers: got, object: JSON.parse(text) }
}

async function overHttp1(port: number, { path, headers, cert, body }: Asked) {
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    path,
    method: body ? 'POST' : 'GET',
    headers: headers ?? {},
    ca: pki.ca.cert,
    agent: false,
    ...cert,
  })
  request.on('error', () => {})
  request.end(body)
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, object: JSON.parse(text) }
}

test('callers are known over both protocols by certificate, service account token, password, or not at all', async () => {
  await using server = await serve()
  const { token } = await tokenIssuer.issue({
    serviceAccount: { namespace: 'ns', name: 'viewer', uid: 'u1' },
    audiences: [],
    expirationSeconds: 600,
  })
  const bearer = { authorization: `Bearer ${token}` }
  for (const over of [overHttp2, overHttp1]) {
    const admin = await over(server.port, { path: '/api/v1/namespaces/ns/pods/p', cert: pki.pair('admin') })
    deepEqual([admin.status, admin.object], [200, { who: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }])
    deepEqual([admin.headers['cache-control'], admin.headers['warning']], ['no-cache, private', '299 - "careful"'])
    const viewer = await over(server.port, { path: '/api/v1/namespaces/ns/pods/p', headers: bearer })
    equal(viewer.object.who, 'system:serviceaccount:ns:viewer')
    const denied = await over(server.port, { path: '/api/v1/namespaces/ns/secrets/s', headers: bearer })
    deepEqual(
      [denied.status, denied.object],
      [
        403,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message:
            'secrets "s" is forbidden: User "system:serviceaccount:ns:viewer" cannot get resource "secrets" in API group "" in the namespace "ns"',
          reason: 'Forbidden',
          details: { name: 's', kind: 'secrets' },
          code: 403,
        },
      ],
    )
    const proxied = await over(server.port, {
      path: '/x',
      cert: pki.pair('frontProxyClient'),
      headers: { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' },
    })
    equal(proxied.object.who, 'root')
    match(
      (await over(server.port, { path: '/x', headers: { authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}` } })).object
        .message,
      /User "ann" cannot get path "\/x"$/,
    )
    match((await over(server.port, { path: '/x' })).object.message, /User "system:anonymous" cannot get path/)
    deepEqual((await over(server.port, { path: '/x', headers: { authorization: 'Bearer guess' } })).status, 401)
  }
  accounts.delete('ns/viewer')
  equal((await overHttp2(server.port, { path: '/api/v1/namespaces/ns/pods/p', headers: bearer })).status, 401)
  accounts.set('ns/viewer', account)
})

test('a body one byte too long is refused as upstream does', async () => {
  await using server = await serve()
  for (const over of [overHttp2, overHttp1]) {
    const got = await over(server.port, { path: '/x', cert: pki.pair('admin'), body: Buffer.alloc(3 * 1024 * 1024 + 1) })
    deepEqual(
      [got.status, got.object.reason, got.object.message],
      [413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    )
  }
})

test('within the process the same steps run, and objects go through as they are', async () => {
  await using transport = inProcessTransport(handler, { username: 'system:admin', groups: ['system:masters'] })
  const body = { hello: 'world' }
  const echoed = await transport.request({ method: 'POST', path: '/x', body: { object: body } })
  ok(echoed.body.type === 'object' && (echoed.body.object as { body: unknown }).body === body)
  const list = await transport.request({ method: 'GET', path: '/api/v1/pods' })
  ok(list.body.type === 'object')
  const { items, ...rest } = list.body.object as { items: unknown[] }
  deepEqual(rest, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' } })
  ok(items[0] === pod)
  const watch = await transport.request({ method: 'GET', path: '/api/v1/pods', query: new URLSearchParams('watch=1') })
  ok(watch.body.type === 'watch')
  for await (const batch of watch.body.events) deepEqual(batch, [{ type: 'ADDED', object: pod }])
  const denied = await inProcessTransport(handler, { username: 'joe', groups: [] }).request({ method: 'GET', path: '/api/v1/pods' })
  equal(denied.status, 403)
})
