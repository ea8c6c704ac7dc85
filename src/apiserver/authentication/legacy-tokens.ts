/** Tokens kept in Secrets of type kubernetes.io/service-account-token: they never expire, and end with their Secret or account. */

import { timingSafeEqual } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Lister } from '#client/informer.ts'
import type { Outcome, TokenAuthenticator } from './authenticator.ts'
import { signingKeyOf, type TokenIssuer } from './token-issuer.ts'
import { claimedIssuer, quotedList, signedClaims } from './token-signature.ts'

const LEGACY_ISSUER = 'kubernetes/serviceaccount'
const CLAIM = 'kubernetes.io/serviceaccount/'
/** Signs tokens that `legacyTokens` verifies, with a private key in PEM. Throws `UnusableKey`. */
export function legacyTokenSigner(signingKey: string): (secret: Secret, account: ServiceAccount) => Promise<string> {
  const { key, algorithm, id } = signingKeyOf(signingKey)
  return ({ metadata: { namespace = '', name } }, { metadata: account }) =>
    new SignJWT({
      [`${CLAIM}namespace`]: namespace,
      [`${CLAIM}secret.name`]: name,
      [`${CLAIM}service-account.name`]: account.name,
      [`${CLAIM}service-account.uid`]: account.uid,
    })
      .setIssuer(LEGACY_ISSUER)
      .setSubject(`system:serviceaccount:${namespace}:${account.name}`)
      .setProtectedHeader({ alg: algorithm, kid: id })
      .sign(key)
}

const LAST_USED = 'kubernetes.io/legacy-token-last-used'
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'
const DAY_MS = 24 * 3600 * 1000
const AUTO_GENERATED =
  'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.'

export interface LegacyTokenParts {
  readonly issuer: Pick<TokenIssuer, 'keys' | 'audiences'>
  readonly secrets: Pick<Lister<Secret>, 'get'>
  readonly serviceAccounts: Pick<Lister<ServiceAccount>, 'get'>
  readonly clock: Pick<Clock, 'now'>
  /** Labels the Secret with the day of its last use, `YYYY-MM-DD`; called once a day for each, and not waited for. Never rejects. */
  readonly markUsed: (secret: Secret, labels: Readonly<Record<string, string>>) => Promise<void>
}

export function legacyTokens(parts: LegacyTokenParts): TokenAuthenticator {
  const marking = new Set<string>()
  // a token that is used a thousand times before its first mark is written is marked once
  const markUsed: LegacyTokenParts['markUsed'] = async (secret, labels) => {
    const { uid } = secret.metadata
    if (marking.has(uid)) return
    marking.add(uid)
    await parts.markUsed(secret, labels)
    marking.delete(uid)
  }
  return {
    async authenticateToken(token, audiences): Promise<Outcome> {
      if (claimedIssuer(token) !== LEGACY_ISSUER) return { type: 'none' }
      const payload = await signedClaims(token, parts.issuer.keys)
      if (typeof payload === 'string') return { type: 'refused', why: payload }
      const own = parts.issuer.audiences
      const shared = own.filter((a) => audiences.includes(a))
      if (shared.length === 0)
        return {
          type: 'refused',
          why: `token audiences ${quotedList(own)} is invalid for the target audiences ${quotedList(audiences)}`,
        }
      return decide(payload, token, shared, { ...parts, markUsed })
    },
  }
}

function decide(
  payload: Readonly<Record<string, unknown>>,
  token: string,
  audiences: readonly string[],
  { secrets, serviceAccounts, clock, markUsed }: LegacyTokenParts,
): Outcome {
  const refused = (why: string): Outcome => ({ type: 'refused', why })
  const text = (name: string) => (typeof payload[name] === 'string' ? payload[name] : '')
  const subject = text('sub')
  const namespace = text(`${CLAIM}namespace`)
  const secretName = text(`${CLAIM}secret.name`)
  const name = text(`${CLAIM}service-account.name`)
  const uid = text(`${CLAIM}service-account.uid`)
  if (subject === '') return refused('sub claim is missing')
  if (namespace === '') return refused('namespace claim is missing')
  if (secretName === '') return refused('secretName claim is missing')
  if (name === '') return refused('serviceAccountName claim is missing')
  if (uid === '') return refused('serviceAccountUID claim is missing')
  if (subject !== `system:serviceaccount:${namespace}:${name}`) return refused('sub claim is invalid')

  const secret = secrets.get(`${namespace}/${secretName}`)
  if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return refused('Token has been invalidated')
  if (!isSame(secret.data?.['token'], token)) return refused("Token does not match server's copy")
  const account = serviceAccounts.get(`${namespace}/${name}`)
  if (account === undefined) return refused(`serviceaccounts ${JSON.stringify(name)} not found`)
  if (account.metadata.deletionTimestamp !== undefined) return refused(`ServiceAccount ${namespace}/${name} has been deleted`)
  if (account.metadata.uid !== uid) return refused(`ServiceAccount UID (${account.metadata.uid}) does not match claim (${uid})`)

  const labels = secret.metadata.labels ?? {}
  const day = (at: number) => timestamp(at).slice(0, 10)
  const today = day(clock.now())
  // tomorrow is what a master further east, or ahead, may have written
  if (labels[LAST_USED] !== today && labels[LAST_USED] !== day(clock.now() + DAY_MS)) void markUsed(secret, { [LAST_USED]: today })
  if (labels[INVALID_SINCE])
    return refused(
      `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily allow use of this token`,
    )
  const isAutoGenerated = account.secrets?.some((s) => s.name === secretName) === true
  return {
    type: 'user',
    user: {
      username: subject,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    },
    audiences,
    ...(isAutoGenerated && { warnings: [AUTO_GENERATED] }),
    annotations: {
      'authentication.k8s.io/legacy-token': subject,
      [`authentication.k8s.io/legacy-token-${isAutoGenerated ? 'autogenerated' : 'manual'}-secret`]: secretName,
    },
  }
}

function isSame(kept: string | undefined, token: string): boolean {
  const stored = Buffer.from(kept ?? '', 'base64')
  const given = Buffer.from(token)
  return stored.length === given.length && timingSafeEqual(stored, given)
}
