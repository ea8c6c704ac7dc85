/** Finds out who asks, and keeps the credentials from everything behind. */

import { ANONYMOUS, withAuthenticatedGroup, type Authenticator } from '#apiserver/authentication/authenticator.ts'
import { unauthorized } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Log } from '#base/log.ts'

/** Throws 401 for credentials that are no good, and for none where nobody may be anonymous. */
export async function authenticate(
  parts: { readonly authenticator: Authenticator; readonly anonymous?: boolean; readonly log: Log },
  context: Pick<RequestContext, 'headers' | 'peer' | 'path'>,
): Promise<{ readonly user: UserInfo; readonly headers: RequestContext['headers'] }> {
  if (context.peer.type === 'process') return { user: context.peer.user, headers: context.headers }
  const outcome = await parts.authenticator.authenticate(context)
  if (outcome.type === 'refused') {
    parts.log.info('unable to authenticate the request', { path: context.path, why: outcome.why })
    throw unauthorized()
  }
  if (outcome.type === 'none') {
    if (parts.anonymous === false) throw unauthorized()
    return { user: ANONYMOUS, headers: context.headers }
  }
  const spent = outcome.spent ?? []
  const headers =
    spent.length === 0 ? context.headers : Object.fromEntries(Object.entries(context.headers).filter(([name]) => !spent.includes(name)))
  return { user: withAuthenticatedGroup(outcome.user), headers }
}
