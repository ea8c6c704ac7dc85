/** Takes bearer tokens out of requests and asks those who know tokens. */

import { withAuthenticatedGroup, type Authenticator, type Outcome, type TokenAuthenticator } from './authenticator.ts'

// a browser cannot set headers on a WebSocket, so the token may come as one of the offered subprotocols
const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.'

/** `audiences` are the API server's own. */
export function bearerTokens(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    authenticate({ headers }) {
      const token = bearerToken(headers['authorization']) ?? webSocketToken(headers)
      return token === undefined ? { type: 'none' } : tokens.authenticateToken(token, audiences)
    },
  }
}

/** For tokens that say nothing of audiences: they are good for the API server's own, `own`, and nothing else. */
export function forOwnAudiences(own: readonly string[], tokens: TokenAuthenticator): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const shared = own.filter((a) => audiences.includes(a))
      if (shared.length === 0) return { type: 'none' }
      const outcome = await tokens.authenticateToken(token, shared)
      return outcome.type === 'user' ? { ...outcome, audiences: shared } : outcome
    },
  }
}

/** Asks each in turn; a token that nobody knows is refused. */
export function firstThatKnows(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  const all = anyOf(authenticators)
  return {
    async authenticateToken(token, audiences): Promise<Outcome> {
      const outcome = await all.authenticateToken(token, audiences)
      if (outcome.type === 'user') return { ...outcome, user: withAuthenticatedGroup(outcome.user) }
      return { type: 'refused', why: outcome.type === 'none' ? 'invalid bearer token' : `[invalid bearer token, ${outcome.why}]` }
    },
  }
}

/** Asks each in turn; what one refuses another may still know. */
export function anyOf(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences): Promise<Outcome> {
      const whys: string[] = []
      for (const a of authenticators) {
        const outcome = await a.authenticateToken(token, audiences)
        if (outcome.type === 'user') return outcome
        if (outcome.type === 'refused') whys.push(outcome.why)
      }
      return whys.length === 0 ? { type: 'none' } : { type: 'refused', why: whys.join(', ') }
    },
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  const match = /^bearer +(\S+)\s*$/i.exec(authorization ?? '')
  return match?.[1]
}

function webSocketToken(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  if ((headers['upgrade'] ?? '').toLowerCase() !== 'websocket') return undefined
  const offered = protocols(headers['sec-websocket-protocol'])
  const found = offered.find((p) => p.startsWith(WEBSOCKET_PREFIX))
  // the token's own protocol is never agreed to, so there must be another
  return found === undefined || offered.length < 2 ? undefined : Buffer.from(found.slice(WEBSOCKET_PREFIX.length), 'base64url').toString()
}

/** The offered subprotocols other than the one that carries the token. */
export function withoutToken(offered: string): string {
  return protocols(offered)
    .filter((p) => !p.startsWith(WEBSOCKET_PREFIX))
    .join(', ')
}

function protocols(header: string | undefined): readonly string[] {
  return (header ?? '').split(',').flatMap((p) => p.trim() || [])
}
