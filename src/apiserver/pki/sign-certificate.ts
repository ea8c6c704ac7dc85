/** Signs certificate requests with the cluster's authority, as its permissive signing policy has it. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Instant } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { readCertificateRequest } from '#wire/x509/certificate-request.ts'
import { certificateParts, makeCertificate } from '#wire/x509/certificate.ts'
import { serialNumber, type KeyPair } from './pki.ts'

const BACKDATE_MS = 5 * 60 * 1000 // clocks of other machines may be behind

/**
 * Signs `csr` (PEM) and answers the certificate (PEM). The subject and names are the request's own and the usages the given ones, so
 * whether they are allowed must have been decided before. It never lives longer than the authority.
 */
export function signCertificate(
  csr: string,
  parts: {
    readonly ca: KeyPair
    readonly usages: readonly string[]
    readonly lifetimeMs: number
    readonly now: Instant
    readonly random: Random
  },
): string {
  const request = readCertificateRequest(csr)
  const authority = certificateParts(parts.ca.cert)
  return makeCertificate(
    {
      subject: request.encodedSubject,
      issuer: authority.subject,
      publicKey: request.publicKey,
      serial: serialNumber(parts.random),
      notBefore: parts.now - BACKDATE_MS,
      notAfter: Math.min(parts.now + parts.lifetimeMs, Date.parse(new X509Certificate(parts.ca.cert).validTo)),
      authority: false,
      usages: parts.usages,
      names: request.names,
      authorityKeyId: authority.keyId,
    },
    createPrivateKey(parts.ca.key),
  )
}
