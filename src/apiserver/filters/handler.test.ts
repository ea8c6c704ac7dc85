import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '#apiserver/answer.ts'
import type { Outcome } from '#apiserver/authentication/authenticator.ts'
import type { Attributes, Decision } from '#apiserver/authorization/authorizer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { StoreRefused, StoreUnavailable } from '#store/store.ts'
import { createHandler, type Handler, type HandlerParts } from './handler.ts'

const allow = { authorize: () => ({ type: 'allow', reason: '' }) as Decision }
const ok: Answer = { type: 'object', status: 200, object: {} }

function handler(o: { outcome?: Outcome; handle?: (ctx: RequestContext) => Promise<Answer> } & Partial<HandlerParts> = {}) {
  const clock = new VirtualClock()
  const seen: RequestContext[] = []
  const handle = createHandler({
    api: {
      handle: (ctx) => {
        seen.push(ctx)
        return o.handle ? o.handle(ctx) : Promise.resolve(ok)
      },
    },
    authenticator: { authenticate: () => o.outcome ?? { type: 'user', user: { username: 'joe', groups: [] } } },
    authorizer: allow,
    clock,
    random: seededRandom(1),
    log: silentLog,
    ...o,
  })
  return { handle, clock, seen }
}

async function ask(handle: Handler, url: string, o: { method?: string; headers?: Record<string, string>; aborted?: unknown[] } = {}) {
  const [path = '', query = ''] = url.split('?')
  const { answer } = await handle({
    method: o.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: o.headers ?? {},
    body: { type: 'none' },
    peer: { type: 'network', address: '::1' },
    signal: new AbortController().signal,
    abort: (reason) => o.aborted?.push(reason),
  })
  if (answer.type !== 'object') return answer.type
  const status = answer.object as { message?: string; reason?: string }
  return [answer.status, status.reason, status.message, ...(answer.headers ? [answer.headers] : [])]
}

test('a known caller reaches the endpoints without the credentials that proved who it is', async () => {
  const { handle, seen } = handler()
  await ask(handle, '/api/v1/pods', {
    headers: {
      authorization: 'Bearer x',
      'x-remote-user': 'root',
      accept: 'a',
      'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.eA, v5.channel.k8s.io',
    },
  })
  deepEqual(
    [seen[0]?.user, seen[0]?.headers, seen[0]?.info.verb],
    [{ username: 'joe', groups: ['system:authenticated'] }, { accept: 'a', 'sec-websocket-protocol': 'v5.channel.k8s.io' }, 'list'],
  )
})

test('bad credentials are 401, none are anonymous unless that is forbidden', async () => {
  deepEqual(await ask(handler({ outcome: { type: 'refused', why: 'secret reason' } }).handle, '/api'), [
    401,
    'Unauthorized',
    'Unauthorized',
  ])
  const { handle, seen } = handler({ outcome: { type: 'none' } })
  await ask(handle, '/version')
  deepEqual(seen[0]?.user, { username: 'system:anonymous', groups: ['system:unauthenticated'] })
  deepEqual(await ask(handler({ outcome: { type: 'none' }, anonymous: false }).handle, '/api'), [401, 'Unauthorized', 'Unauthorized'])
})

test('whatever breaks is a Status: a fault 500, a store that is away 503', async () => {
  const fault = handler({ handle: () => Promise.reject(new Error('boom')) })
  deepEqual(await ask(fault.handle, '/api'), [500, 'InternalError', 'Internal error occurred: boom'])
  const away = handler({ handle: () => Promise.reject(new StoreUnavailable('no-space', 'the disk is full')) })
  deepEqual(await ask(away.handle, '/api'), [503, 'ServiceUnavailable', 'the disk is full'])
  const large = handler({ handle: () => Promise.reject(new StoreRefused('etcdserver: request is too large')) })
  deepEqual(await ask(large.handle, '/api'), [500, undefined, 'etcdserver: request is too large'])
})

