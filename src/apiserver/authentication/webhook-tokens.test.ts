import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from '#apiserver/endpoints/errors.ts'
import { WebhookError } from '#apiserver/webhook/webhook-client.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { reviewWebhook } from './review-webhook.ts'
import { webhookTokens } from './webhook-tokens.ts'

/** A webhook that answers each call with the next of `answers`, or throws it. */
function asking(...answers: readonly unknown[]) {
  const clock = new VirtualClock()
  const calls: unknown[] = []
  const client = {
    async call(_: unknown, body: unknown) {
      calls.push(body)
      const answer = answers[Math.min(calls.length, answers.length) - 1]
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const random = seededRandom(1)
  const webhook = reviewWebhook({ client, webhook: { url: 'https://hook' }, timeoutMs: 1000, clock, random })
  const tokens = webhookTokens({ webhook, version: 'v1', cacheMs: 120_000, audiences: ['api'], clock, random, log: silentLog })
  return { clock, calls, ask: async (token: string, audiences = ['api']) => tokens.authenticateToken(token, audiences) }
}

const status = (given: object) => ({ kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status: given })
const joe = { username: 'joe', uid: '1', groups: ['a'], extra: { k: ['v'] } }

test('the webhook says who a token is, once for two minutes', async () => {
  const { ask, calls, clock } = asking(status({ authenticated: true, user: joe }))
  const known = { type: 'user', user: joe, audiences: ['api'] }
  deepEqual(await Promise.all([ask('t'), ask('t')]), [known, known])
  deepEqual(calls, [
    { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec: { token: 't', audiences: ['api'] } },
  ])
  await clock.advance(119_999)
  deepEqual(await ask('t'), known)
  equal(calls.length, 1)
  await ask('other')
  equal(calls.length, 2)
  await clock.advance(1)
  deepEqual(await ask('t'), known)
  equal(calls.length, 3)
})

test('a token counts for the audiences that the webhook names, or else for the API server', async () => {
  const named = asking(status({ authenticated: true, user: joe, audiences: ['vault', 'x'] }))
  deepEqual(await named.ask('t', ['vault', 'api']), { type: 'user', user: joe, audiences: ['vault'] })
  deepEqual(await named.ask('t', ['api']), { type: 'none' })
  const silent = asking(status({ authenticated: true, user: joe }))
  deepEqual(await silent.ask('t', ['vault']), { type: 'none' })
})

test('a token the webhook does not know is kept too; errors and garbage are not', async () => {
  const unknown = asking(status({ authenticated: false, user: joe }))
  deepEqual([await unknown.ask('t'), await unknown.ask('t'), unknown.calls.length], [{ type: 'none' }, { type: 'none' }, 1])
  const failing = asking(status({ authenticated: false, error: 'expired' }))
  deepEqual([await failing.ask('t'), await failing.ask('t')].length, failing.calls.length)
  deepEqual(await failing.ask('t'), { type: 'refused', why: 'expired' })
  for (const garbage of [null, 'x', 3, {}, { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1beta1' }])
    deepEqual(await asking(garbage).ask('t'), { type: 'refused', why: 'the webhook answered no TokenReview of authentication.k8s.io/v1' })
})

test('a webhook that has trouble is asked five times, one that cannot be reached once', async () => {
  const trouble = refusal({ code: 500, reason: 'InternalError', message: 'trouble', details: {} })
  const troubled = asking(new WebhookError('status', 'trouble', { refusal: trouble }))
  const asked = troubled.ask('t')
  await troubled.clock.advance(10_000)
  deepEqual([await asked, troubled.calls.length], [{ type: 'refused', why: 'trouble' }, 5])
  const cut = asking(new WebhookError('unreachable', 'EOF', { cause: { code: 'ECONNRESET' } }), status({ authenticated: true, user: joe }))
  const again = cut.ask('t')
  await cut.clock.advance(600)
  deepEqual([(await again).type, cut.calls.length], ['user', 2])
  const dead = asking(new WebhookError('unreachable', 'connection refused', { cause: { code: 'ECONNREFUSED' } }))
  deepEqual([await dead.ask('t'), dead.calls.length], [{ type: 'refused', why: 'connection refused' }, 1])
})
