/** The authorizers of a configuration, in its order, which may be replaced while the server runs. */

import type { ReviewWebhook } from '#apiserver/authentication/review-webhook.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Authorizer } from './authorizer.ts'
import type { AuthorizerType, WantedAuthorizer, WantedWebhook } from './configuration.ts'
import { firstWithOpinion } from './union.ts'
import { webhookAuthorizer } from './webhook.ts'

export interface ConfiguredParts {
  /** Makes the authorizers that need no configuration; those made once are kept. */
  readonly make: (type: Exclude<AuthorizerType, 'Webhook'>) => Authorizer
  /** Throws for a webhook that cannot be called. */
  readonly webhook: (wanted: WantedWebhook) => ReviewWebhook
  /** Always asked first: the way back in when the rules are broken. */
  readonly first: Authorizer
  readonly clock: Clock
  readonly log: Log
}

export interface ConfiguredAuthorizer extends Authorizer {
  /** What cannot be made leaves everything as it is, and throws. */
  replace(wanted: readonly WantedAuthorizer[]): void
}

export function openConfiguredAuthorizer(wanted: readonly WantedAuthorizer[], parts: ConfiguredParts): ConfiguredAuthorizer {
  const { clock, log } = parts
  const made = new Map<string, Authorizer>()
  const authorizerOf = (w: WantedAuthorizer): Authorizer => {
    if (w.type === 'Webhook') return webhookAuthorizer({ ...w.webhook, webhook: parts.webhook(w.webhook), clock, log })
    let known = made.get(w.type)
    if (known === undefined) made.set(w.type, (known = parts.make(w.type)))
    return known
  }
  const union = (list: readonly WantedAuthorizer[]) => firstWithOpinion([parts.first, ...list.map(authorizerOf)])
  let current = union(wanted)
  return {
    authorize: (attributes) => current.authorize(attributes),
    rulesFor: (user, namespace) => current.rulesFor!(user, namespace),
    replace(next) {
      current = union(next)
    },
  }
}
