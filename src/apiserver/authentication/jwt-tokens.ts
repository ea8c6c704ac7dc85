/** Tokens of OpenID Connect providers: verified by their keys, made users by the configuration's claims and expressions. */

import { compactVerify, errors, type JWTPayload } from 'jose'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock, Instant } from '#base/clock.ts'
import { timestamp } from '#base/clock.ts'
import { CelError, type Value } from '#cel/value.ts'
import type { Outcome, TokenAuthenticator } from './authenticator.ts'
import { stringsOf, type Expression } from './expressions.ts'
import type { CompiledJwtIssuer, CompiledRule } from './jwt-configuration.ts'
import type { JwtProvider, ProviderKeys } from './jwt-provider.ts'
import { claimedIssuer, quotedList } from './token-signature.ts'

/** What upstream takes; which of them a provider uses is its business. */
export const SIGNING_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
const NOT_BEFORE_LEEWAY_MS = 5 * 60_000 // for providers whose clock is ahead

type Claims = Readonly<Record<string, unknown>>

export interface JwtTokenParts {
  readonly issuer: CompiledJwtIssuer
  readonly provider: Pick<JwtProvider, 'keys' | 'fetch'>
  /** A provider for another issuer, which a distributed claim's token may come from. */
  readonly providerFor?: (issuer: string) => Pick<JwtProvider, 'keys'> | undefined
  readonly algorithms?: readonly string[]
  readonly clock: Pick<Clock, 'now'>
}

export function jwtTokens(parts: JwtTokenParts): TokenAuthenticator {
  const { configuration } = parts.issuer
  const { url = '', audiences = [] } = configuration.issuer
  const verifying = { algorithms: parts.algorithms ?? SIGNING_ALGORITHMS, audiences, now: () => parts.clock.now() }
  return {
    async authenticateToken(token): Promise<Outcome> {
      if (issuerOf(token) !== url) return { type: 'none' }
      const keys = parts.provider.keys()
      if (keys === undefined) return { type: 'refused', why: 'oidc: authenticator not initialized' }
      try {
        const claims = await verified(token, url, keys, verifying).catch((error: Error) => {
          throw new Refusal(`oidc: verify token: ${error.message}`)
        })
        const expanded = await withDistributed(claims, configuration.claimMappings.groups.claim, parts, verifying).catch((error: Error) => {
          throw new Refusal(`oidc: could not expand distributed claims: ${error.message}`)
        })
        return { type: 'user', user: userOf(expanded, parts.issuer) }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return { type: 'refused', why: error.message }
      }
    },
  }
}

class Refusal extends Error {}

/** Google's tokens name it in two ways. */
function issuerOf(token: string): string | undefined {
  const issuer = claimedIssuer(token)
  return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer
}

interface Verifying {
  readonly algorithms: readonly string[]
  readonly audiences: readonly string[]
  readonly now: () => Instant
}

async function verified(token: string, issuer: string, keys: ProviderKeys, { algorithms, audiences, now }: Verifying): Promise<Claims> {
  const payload = await signed(token, keys, algorithms).catch((error: Error) => {
    if (error instanceof errors.JOSEAlgNotAllowed)
      throw new Refusal(`oidc: id token signed with unsupported algorithm, expected ${quotedList(algorithms)}`)
    if (error instanceof errors.JOSEError) throw new Refusal('failed to verify signature: failed to verify id token signature')
    throw new Refusal(`failed to verify signature: fetching keys oidc: get keys failed: ${error.message}`)
  })
  let claims: JWTPayload
  try {
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as JWTPayload
  } catch {
    throw new Refusal('oidc: failed to unmarshal claims')
  }
  if (issuerOf(token) !== issuer) throw new Refusal(`oidc: id token issued by a different provider, expected ${JSON.stringify(issuer)}`)
  const given = typeof claims.aud === 'string' ? [claims.aud] : Array.isArray(claims.aud) ? claims.aud : []
  if (!given.some((a) => audiences.includes(a)))
    throw new Refusal(
      audiences.length === 1
        ? `oidc: expected audience ${JSON.stringify(audiences[0])} got ${quotedList(given)}`
        : `oidc: expected audience in ${quotedList(audiences.toSorted())} got ${quotedList(given)}`,
    )
  const { exp, nbf } = claims
  if (typeof exp !== 'number' || exp * 1000 < now())
    throw new Refusal(
      `oidc: token is expired (Token Expiry: ${timestamp(typeof exp === 'number' ? exp * 1000 : 0)
        .replace('T', ' ')
        .replace('Z', ' +0000 UTC')})`,
    )
  if (typeof nbf === 'number' && now() + NOT_BEFORE_LEEWAY_MS < nbf * 1000)
    throw new Refusal(`oidc: current time ${timestamp(now())} before the nbf (not before) time: ${timestamp(nbf * 1000)}`)
  return claims
}

