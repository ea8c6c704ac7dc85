/** Why a webhook could not be reached, in the words of Go's network and TLS libraries, which people search for. */

import type { X509Certificate } from 'node:crypto'
import type { WebhookFailure } from './webhook-client.ts'
import { timestamp } from '#base/clock.ts'
import { NotThisHost } from './server-identity.ts'

interface Dialed {
  readonly host: string
  readonly port: number
  /** The name its certificate had to carry. */
  readonly name: string
  readonly now: number
  /** What the server showed, if it came to that. */
  readonly certificate: X509Certificate | undefined
}

const OUT_OF_TIME = 'certificate has expired or is not yet valid'

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

export function connectionErrorText(
  error: NodeJS.ErrnoException,
  { host, port, name, now, certificate: shown }: Dialed,
): { readonly failure: WebhookFailure; readonly text: string } {
  const dial = `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}`
  const unreachable = (text: string) => ({ failure: 'unreachable', text }) as const
  const certificate = (text: string) => ({ failure: 'certificate', text: `tls: failed to verify certificate: x509: ${text}` }) as const
  if (error instanceof NotThisHost) return certificate(error.message)
  const code = error.code ?? ''
  if (UNKNOWN_AUTHORITY.has(code)) return certificate('certificate signed by unknown authority')
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return certificate(`${OUT_OF_TIME}: current time ${timestamp(now)} is after ${timeOf(shown?.validTo)}`)
    case 'CERT_NOT_YET_VALID':
      return certificate(`${OUT_OF_TIME}: current time ${timestamp(now)} is before ${timeOf(shown?.validFrom)}`)
    case 'INVALID_PURPOSE':
      return certificate('certificate specifies an incompatible key usage')
    case 'ECONNREFUSED':
      return unreachable(`${dial}: connect: connection refused`)
    case 'EHOSTUNREACH':
      return unreachable(`${dial}: connect: no route to host`)
    case 'ENETUNREACH':
      return unreachable(`${dial}: connect: network is unreachable`)
    case 'ETIMEDOUT':
      return unreachable(`${dial}: i/o timeout`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(`dial tcp: lookup ${name}: no such host`)
    case 'ECONNRESET':
      return unreachable('EOF')
  }
  const text = error.message
  if (text.includes('wrong version number') || text.includes('packet length too long'))
    return unreachable('http: server gave HTTP response to HTTPS client')
  const alert = /alert ([a-z ]+)/.exec((error as { readonly reason?: string }).reason ?? text)
  return unreachable(alert ? `remote error: tls: ${alert[1]}` : text)
}

function timeOf(date: string | undefined): string {
  return date === undefined ? 'an unknown time' : timestamp(Date.parse(date))
}
