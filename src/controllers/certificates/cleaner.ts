/** Deletes certificate requests that are done with, forgotten, or whose certificate has run out. */

import { X509Certificate } from 'node:crypto'
import { certificateSigningRequests, type CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { sleep, type Instant } from '#base/clock.ts'
import { remove } from '../controller.ts'
import { perform } from '../perform.ts'
import type { RunnerParts } from '../runner.ts'

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
const DECIDED_KEPT_MS = HOUR_MS
const PENDING_KEPT_MS = 24 * HOUR_MS

/** Approved requests that wait for their signer, and those it refused, stay until someone looks at them. */
export function isDone(csr: CertificateSigningRequest, now: Instant): boolean {
  const { conditions = [], certificate } = csr.status
  if (conditions.length === 0) return now - Date.parse(csr.metadata.creationTimestamp) > PENDING_KEPT_MS
  const old = (type: string) =>
    conditions.some((c) => c.type === type && c.lastUpdateTime !== undefined && now - Date.parse(c.lastUpdateTime) > DECIDED_KEPT_MS)
  if (old('Denied')) return true
  if (!certificate || !conditions.some((c) => c.type === 'Approved')) return false
  return old('Approved') || hasRunOut(certificate, now)
}

function hasRunOut(certificate: string, now: Instant): boolean {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo) < now
  } catch {
    return false
  }
}
