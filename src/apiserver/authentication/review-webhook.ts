/** Asks a webhook that answers reviews, again where asking again may help. */

import { sleep, type Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { WebhookError, type Webhook, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'

export interface ReviewWebhook {
  /** Throws `WebhookError`. */
  review(body: object): Promise<unknown>
}

export interface ReviewWebhookParts {
  readonly client: Pick<WebhookClient, 'call'>
  readonly webhook: Webhook
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
}

// Upstream's: 500 ms, half as long again each time, a fifth of it by chance.
const TRIES = 5
const FIRST_WAIT_MS = 500
const FACTOR = 1.5
const JITTER = 0.2

export function reviewWebhook({ client, webhook, timeoutMs, clock, random }: ReviewWebhookParts): ReviewWebhook {
  return {
    async review(body) {
      let wait = FIRST_WAIT_MS
      for (let tried = 1; ; tried++) {
        try {
          return await client.call(webhook, body, { timeoutMs })
        } catch (error) {
          if (tried === TRIES || !mayHelpAgain(error)) throw error
          await sleep(clock, wait * (1 + random.next() * JITTER))
          wait *= FACTOR
        }
      }
    },
  }
}

/** Upstream asks again after a connection that was cut, and where the other end says that it is its own fault for now. */
function mayHelpAgain(error: unknown): boolean {
  if (!(error instanceof WebhookError)) return false
  if (error.failure === 'unreachable') return (error.cause as { readonly code?: unknown } | undefined)?.code === 'ECONNRESET'
  return ['InternalError', 'Timeout', 'TooManyRequests'].includes(error.refusal?.reason ?? '')
}
