/** Audit events sent to a webhook, as upstream's EventList; what it does not take for a moment is sent again. */

import type { AuditSink } from './event.ts'
import { WebhookError, type Webhook, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import { sleep, type Clock } from '#base/clock.ts'

const ATTEMPTS = 5
const BACKOFF_FACTOR = 1.5
const TIMEOUT_MS = 30_000 // upstream's webhook clients

export interface WebhookSinkParts {
  readonly client: WebhookClient
  readonly webhook: Webhook
  readonly clock: Clock
  /** Before the second attempt; grows with each. */
  readonly backoffMs: number
}

export function webhookSink({ client, webhook, clock, backoffMs }: WebhookSinkParts): AuditSink {
  return {
    async write(events) {
      const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events }
      for (let attempt = 1, wait = backoffMs; ; attempt++, wait *= BACKOFF_FACTOR)
        try {
          await client.call(webhook, list, { timeoutMs: TIMEOUT_MS })
          return
        } catch (error) {
          // An empty answer is a success that has nothing to say.
          if (error instanceof WebhookError && error.failure === 'malformed') return
          if (attempt === ATTEMPTS || !mayPass(error)) throw error
          await sleep(clock, wait)
        }
    },
  }
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof WebhookError)) return false
  const code = error.refusal?.code ?? 0
  return error.failure === 'unreachable' || error.failure === 'timeout' || code === 429 || code >= 500
}