/** The payload once a key fits; the keys are fetched again before a token is given up, as the provider may have new ones. */
async function signed(token: string, keys: ProviderKeys, algorithms: readonly string[]): Promise<Uint8Array> {
  try {
    return await signedNow(token, keys.find, algorithms)
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JOSEAlgNotAllowed || !(await keys.refetch())) throw error
    return signedNow(token, keys.find, algorithms)
  }
}

async function signedNow(token: string, find: ProviderKeys['find'], algorithms: readonly string[]): Promise<Uint8Array> {
  const options = { algorithms: [...algorithms] }
  try {
    return (await compactVerify(token, find, options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    // a token that names no key may be signed with any of the provider's
    for await (const key of error)
      try {
        return (await compactVerify(token, key, options)).payload
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch
      }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** Brings in the groups that the token only says where to ask for. */
async function withDistributed(claims: Claims, name: string | undefined, parts: JwtTokenParts, verifying: Verifying): Promise<Claims> {
  if (!name || Object.hasOwn(claims, name) || claims['_claim_names'] === undefined) return claims
  const names = claims['_claim_names'] as Readonly<Record<string, unknown>>
  const source = Object.hasOwn(names, name) ? names[name] : undefined
  if (typeof source !== 'string') return claims
  const sources = claims['_claim_sources'] as Readonly<Record<string, { endpoint?: string; access_token?: string }>> | undefined
  if (sources === undefined) throw new Refusal('oidc: no claim sources')
  const from = Object.hasOwn(sources, source) ? sources[source] : undefined
  if (from === undefined) throw new Refusal(`id token _claim_names contained a source ${source} missing in _claims_sources`)
  if (!from.endpoint) return claims
  const text = await parts.provider.fetch(from.endpoint, from.access_token).catch((error: Error) => {
    throw new Refusal(`while getting distributed claim ${JSON.stringify(name)}: ${error.message}`)
  })
  const issuer = issuerOf(text) ?? ''
  const own = issuer === parts.issuer.configuration.issuer.url
  const keys = (own ? parts.provider : parts.providerFor?.(issuer))?.keys()
  if (keys === undefined)
    throw new Refusal(`verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${JSON.stringify(issuer)}`)
  const found = await verified(text, issuer, keys, verifying).catch((error: Error) => {
    throw new Refusal(`verify distributed claim token: ${error.message}`)
  })
  if (!Object.hasOwn(found, name))
    throw new Refusal(`jwt returned by distributed claim endpoint ${JSON.stringify(from.endpoint)} did not contain claim: ${name}`)
  return { ...claims, [name]: found[name] }
}

function userOf(claims: Claims, issuer: CompiledJwtIssuer): UserInfo {
  const { configuration, claimRules, userRules } = issuer
  const username = usernameOf(claims, issuer)
  const groups = groupsOf(claims, issuer)
  const uid = uidOf(claims, issuer)
  const extra: Record<string, readonly string[]> = {}
  for (const { key, value } of issuer.extra) {
    const texts = stringsOf(evaluate(value, claims, 'oidc: error evaluating extra claim expression'))
    if (texts === undefined)
      throw new Refusal(
        `oidc: error evaluating extra claim expression: ${value.source}: expression must return a string or a list of strings`,
      )
    if (texts.length > 0) extra[key] = texts
  }
  const user: UserInfo = {
    username,
    ...(uid !== '' && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
  for (const { claim = '', requiredValue = '' } of configuration.claimValidationRules ?? []) {
    if (claim === '') continue
    if (!Object.hasOwn(claims, claim)) throw new Refusal(`oidc: required claim ${claim} not present in ID token`)
    const given = claims[claim]
    if (typeof given !== 'string') throw new Refusal(`oidc: parse claim ${claim}: ${notA('string', given)}`)
    if (given !== requiredValue)
      throw new Refusal(`oidc: required claim ${claim} value does not match. Got = ${given}, want = ${requiredValue}`)
  }
  hold(claimRules, claims, 'oidc: error evaluating claim validation expression')
  hold(userRules, user, 'oidc: error evaluating user info validation rule')
  return user
}

function usernameOf(claims: Claims, { configuration, username: expression }: CompiledJwtIssuer): string {
  const { claim = '', prefix = '' } = configuration.claimMappings.username
  if (expression) {
    const what = 'oidc: error evaluating username claim expression'
    const value = evaluate(expression, claims, what)
    if (typeof value !== 'string') throw new Refusal(`${what}: username claim expression must return a string`)
    // a user without a name would match rules meant for nobody
    if (value === '') throw new Refusal(`${what}: username claim expression must return a non-empty string`)
    return value
  }
  const username = textOf(claims, claim, `oidc: parse username claims ${JSON.stringify(claim)}`)
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
    const isVerified = claims['email_verified']
    if (typeof isVerified !== 'boolean') throw new Refusal(`oidc: parse 'email_verified' claim: ${notA('bool', isVerified)}`)
    if (!isVerified) throw new Refusal('oidc: email not verified')
  }
  return prefix + username
}

function groupsOf(claims: Claims, { configuration, groups: expression }: CompiledJwtIssuer): readonly string[] {
  const { claim = '', prefix = '' } = configuration.claimMappings.groups
  if (claim !== '' && Object.hasOwn(claims, claim)) {
    const given = claims[claim]
    // one group may come without a list around it
    const list = typeof given === 'string' ? [given] : Array.isArray(given) ? given : []
    if ((!Array.isArray(given) && typeof given !== 'string') || !list.every((g) => typeof g === 'string'))
      throw new Refusal(`oidc: parse groups claim ${JSON.stringify(claim)}: ${notA('string', given)}`)
    return list.map((g) => prefix + (g as string))
  }
  if (!expression) return []
  const what = 'oidc: error evaluating group claim expression'
  const groups = stringsOf(evaluate(expression, claims, what))
  if (groups === undefined) throw new Refusal(`${what}: expression must return a string or a list of strings`)
  return groups
}

function uidOf(claims: Claims, { configuration, uid: expression }: CompiledJwtIssuer): string {
  const { claim = '' } = configuration.claimMappings.uid
  if (claim !== '') return textOf(claims, claim, `oidc: parse uid claim ${JSON.stringify(claim)}`)
  if (!expression) return ''
  const what = 'oidc: error evaluating uid claim expression'
  const value = evaluate(expression, claims, what)
  if (typeof value !== 'string') throw new Refusal(`${what}: uid claim expression must return a string`)
  return value
}

function textOf(claims: Claims, name: string, what: string): string {
  if (!Object.hasOwn(claims, name)) throw new Refusal(`${what}: claim not present`)
  const value = claims[name]
  if (typeof value !== 'string') throw new Refusal(`${what}: ${notA('string', value)}`)
  return value
}

function notA(type: string, value: unknown): string {
  const shown = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${shown} into Go value of type ${type}`
}

function evaluate(expression: Expression, value: unknown, what: string): Value {
  try {
    return expression.run(value)
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    throw new Refusal(`${what}: expression '${expression.source}' resulted in error: ${error.message}`)
  }
}

function hold(rules: readonly CompiledRule[], value: unknown, what: string): void {
  for (const { expression, message } of rules)
    if (evaluate(expression, value, what) !== true)
      throw new Refusal(`${what}: validation expression '${expression.source}' failed: ${message}`)
}
