/** Signs service account tokens: JWTs bound to an account and, if wanted, to a Pod, Secret or Node. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { exportJWK, SignJWT, type JWK } from 'jose'
import { timestamp, type Clock } from '#base/clock.ts'
import { uuid, type Random } from '#base/random.ts'

export const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local'

/** What a token is bound to; the uid is looked up live whenever the token is used. */
export interface ObjectName {
  readonly name: string
  readonly uid: string
}

/** A token wanted by TokenRequest. Whether the account and the bound object exist is the caller's to check. */
export interface TokenToIssue {
  readonly serviceAccount: ObjectName & { readonly namespace: string }
  /** Empty: the API server's own audiences. */
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly pod?: ObjectName
  readonly secret?: ObjectName
  /** Of a bound pod, the node it runs on; without a pod, the bound node. */
  readonly node?: ObjectName
}

export interface IssuedToken {
  readonly token: string
  /** RFC 3339: when the client has to have a new one, as `status.expirationTimestamp` says. */
  readonly expirationTimestamp: string
  readonly audiences: readonly string[]
}

/** A public key tokens are verified with, under the id that tokens name it by. */
export interface VerificationKey {
  readonly id: string
  readonly key: KeyObject
  readonly algorithm: 'RS256' | 'ES256' | 'ES384' | 'ES512'
}

export interface TokenIssuer {
  /** Names itself in new tokens. */
  readonly issuer: string
  /** Whose tokens are accepted: `issuer` and those it took the place of. */
  readonly issuers: readonly string[]
  /** The audiences of the API server itself; tokens for others do not authenticate here. */
  readonly audiences: readonly string[]
  readonly keys: readonly VerificationKey[]
  issue(wanted: TokenToIssue): Promise<IssuedToken>
  /** The document of `/openid/v1/jwks`. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
  /** The document of `/.well-known/openid-configuration`. */
  discovery(): object
}

/**
 * Opens an issuer. `signingKey` and `publicKeys` are PEM, of which a text may hold several; tokens of every listed public key (and the
 * signing key's own) are accepted, so that keys can be rotated. The first of `issuers` is named in new tokens. Throws `UnusableKey`.
 */
export function openTokenIssuer(parts: {
  readonly signingKey: string
  readonly publicKeys?: readonly string[]
  readonly issuers?: readonly string[]
  readonly audiences?: readonly string[]
  /** Where the keys are published; by default below the issuer. */
  readonly jwksUri?: string
  /** Upstream's `--service-account-max-token-expiration`. */
  readonly expirationSecondsMax?: number
  /** Whether the default lifetime of pods' tokens is made a year; true unless told otherwise. */
  readonly extendExpiration?: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
}): TokenIssuer {
  const { clock, random } = parts
  const issuers = parts.issuers?.length ? parts.issuers : [DEFAULT_ISSUER]
  const issuer = issuers[0]!
  const apiAudiences = parts.audiences?.length ? parts.audiences : issuers
  const { key: privateKey, verification: signing } = signingKeyOf(parts.signingKey)
  const keys = [signing]
  for (const pem of (parts.publicKeys ?? []).flatMap(pemKeys)) {
    const key = verificationKey(keyOf(pem, createPublicKey))
    if (!keys.some((k) => k.id === key.id)) keys.push(key)
  }
  const longest = parts.expirationSecondsMax ?? Number.MAX_SAFE_INTEGER
  return {
    issuer,
    issuers,
    audiences: apiAudiences,
    keys,
    async issue(wanted) {
      const now = Math.floor(clock.now() / 1000)
      const audiences = wanted.audiences.length === 0 ? apiAudiences : wanted.audiences
      const forApi = audiences.every((a) => apiAudiences.includes(a))
      const asked = Math.min(wanted.expirationSeconds, longest)
      const extend =
        parts.extendExpiration !== false && forApi && wanted.pod !== undefined && wanted.expirationSeconds === EXTENDED_ASKED_SECONDS
      const { namespace, name, uid } = wanted.serviceAccount
      const token = await new SignJWT({
        aud: [...audiences],
        exp: now + (extend ? Math.min(EXTENDED_SECONDS, longest) : asked),
        iat: now,
        iss: issuer,
        jti: uuid(random),
        'kubernetes.io': {
          namespace,
          ...(wanted.node && { node: { name: wanted.node.name, uid: wanted.node.uid } }),
          ...(wanted.pod && { pod: { name: wanted.pod.name, uid: wanted.pod.uid } }),
          ...(wanted.secret && { secret: { name: wanted.secret.name, uid: wanted.secret.uid } }),
          serviceaccount: { name, uid },
          ...(extend && { warnafter: now + asked }),
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      })
        .setProtectedHeader({ alg: signing.algorithm, kid: signing.id })
        .sign(privateKey)
      return { token, audiences, expirationTimestamp: timestamp((now + asked) * 1000) }
    },
    async jwks() {
      return {
        keys: await Promise.all(keys.map(async (k) => ({ use: 'sig', ...(await exportJWK(k.key)), kid: k.id, alg: k.algorithm }))),
      }
    },
    discovery: () => ({
      issuer,
      jwks_uri: parts.jwksUri ?? `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(keys.map((k) => k.algorithm))].toSorted(),
    }),
  }
}

// The lifetime that projected volumes ask for by default. Clients too old to read the file again after that get a year, and
// the server notes from `warnafter` on that they are late.
const EXTENDED_ASKED_SECONDS = 3607
const EXTENDED_SECONDS = 365 * 24 * 3600

/** A private key in PEM, and how its signatures are named and verified. Throws `UnusableKey`. */
export function signingKeyOf(pem: string): VerificationKey & { readonly verification: VerificationKey } {
  const verification = verificationKey(keyOf(pem, createPublicKey))
  return { ...verification, key: keyOf(pem, createPrivateKey), verification }
}

/** A text that was to hold a key holds none that can be used. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey'
}

function keyOf(pem: string, read: (pem: string) => KeyObject): KeyObject {
  try {
    return read(pem)
  } catch (error) {
    throw new UnusableKey(`data does not contain a valid RSA or ECDSA key: ${(error as Error).message}`, { cause: error })
  }
}

/** Each key of a file; other blocks, such as an EC key's parameters, are passed over. */
function pemKeys(text: string): readonly string[] {
  const keys = text.match(/-----BEGIN (?:[A-Z]+ )*(?:PUBLIC KEY|PRIVATE KEY|CERTIFICATE)-----[^-]+-----END [A-Z ]+-----/g)
  if (keys === null) throw new UnusableKey('data does not contain any valid RSA or ECDSA public keys')
  return keys
}

const CURVES: Readonly<Record<string, VerificationKey['algorithm']>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

function verificationKey(key: KeyObject): VerificationKey {
  const id = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'RS256' : CURVES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (algorithm === undefined) throw new UnusableKey(`unknown public key type ${key.asymmetricKeyType}, must be RSA or ECDSA`)
  return { id, key, algorithm }
}