test('a short request ends after a minute, or when its caller says; a watch does not', async () => {
  const never = () => new Promise<Answer>(() => {})
  for (const [url, ms] of [
    ['/api/v1/pods', 60_000],
    ['/api/v1/pods?timeout=1m30s', 60_000],
    ['/api/v1/pods?timeout=1.5s', 1_500],
  ] as const) {
    const { handle, clock } = handler({ handle: never })
    const aborted: unknown[] = []
    let answer: unknown
    void ask(handle, url, { aborted }).then((a) => (answer = a))
    await clock.advance(ms - 1)
    equal(answer, undefined)
    await clock.advance(1)
    deepEqual([answer, aborted.length], [[504, 'Timeout', 'Timeout: request did not complete within the allotted timeout'], 1])
  }
  const { handle, clock } = handler({ handle: never })
  let answer: unknown
  void ask(handle, '/api/v1/pods?watch=1&timeout=1s').then((a) => (answer = a))
  await clock.advance(3_600_000)
  equal(answer, undefined)
  deepEqual(await ask(handle, '/api/v1/pods?timeout=soon'), [
    400,
    'BadRequest',
    'invalid timeout specified in the request URL - time: invalid duration "soon"',
  ])
})

test('beyond the limit callers are told to come back, reads and writes apart, watches and administrators never', async () => {
  const gate = Promise.withResolvers<Answer>()
  const o = { limits: { readOnly: 1, mutating: 1 }, handle: () => gate.promise }
  const { handle } = handler(o)
  const first = ask(handle, '/api/v1/pods')
  const write = ask(handle, '/api/v1/namespaces/a/pods', { method: 'POST' })
  const watch = ask(handle, '/api/v1/pods?watch=1')
  await new Promise((resolve) => setImmediate(resolve))
  deepEqual(await ask(handle, '/api/v1/pods'), [
    429,
    'TooManyRequests',
    'Too many requests, please try again later.',
    { 'retry-after': '1' },
  ])
  gate.resolve(ok)
  deepEqual(await Promise.all([first, write, watch]), [
    [200, undefined, undefined],
    [200, undefined, undefined],
    [200, undefined, undefined],
  ])
  deepEqual(await ask(handle, '/api/v1/pods'), [200, undefined, undefined])
})

test('whoever may impersonate acts as the other; each part of the identity is asked for', async () => {
  const asked: string[] = []
  const authorizer = {
    authorize({ user, info }: Attributes): Decision {
      asked.push(`${user.username} ${info.verb} ${info.resource}${info.subresource && `/${info.subresource}`} ${info.name}`)
      return info.name === 'root' ? { type: 'no-opinion', reason: '' } : { type: 'allow', reason: '' }
    },
  }
  const { handle, seen } = handler({ authorizer })
  await ask(handle, '/api/v1/pods', {
    headers: { 'impersonate-user': 'ann', 'impersonate-group': 'a, b\nc', 'impersonate-extra-acme.com%2fx': '1' },
  })
  deepEqual(asked, [
    'joe impersonate users ann',
    'joe impersonate groups a, b',
    'joe impersonate groups c',
    'joe impersonate userextras/acme.com/x 1',
    'ann list pods ',
  ])
  deepEqual(
    [seen[0]?.user, seen[0]?.headers],
    [{ username: 'ann', groups: ['a, b', 'c', 'system:authenticated'], extra: { 'acme.com/x': ['1'] } }, {}],
  )
  await ask(handle, '/api/v1/pods', { headers: { 'impersonate-user': 'system:serviceaccount:ns:sa' } })
  deepEqual(seen[1]?.user, {
    username: 'system:serviceaccount:ns:sa',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  })
  deepEqual(await ask(handle, '/api/v1/pods', { headers: { 'impersonate-user': 'root' } }), [
    403,
    'Forbidden',
    'users "root" is forbidden: User "joe" cannot impersonate resource "users" in API group "" at the cluster scope',
  ])
  equal((await ask(handle, '/api/v1/pods', { headers: { 'impersonate-group': 'a' } }))[0], 500)
})
