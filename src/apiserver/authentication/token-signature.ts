/** Which key signed a service account token, and whether its times are right. */

import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import type { Instant } from '#base/clock.ts'
import type { VerificationKey } from './token-issuer.ts'

const LEEWAY_SECONDS = 60 // for clocks of other masters, as upstream has it

/** Who says to have issued the token, unverified; undefined for what is no JWT. */
export function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** The claims once a key vouches for them, or why none does. A key's id only narrows the choice: tokens may name none. */
export async function signedClaims(token: string, keys: readonly VerificationKey[]): Promise<JWTPayload | string> {
  let kid: string | undefined
  try {
    kid = decodeProtectedHeader(token).kid
  } catch {
    return 'invalid bearer token'
  }
  const named = keys.filter((k) => k.id === kid)
  const candidates = named.length > 0 ? named : keys
  if (candidates.length === 0) return 'invalid signature, no keys found'
  for (const { key, algorithm } of candidates) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [algorithm] })
      const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
      if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims as JWTPayload
    } catch {
      // the next key may be the right one; which of them failed how is nobody's business
    }
  }
  return 'go-jose/go-jose: error in cryptographic primitive'
}

/** Why the token is of no use at `now`; undefined when it is of use. */
export function untimely({ exp, nbf, iat }: JWTPayload, now: Instant): string | undefined {
  const seconds = now / 1000
  if (nbf !== undefined && seconds + LEEWAY_SECONDS < nbf) return 'service account token is not valid yet'
  if (exp !== undefined && seconds - LEEWAY_SECONDS > exp) return 'service account token has expired'
  if (iat !== undefined && seconds + LEEWAY_SECONDS < iat) return 'service account token is issued in the future'
  return undefined
}

/** A list of strings as Go's %q prints it. */
export function quotedList(list: readonly string[]): string {
  return `[${list.map((s) => JSON.stringify(s)).join(' ')}]`
}
