/** Client certificates: the common name is the user, the organizations are the groups, an attribute of Kubernetes' own is the uid. */

import { X509Certificate } from 'node:crypto'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Authenticator } from './authenticator.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USE = '2.5.29.37.0'
const USER_ID = '1.3.6.1.4.1.57683.2'

export interface VerifiedCertificate {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Of the attribute 1.3.6.1.4.1.57683.2 of the subject. */
  readonly uid?: string
  readonly fingerprint: string
}

export type Verdict = { readonly ok: true; readonly certificate: VerifiedCertificate } | { readonly ok: false; readonly why: string }

/**
 * Verifies client certificates against authorities (PEM), asked for anew each time so that they may be renewed. Certificates must be
 * signed by an authority directly: chains over intermediate ones are not followed. A connection's certificate is looked into once.
 */
export function clientCertificateVerifier(parts: { readonly authorities: () => readonly string[]; readonly clock: Pick<Clock, 'now'> }) {
  const looked = new WeakMap<Uint8Array, Looked>()
  const parsed = new Map<string, X509Certificate>()
  const authority = (pem: string) => {
    let found = parsed.get(pem)
    if (found === undefined) parsed.set(pem, (found = new X509Certificate(pem)))
    return found
  }
  return (der: Uint8Array): Verdict => {
    const authorities = parts.authorities()
    let found = looked.get(der)
    if (found === undefined || !authorities.includes(found.issuedBy ?? '')) looked.set(der, (found = lookInto(der, authorities, authority)))
    if (found.verdict.ok) {
      const now = parts.clock.now()
      if (now < found.notBefore || now > found.notAfter) return { ok: false, why: 'x509: certificate has expired or is not yet valid' }
    }
    return found.verdict
  }
}

interface Looked {
  readonly verdict: Verdict
  readonly issuedBy?: string
  readonly notBefore: number
  readonly notAfter: number
}

function lookInto(der: Uint8Array, authorities: readonly string[], parse: (pem: string) => X509Certificate): Looked {
  const refused = (why: string): Looked => ({ verdict: { ok: false, why }, notBefore: 0, notAfter: 0 })
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(der)
  } catch (error) {
    return refused(`x509: malformed certificate: ${(error as Error).message}`)
  }
  const issuedBy = authorities.find((pem) => certificate.checkIssued(parse(pem)) && certificate.verify(parse(pem).publicKey))
  if (issuedBy === undefined) return refused('x509: certificate signed by unknown authority')
  const uses = certificate.keyUsage as readonly string[] | undefined
  if (uses !== undefined && !uses.includes(CLIENT_AUTH) && !uses.includes(ANY_USE))
    return refused('x509: certificate specifies an incompatible key usage')
  const subject = certificate.toLegacyObject().subject as unknown as Readonly<Record<string, string | readonly string[] | undefined>>
  const uids = listOf(subject[USER_ID])
  if (uids.length > 1) return refused(`expected 1 UID, but found multiple: ${JSON.stringify(uids)}`)
  if (uids[0] === '') return refused('uid cannot be an empty string')
  return {
    issuedBy,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    verdict: {
      ok: true,
      certificate: {
        commonName: listOf(subject['CN']).at(-1) ?? '',
        organizations: listOf(subject['O']),
        ...(uids[0] !== undefined && { uid: uids[0] }),
        fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      },
    },
  }
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

export function clientCertificates(parts: Parameters<typeof clientCertificateVerifier>[0]): Authenticator {
  const verify = clientCertificateVerifier(parts)
  return {
    authenticate({ peer }) {
      if (peer.type !== 'network' || peer.certificate === undefined) return { type: 'none' }
      const verdict = verify(peer.certificate)
      if (!verdict.ok) return { type: 'refused', why: verdict.why }
      const { commonName, organizations, uid, fingerprint } = verdict.certificate
      if (commonName === '') return { type: 'none' }
      const user: UserInfo = {
        username: commonName,
        ...(uid !== undefined && { uid }),
        groups: organizations,
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
      }
      return { type: 'user', user }
    },
  }
}
