/** Counts what authentication and authorization decide, and how long they take. */

import type { Authenticator, Outcome } from '#apiserver/authentication/authenticator.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { Clock } from '#base/clock.ts'
import type { Metrics } from '#base/metrics.ts'

const SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)

export interface AccessMetrics {
  authenticating(authenticator: Authenticator): Authenticator
  authorizing(authorizer: Authorizer): Authorizer
}

export function accessMetrics(metrics: Metrics, clock: Clock): AccessMetrics {
  const labels = ['result']
  const attempts = metrics.counter({ name: 'authentication_attempts', help: 'Attempts to authenticate, by result.', labels })
  const authentication = metrics.histogram(
    { name: 'authentication_duration_seconds', help: 'Seconds that authentication took, by result.', labels },
    SECONDS,
  )
  const users = metrics.counter({
    name: 'authenticated_user_requests',
    help: 'Authenticated requests, by the sort of user.',
    labels: ['username'],
  })
  const decisions = metrics.counter({ name: 'authorization_attempts_total', help: 'Decisions of authorization, by result.', labels })
  const authorization = metrics.histogram(
    { name: 'authorization_duration_seconds', help: 'Seconds that authorization took, by result.', labels },
    SECONDS,
  )
  const since = (start: number) => (clock.monotonic() - start) / 1000
  return {
    authenticating: (authenticator) => ({
      async authenticate(credentials) {
        const start = clock.monotonic()
        let result = 'error'
        try {
          const outcome = await authenticator.authenticate(credentials)
          result = RESULTS[outcome.type]
          if (outcome.type === 'user') users.of(sortOf(outcome.user.username ?? '')).inc()
          return outcome
        } finally {
          attempts.of(result).inc()
          authentication.of(result).observe(since(start))
        }
      },
    }),
    authorizing: (authorizer) => ({
      async authorize(attributes) {
        const start = clock.monotonic()
        let result = 'error'
        try {
          const decision = await authorizer.authorize(attributes)
          result = DECISIONS[decision.type]
          return decision
        } finally {
          decisions.of(result).inc()
          authorization.of(result).observe(since(start))
        }
      },
    }),
  }
}

const RESULTS: Readonly<Record<Outcome['type'], string>> = { user: 'success', none: 'failure', refused: 'error' }
const DECISIONS = { allow: 'allowed', deny: 'denied', 'no-opinion': 'no-opinion' } as const

const OWN = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'])

/** Names of people are no labels. */
function sortOf(username: string): string {
  if (OWN.has(username)) return username
  return username.includes('@') ? 'email_id' : 'other'
}
