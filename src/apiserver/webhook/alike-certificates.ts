/** Serving certificates whose subject and issuer read alike though another key signed them, as where the authority has no name at all. */

import { X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'

/** OpenSSL takes such certificates for signed by themselves and goes no further; Go, and so upstream, looks at who signed. */
export interface AlikeCertificates {
  /** Whether an authority in `ca` (PEM) signed `shown`. If so, `known(ca)` has it from now on. */
  admits(ca: string, shown: X509Certificate): boolean
  /** What TLS is told to trust beside `ca` itself (PEM); everything else of a certificate is still for TLS to check. */
  known(ca: string): readonly string[]
}

const AUTHORITIES_MAX = 100 // bundles are few; certificates are found again when they are needed again
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY_USE = '2.5.29.37.0'
const NAME_CONSTRAINTS = Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x1e) // its object id, encoded

export function openAlikeCertificates(clock: Pick<Clock, 'now'>): AlikeCertificates {
  const admitted = new Map<string, { readonly pem: string; readonly until: number }>()
  return {
    admits(ca, shown) {
      const now = clock.now()
      const signer = certificatesOf(ca).find((authority) => hasSigned(authority, shown, now))
      if (signer === undefined) return false
      if (admitted.size >= AUTHORITIES_MAX) admitted.clear()
      admitted.set(ca, { pem: shown.toString(), until: Date.parse(signer.validTo) })
      return true
    },
    known(ca) {
      const found = admitted.get(ca)
      return found !== undefined && clock.now() <= found.until ? [found.pem] : []
    },
  }
}

/** Constraints on names are not looked into here: an authority that has them signs nothing of this kind. */
function hasSigned(authority: X509Certificate, shown: X509Certificate, now: number): boolean {
  const uses = authority.keyUsage as readonly string[] | undefined
  return (
    authority.ca &&
    Date.parse(authority.validFrom) <= now &&
    now <= Date.parse(authority.validTo) &&
    (uses === undefined || uses.includes(SERVER_AUTH) || uses.includes(ANY_USE)) &&
    !authority.raw.includes(NAME_CONSTRAINTS) &&
    shown.checkIssued(authority) &&
    shown.verify(authority.publicKey)
  )
}

function certificatesOf(ca: string): readonly X509Certificate[] {
  const found: X509Certificate[] = []
  for (const [block] of ca.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)) {
    try {
      found.push(new X509Certificate(block))
    } catch {
      // what cannot be read has signed nothing
    }
  }
  return found
}
