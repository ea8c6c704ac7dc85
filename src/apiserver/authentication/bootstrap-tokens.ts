/** Bootstrap tokens, `id.secret`, kept in Secrets of kube-system: how new nodes introduce themselves. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Clock } from '#base/clock.ts'
import type { Lister } from '#client/informer.ts'
import type { TokenAuthenticator } from './authenticator.ts'

const TYPE = 'bootstrap.kubernetes.io/token'
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const DEFAULT_GROUP = 'system:bootstrappers'

export interface BootstrapTokenParts {
  readonly secrets: Pick<Lister<Secret>, 'get'>
  readonly clock: Pick<Clock, 'now'>
}

/** Unfit tokens are unknown rather than refused, so that whoever guesses learns nothing about the ids there are. */
export function bootstrapTokens({ secrets, clock }: BootstrapTokenParts): TokenAuthenticator {
  return {
    authenticateToken(token, audiences) {
      const [, id = '', given = ''] = TOKEN.exec(token) ?? []
      const secret = id === '' ? undefined : secrets.get(`kube-system/bootstrap-token-${id}`)
      if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || secret.type !== TYPE) return { type: 'none' }
      const value = (name: string) => Buffer.from(secret.data?.[name] ?? '', 'base64').toString()
      if (!isSame(value('token-secret'), given) || value('token-id') !== id) return { type: 'none' }
      if (isExpired(value('expiration'), clock.now()) || value('usage-bootstrap-authentication') !== 'true') return { type: 'none' }
      const groups = groupsOf(value('auth-extra-groups'))
      return groups === undefined ? { type: 'none' } : { type: 'user', user: { username: `system:bootstrap:${id}`, groups }, audiences }
    },
  }
}

function isSame(kept: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(kept), digest(given))
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** A time that cannot be read counts as over. */
function isExpired(expiration: string, now: number): boolean {
  if (expiration === '') return false
  return !RFC3339.test(expiration) || !(Date.parse(expiration) > now)
}

/** Undefined when one of them is none that a bootstrap token may have. */
function groupsOf(extra: string): readonly string[] | undefined {
  const named = extra === '' ? [] : extra.split(',')
  return named.every((g) => GROUP.test(g)) ? [...new Set([DEFAULT_GROUP, ...named])].toSorted() : undefined
}
