/** Finds out who asks, and keeps the credentials from everything behind. */

import { ANONYMOUS, withAuthenticatedGroup, type Authenticator } from '#apiserver/authentication/authenticator.ts'
import { withoutToken } from '#apiserver/authentication/bearer-tokens.ts'
import { unauthorized } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Log } from '#base/log.ts'

interface Known {
  readonly user: UserInfo
  readonly headers: RequestContext['headers']
  /** For the audit log. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** Throws 401 for credentials that are no good, and for none where nobody may be anonymous. */
export async function authenticate(
  parts: { readonly authenticator: Authenticator; readonly anonymous?: boolean; readonly log: Log },
  context: Pick<RequestContext, 'headers' | 'peer' | 'path' | 'warnings'>,
): Promise<Known> {
  if (context.peer.type === 'process') return { user: context.peer.user, headers: context.headers }
  const outcome = await parts.authenticator.authenticate(context)
  if (outcome.type === 'refused') {
    parts.log.info('unable to authenticate the request', { path: context.path, why: outcome.why })
    throw unauthorized()
  }
  if (outcome.type === 'none') {
    if (parts.anonymous === false) throw unauthorized()
    return { user: ANONYMOUS, headers: withoutCredentials(context.headers) }
  }
  if (outcome.warnings) context.warnings.push(...outcome.warnings)
  const { annotations } = outcome
  return { user: withAuthenticatedGroup(outcome.user), headers: withoutCredentials(context.headers), ...(annotations && { annotations }) }
}

/** What proved who the caller is could be used again by whoever sees it behind a proxy subresource. */
function withoutCredentials(headers: RequestContext['headers']): RequestContext['headers'] {
  const kept: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'authorization' || name.startsWith('x-remote-')) continue
    kept[name] = name === 'sec-websocket-protocol' ? withoutToken(value ?? '') : value
  }
  return kept
}
