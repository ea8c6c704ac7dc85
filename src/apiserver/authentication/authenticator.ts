/** Who asks: the one question every authenticator answers, and the order they are asked in. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Peer } from '#apiserver/request-context.ts'

/** What authenticators see of a request. Header names are lower case. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly peer: Peer
  /** What is asked for; some configurations let strangers in to some paths only. */
  readonly path?: string
}

export type Outcome =
  | {
      readonly type: 'user'
      readonly user: UserInfo
      readonly audiences?: readonly string[]
      /** Told the caller along with the answer. */
      readonly warnings?: readonly string[]
      /** For the audit log. */
      readonly annotations?: Readonly<Record<string, string>>
    }
  /** No credentials of this sort were given. */
  | { readonly type: 'none' }
  /** Credentials were given and are not good; `why` is for the log, never for the caller. */
  | { readonly type: 'refused'; readonly why: string }

export interface Authenticator {
  authenticate(credentials: Credentials): Outcome | Promise<Outcome>
}

/** Decides about a bearer token; `audiences` are those the token must be meant for. */
export interface TokenAuthenticator {
  authenticateToken(token: string, audiences: readonly string[]): Outcome | Promise<Outcome>
}

/** Asks each in turn; the first that knows the caller decides. If none does and one refused, the caller is refused. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      const whys: string[] = []
      for (const a of authenticators) {
        const outcome = await a.authenticate(credentials)
        if (outcome.type === 'user') return outcome
        if (outcome.type === 'refused') whys.push(outcome.why)
      }
      return whys.length > 0 ? { type: 'refused', why: whys.join('; ') } : { type: 'none' }
    },
  }
}

/** Who comes from within the process is whom the wiring says. */
export const processAuthenticator: Authenticator = {
  authenticate: ({ peer }) => (peer.type === 'process' ? { type: 'user', user: peer.user } : { type: 'none' }),
}

/** Everyone, once no one else knows the caller and no credentials were refused. */
export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Who shows no credentials is the anonymous user on paths that `allowed` lets strangers ask for. */
export function withAnonymous(authenticator: Authenticator, allowed: (path: string) => boolean): Authenticator {
  return {
    async authenticate(credentials) {
      const outcome = await authenticator.authenticate(credentials)
      return outcome.type === 'none' && allowed(credentials.path ?? '') ? { type: 'user', user: ANONYMOUS } : outcome
    },
  }
}

export const ALL_AUTHENTICATED = 'system:authenticated'

/** Users other than the anonymous one also belong to the group of everyone who is known. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const groups = user.groups ?? []
  if (user.username === ANONYMOUS.username || groups.includes(ALL_AUTHENTICATED) || groups.includes('system:unauthenticated')) return user
  return { ...user, groups: [...groups, ALL_AUTHENTICATED] }
}
