/** Tokens that a webhook is asked about, by TokenReviews. */

import { createHmac } from 'node:crypto'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { answerCache } from './answer-cache.ts'
import type { Outcome, TokenAuthenticator } from './authenticator.ts'
import type { ReviewWebhook } from './review-webhook.ts'

const ANSWERS_MAX = 32 * 1024 // upstream's bound for its cache of tokens

export interface WebhookTokenParts {
  readonly webhook: ReviewWebhook
  readonly version: 'v1' | 'v1beta1'
  /** How long answers are good for, refusals too. */
  readonly cacheMs: number
  /** The API server's own audiences: what a webhook means that says nothing of audiences. */
  readonly audiences: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

interface Status {
  readonly authenticated?: boolean
  readonly user?: UserInfo
  readonly audiences?: readonly string[]
  readonly error?: string
}

export function webhookTokens(parts: WebhookTokenParts): TokenAuthenticator {
  const { webhook, version, clock, log } = parts
  // so that whoever reads this process's memory finds no digests to compare guesses with
  const secret = parts.random.bytes(32)
  const keepMs = (outcome: Outcome) => (outcome.type === 'refused' ? 0 : parts.cacheMs)
  const cache = answerCache<Outcome>(clock, keepMs, ANSWERS_MAX)

  const ask = async (token: string, audiences: readonly string[]): Promise<Outcome> => {
    const apiVersion = `authentication.k8s.io/${version}`
    const review = { kind: 'TokenReview', apiVersion, metadata: {}, spec: { token, audiences } }
    let answer: { readonly kind?: unknown; readonly apiVersion?: unknown; readonly status?: Status }
    try {
      answer = (await webhook.review(review)) as typeof answer
    } catch (error) {
      log.error('failed to make webhook authenticator request', { error: (error as Error).message })
      return { type: 'refused', why: (error as Error).message }
    }
    if (answer?.kind !== 'TokenReview' || answer.apiVersion !== apiVersion)
      return { type: 'refused', why: `the webhook answered no TokenReview of ${apiVersion}` }
    return outcomeOf(answer.status ?? {}, audiences, parts.audiences)
  }

  return {
    authenticateToken(token, audiences) {
      const key = createHmac('sha256', secret)
        .update(JSON.stringify([token, audiences]))
        .digest('base64')
      return cache.answer(key, () => ask(token, audiences))
    },
  }
}

function outcomeOf(status: Status, wanted: readonly string[], own: readonly string[]): Outcome {
  const good = status.audiences?.length ? status.audiences : own
  const shared = wanted.filter((a) => good.includes(a))
  if (status.authenticated !== true) return status.error ? { type: 'refused', why: status.error } : { type: 'none' }
  if (shared.length === 0) return { type: 'none' }
  const { username = '', uid, groups, extra } = status.user ?? {}
  return {
    type: 'user',
    user: {
      username,
      ...(uid && { uid }),
      ...(groups?.length && { groups }),
      ...(extra && Object.keys(extra).length > 0 && { extra }),
    },
    audiences: shared,
  }
}
