/** Deletes certificate requests that are done with, forgotten, or whose certificate has run out. */

import { X509Certificate } from 'node:crypto'
import { certificateSigningRequests, type CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { sleep, type Instant } from '#base/clock.ts'
import { remove } from '../controller.ts'
import { perform } from '../perform.ts'
import type { RunnerParts } from '../runner.ts'
import { standingOf } from './request.ts'

const HOUR_MS = 3_600_000
const CHECK_EVERY_MS = HOUR_MS

export function prepareCleaner(parts: RunnerParts): (signal: AbortSignal) => Promise<void> {
  const { client, clock, informers } = parts
  const log = parts.log.with({ controller: 'certificatesigningrequest-cleaner' })
  const requests = informers.for(certificateSigningRequests)
  return async (signal) => {
    await informers.synced(signal)
    while (!signal.aborted) {
      for (const csr of requests.list()) {
        if (!isDone(csr, clock.now())) continue
        try {
          await perform(client, remove(certificateSigningRequests, csr))
        } catch (error) {
          log.warn('request not deleted, will retry', { request: csr.metadata.name, error: (error as Error).message })
        }
      }
      await sleep(clock, CHECK_EVERY_MS, signal).catch(() => {})
    }
  }
}

// Long enough to be looked at, or collected by who asked; upstream's periods
const KEPT_MS = { approved: HOUR_MS, issued: HOUR_MS, denied: HOUR_MS, failed: HOUR_MS, pending: 24 * HOUR_MS } as const

export function isDone(csr: CertificateSigningRequest, now: Instant): boolean {
  const standing = standingOf(csr)
  const decided = csr.status.conditions?.find((c) => c.type === { approved: 'Approved', issued: 'Approved', denied: 'Denied', failed: 'Failed', pending: '' }[standing])
  const since = Date.parse(decided?.lastUpdateTime ?? csr.metadata.creationTimestamp)
  if (standing === 'issued' && hasRunOut(csr.status.certificate!, now)) return true
  // An approved request without a certificate waits for its signer, as long as one that is pending
  return now - since > (standing === 'approved' ? KEPT_MS.pending : KEPT_MS[standing])
}

function hasRunOut(certificate: string, now: Instant): boolean {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo) < now
  } catch {
    return false
  }
}
