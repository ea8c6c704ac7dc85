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
  readonly algorithm: 'RS256' | 'ES256'
}

export interface TokenIssuer {
  readonly issuer: string
  /** The audiences of the API server itself; tokens for others do not authenticate here. */
  readonly audiences: readonly string[]
  readonly keys: readonly VerificationKey[]
  issue(wanted: TokenToIssue): Promise<IssuedToken>
  /** The document of `/openid/v1/jwks`. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
  /** The document of `/.well-known/openid-configuration`. */
  discovery(jwksUri: string): object
}

/**
 * Opens an issuer. `signingKey` and `publicKeys` are PEM; tokens of every listed public key (and the signing key's own) are
 * accepted, so that keys can be rotated.
 */
export function openTokenIssuer(parts: {
  readonly signingKey: string
  readonly publicKeys?: readonly string[]
  readonly issuer?: string
  readonly audiences?: readonly string[]
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
}): TokenIssuer {
  const { clock, random } = parts
  const issuer = parts.issuer ?? DEFAULT_ISSUER
  const apiAudiences = parts.audiences ?? [issuer]
  const privateKey = createPrivateKey(parts.signingKey)
  const signing = verificationKey(createPublicKey(parts.signingKey))
  const keys = [signing]
  for (const pem of parts.publicKeys ?? []) {
    const key = verificationKey(createPublicKey(pem))
    if (!keys.some((k) => k.id === key.id)) keys.push(key)
  }
  return {
    issuer,
    audiences: apiAudiences,
    keys,
    async issue(wanted) {
      const now = Math.floor(clock.now() / 1000)
      const audiences = wanted.audiences.length === 0 ? apiAudiences : wanted.audiences
      const forApi = audiences.every((a) => apiAudiences.includes(a))
      const extend = forApi && wanted.pod !== undefined && wanted.expirationSeconds === EXTENDED_ASKED_SECONDS
      const { namespace, name, uid } = wanted.serviceAccount
      const token = await new SignJWT({
        aud: [...audiences],
        exp: now + (extend ? EXTENDED_SECONDS : wanted.expirationSeconds),
        iat: now,
        iss: issuer,
        jti: uuid(random),
        'kubernetes.io': {
          namespace,
          ...(wanted.node && { node: { name: wanted.node.name, uid: wanted.node.uid } }),
          ...(wanted.pod && { pod: { name: wanted.pod.name, uid: wanted.pod.uid } }),
          ...(wanted.secret && { secret: { name: wanted.secret.name, uid: wanted.secret.uid } }),
          serviceaccount: { name, uid },
          ...(extend && { warnafter: now + wanted.expirationSeconds }),
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      })
        .setProtectedHeader({ alg: signing.algorithm, kid: signing.id })
        .sign(privateKey)
      return { token, audiences, expirationTimestamp: timestamp((now + wanted.expirationSeconds) * 1000) }
    },
    async jwks() {
      return {
        keys: await Promise.all(keys.map(async (k) => ({ use: 'sig', ...(await exportJWK(k.key)), kid: k.id, alg: k.algorithm }))),
      }
    },
    discovery: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
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

function verificationKey(key: KeyObject): VerificationKey {
  const id = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, key, algorithm: key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256' }
}
