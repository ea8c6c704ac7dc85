/** Verifies service account tokens; whether what they are bound to still exists is asked live at every use. */

import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Lister } from '#client/informer.ts'
import type { KubeObject } from '#schema/resource.ts'
import type { Outcome, TokenAuthenticator } from './authenticator.ts'
import type { ObjectName, TokenIssuer } from './token-issuer.ts'

const CLOCK_TOLERANCE_SECONDS = 60 // upstream's leeway for clocks of other masters
const DELETION_TOLERANCE_MS = 60_000 // a pod that is being deleted may finish with its own token
const VERIFIED_TOKENS_MAX = 10_000 // about 10 MB; beyond, the oldest is verified again when it comes

type Live = Pick<Lister<KubeObject>, 'get'>

export interface ServiceAccountTokenParts {
  readonly issuer: Pick<TokenIssuer, 'issuer' | 'keys'>
  readonly serviceAccounts: Live
  readonly pods: Live
  readonly secrets: Live
  readonly nodes: Live
  readonly clock: Pick<Clock, 'now'>
}

interface Claims {
  readonly namespace: string
  readonly serviceaccount: ObjectName
  readonly pod?: ObjectName
  readonly secret?: ObjectName
  readonly node?: ObjectName
}

interface Verified {
  readonly claims: Claims
  readonly audiences: readonly string[]
  readonly expiresSeconds: number
  readonly id: string
}

export function serviceAccountTokens(parts: ServiceAccountTokenParts): TokenAuthenticator {
  const { issuer, clock } = parts
  const verified = new Map<string, Verified>()
  return {
    async authenticateToken(token, audiences): Promise<Outcome> {
      const digest = createHash('sha256').update(token).digest('base64')
      let known = verified.get(digest)
      if (known === undefined) {
        if (!isFrom(token, issuer.issuer)) return { type: 'none' }
        const result = await verify(token, issuer, clock.now())
        if (typeof result === 'string') return { type: 'refused', why: result }
        known = result
        if (verified.size >= VERIFIED_TOKENS_MAX) verified.delete(verified.keys().next().value!)
        verified.set(digest, known)
      }
      if (clock.now() / 1000 > known.expiresSeconds + CLOCK_TOLERANCE_SECONDS) {
        verified.delete(digest)
        return { type: 'refused', why: 'service account token has expired' }
      }
      const shared = audiences.filter((a) => known.audiences.includes(a))
      if (shared.length === 0)
        return {
          type: 'refused',
          why: `token audiences ${JSON.stringify(known.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
        }
      const gone = missing(known.claims, parts)
      if (gone !== undefined) return { type: 'refused', why: gone }
      return { type: 'user', user: userOf(known), audiences: shared }
    },
  }
}

function isFrom(token: string, issuer: string): boolean {
  try {
    return decodeJwt(token).iss === issuer
  } catch {
    return false
  }
}

async function verify(token: string, issuer: ServiceAccountTokenParts['issuer'], now: number): Promise<Verified | string> {
  const { kid } = decodeProtectedHeader(token)
  const named = issuer.keys.filter((k) => kid === undefined || k.id === kid)
  let why = 'no public key matches the token'
  for (const key of named) {
    try {
      const { payload } = await jwtVerify(token, key.key, {
        issuer: issuer.issuer,
        algorithms: [key.algorithm],
        currentDate: new Date(now),
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub', 'aud'],
      })
      return verifiedFrom(payload) ?? 'service account token claims are malformed'
    } catch (error) {
      why = (error as { code?: string }).code === 'ERR_JWT_EXPIRED' ? 'service account token has expired' : (error as Error).message
    }
  }
  return why
}

function verifiedFrom(payload: JWTPayload): Verified | undefined {
  const claims = payload['kubernetes.io'] as Partial<Claims> | undefined
  if (typeof claims?.namespace !== 'string' || !isName(claims.serviceaccount)) return undefined
  if (payload.sub !== `system:serviceaccount:${claims.namespace}:${claims.serviceaccount.name}`) return undefined
  for (const bound of [claims.pod, claims.secret, claims.node]) if (bound !== undefined && !isName(bound)) return undefined
  return {
    claims: claims as Claims,
    audiences: typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []),
    expiresSeconds: payload.exp ?? 0,
    id: payload.jti ?? '',
  }
}

function isName(value: unknown): value is ObjectName {
  const name = value as Partial<ObjectName> | undefined
  return typeof name?.name === 'string' && typeof name.uid === 'string'
}

/** What the token is bound to and is there no more. */
function missing(claims: Claims, parts: ServiceAccountTokenParts): string | undefined {
  const now = parts.clock.now()
  const { namespace, serviceaccount, pod, secret, node } = claims
  const gone = (kind: string, live: Live, key: string, name: ObjectName): string | undefined => {
    const found = live.get(key)
    if (found === undefined) return `${kind} ${key} has been deleted`
    if (found.metadata.uid !== name.uid) return `the ${kind} UID (${found.metadata.uid}) does not match claim (${name.uid})`
    const deleted = found.metadata.deletionTimestamp
    if (deleted !== undefined && Date.parse(deleted) + DELETION_TOLERANCE_MS < now) return `${kind} ${key} has been deleted`
    return undefined
  }
  return (
    gone('service account', parts.serviceAccounts, `${namespace}/${serviceaccount.name}`, serviceaccount) ??
    (secret && gone('secret', parts.secrets, `${namespace}/${secret.name}`, secret)) ??
    (pod && gone('pod', parts.pods, `${namespace}/${pod.name}`, pod)) ??
    // a pod's node is told along; only a token bound to the node itself ends with it
    (node && pod === undefined ? gone('node', parts.nodes, node.name, node) : undefined)
  )
}

function userOf({ claims, id }: Verified): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims
  return {
    username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      ...(id !== '' && { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] }),
      ...(node && { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] }),
      ...(pod && { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
    },
  }
}
