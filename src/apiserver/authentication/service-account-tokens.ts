/** Verifies service account tokens; whether what they are bound to still exists is asked live at every use. */

import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Lister } from '#client/informer.ts'
import type { KubeObject } from '#schema/resource.ts'
import type { Outcome, TokenAuthenticator } from './authenticator.ts'
import type { ObjectName, TokenIssuer } from './token-issuer.ts'
import { claimedIssuer, quotedList, signedClaims, untimely } from './token-signature.ts'

const DELETION_TOLERANCE_MS = 60_000 // a pod that is being deleted may finish with its own token
const VERIFIED_TOKENS_MAX = 10_000 // about 10 MB; beyond, the oldest is verified again when it comes

const STALE = 'authentication.k8s.io/stale-token'

type Live = Pick<Lister<KubeObject>, 'get'>

export interface ServiceAccountTokenParts {
  readonly issuer: Pick<TokenIssuer, 'issuers' | 'audiences' | 'keys'>
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
  /** In seconds. */
  readonly warnafter?: number
}

interface Verified {
  readonly claims: Claims
  readonly payload: JWTPayload
  readonly audiences: readonly string[]
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
        if (!issuer.issuers.includes(claimedIssuer(token) ?? '')) return { type: 'none' }
        const payload = await signedClaims(token, issuer.keys)
        if (typeof payload === 'string') return { type: 'refused', why: payload }
        known = verifiedFrom(payload, issuer.audiences)
        if (known === undefined) return { type: 'refused', why: 'service account token claims are malformed' }
        if (verified.size >= VERIFIED_TOKENS_MAX) verified.delete(verified.keys().next().value!)
        verified.set(digest, known)
      }
      const shared = known.audiences.filter((a) => audiences.includes(a))
      if (shared.length === 0)
        return {
          type: 'refused',
          why: `token audiences ${quotedList(known.audiences)} is invalid for the target audiences ${quotedList(audiences)}`,
        }
      const why = untimely(known.payload, clock.now()) ?? missing(known.claims, parts)
      if (why !== undefined) return { type: 'refused', why }
      const late = stale(known, clock.now())
      return { type: 'user', user: userOf(known), audiences: shared, ...(late !== undefined && { annotations: { [STALE]: late } }) }
    },
  }
}

/** A token that lives on only for clients that do not read it again says since when it is used too late. */
function stale({ claims, payload }: Verified, now: number): string | undefined {
  const seconds = Math.floor(now / 1000) - (claims.warnafter ?? Number.POSITIVE_INFINITY)
  return seconds > 0 ? `subject: ${payload.sub}, seconds after warning threshold: ${seconds}` : undefined
}

/** `apiAudiences` are those of a token that names none. */
function verifiedFrom(payload: JWTPayload, apiAudiences: readonly string[]): Verified | undefined {
  const claims = payload['kubernetes.io'] as Partial<Claims> | undefined
  if (typeof claims?.namespace !== 'string' || !isName(claims.serviceaccount)) return undefined
  if (payload.sub !== `system:serviceaccount:${claims.namespace}:${claims.serviceaccount.name}`) return undefined
  for (const bound of [claims.pod, claims.secret, claims.node]) if (bound !== undefined && !isName(bound)) return undefined
  for (const time of [payload.exp, payload.nbf, payload.iat, claims.warnafter])
    if (time !== undefined && typeof time !== 'number') return undefined
  const audiences = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? [])
  return {
    claims: claims as Claims,
    payload,
    audiences: audiences.length === 0 ? apiAudiences : audiences,
    id: payload.jti ?? '',
  }
}

function isName(value: unknown): value is ObjectName {
  const name = value as Partial<ObjectName> | undefined
  return typeof name?.name === 'string' && typeof name.uid === 'string'
}

/** What the token is bound to and is there no more, in upstream's words. */
function missing(claims: Claims, parts: ServiceAccountTokenParts): string | undefined {
  const now = parts.clock.now()
  const { namespace, serviceaccount, pod, secret, node } = claims
  const isOver = (found: KubeObject) => {
    const deleted = found.metadata.deletionTimestamp
    return deleted !== undefined && Date.parse(deleted) + DELETION_TOLERANCE_MS < now
  }
  const bound = (kind: string, live: Live, key: string, { uid }: ObjectName): string | undefined => {
    const found = live.get(key)
    if (found === undefined || isOver(found)) return 'service account token has been invalidated'
    if (found.metadata.uid !== uid) return `${kind} UID (${found.metadata.uid}) does not match service account ${kind} ref claim (${uid})`
    return undefined
  }
  const account = parts.serviceAccounts.get(`${namespace}/${serviceaccount.name}`)
  if (account === undefined) return `serviceaccounts ${JSON.stringify(serviceaccount.name)} not found`
  if (account.metadata.uid !== serviceaccount.uid)
    return `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`
  if (isOver(account)) return `service account ${namespace}/${serviceaccount.name} has been deleted`
  return (
    (secret && bound('secret', parts.secrets, `${namespace}/${secret.name}`, secret)) ??
    (pod && bound('pod', parts.pods, `${namespace}/${pod.name}`, pod)) ??
    // a pod's node is told along; only a token bound to the node itself ends with it
    (node && pod === undefined ? bound('node', parts.nodes, node.name, node) : undefined)
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
