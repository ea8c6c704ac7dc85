/** The rules of certificate requests: a signed request for known usages, decisions that stay, and certificates that are some. */

import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
  CertificateSigningRequestStatus,
} from './certificate-signing-request.ts'
import { certificateOf, pemBlocks } from './pem.ts'
import { signerNameErrors } from './signer-name.ts'
import { readStubRequest } from './stub-request.ts'
import { duplicate, forbidden, invalid, notSupported, quoted, required, type FieldError } from '#schema/field-error.ts'

const SECONDS_MIN = 600

const USAGES: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

export function requestSpecErrors(
  { request = '', usages = [], signerName = '', expirationSeconds }: CertificateSigningRequestSpec,
  path: string,
): FieldError[] {
  const problem = requestProblem(request)
  const errors = problem === undefined ? [] : [invalid(`${path}.request`, request, problem)]
  if (usages.length === 0) errors.push(required(`${path}.usages`))
  for (const [i, usage] of usages.entries()) if (!USAGES.includes(usage)) errors.push(notSupported(`${path}.usages[${i}]`, usage, USAGES))
  for (const [i, usage] of usages.entries()) if (usages.indexOf(usage) < i) errors.push(duplicate(`${path}.usages[${i}]`, usage))
  if (signerName === 'kubernetes.io/legacy-unknown')
    errors.push(invalid(`${path}.signerName`, signerName, 'the legacy signerName is not allowed via this API version'))
  else errors.push(...signerNameErrors(signerName, `${path}.signerName`))
  if (expirationSeconds !== undefined && expirationSeconds < SECONDS_MIN)
    errors.push(
      invalid(`${path}.expirationSeconds`, expirationSeconds, `may not specify a duration less than ${SECONDS_MIN} seconds (10 minutes)`),
    )
  return errors
}

function requestProblem(request: string): string | undefined {
  const [block] = pemBlocks(Buffer.from(request, 'base64').toString('latin1'))
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  const read = readStubRequest(block.bytes)
  if (read === undefined) return 'asn1: structure error: malformed certificate request'
  return read.isSigned ? undefined : 'x509: verification of the signature failed'
}

const DECISIONS = ['Approved', 'Denied']
const ONLY_TRUE: ReadonlySet<string> = new Set([...DECISIONS, 'Failed'])

export function requestStatusErrors({ conditions = [] }: CertificateSigningRequestStatus, path: string): FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap(({ type, status }, i) => {
    const at = `${path}.conditions[${i}]`
    const allowed = ONLY_TRUE.has(type) ? ['True'] : ['False', 'True', 'Unknown']
    const errors = type === '' ? [required(`${at}.type`)] : []
    if (status === '') errors.push(required(`${at}.status`))
    else if (!allowed.includes(status)) errors.push(notSupported(`${at}.status`, status, allowed))
    if (DECISIONS.includes(type) && DECISIONS.some((other) => other !== type && seen.has(other)))
      errors.push(invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive'))
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type))
    seen.add(type)
    return errors
  })
}

/** Decisions come by the approval path and stay, as failures do; a certificate comes once, by the status path. */
export function requestUpdateErrors(
  now: CertificateSigningRequest,
  old: CertificateSigningRequest,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  for (const type of ONLY_TRUE)
    if (countOf(now, type) < countOf(old, type))
      errors.push(forbidden('status.conditions', `updates may not remove a condition of type ${quoted(type)}`))
  if (subresource !== 'approval')
    for (const type of DECISIONS)
      if (countOf(now, type) > countOf(old, type))
        errors.push(forbidden('status.conditions', `updates may not add a condition of type ${quoted(type)}`))
  const [certificate = '', before = ''] = [now.status?.certificate, old.status?.certificate]
  if (certificate === before) return errors
  if (subresource !== 'status') errors.push(forbidden('status.certificate', 'updates may not set certificate content'))
  else if (before !== '') errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'))
  const problem = certificateProblem(certificate)
  if (problem !== undefined) errors.push(invalid('status.certificate', '<certificate data>', problem))
  return errors
}

function countOf({ status }: CertificateSigningRequest, type: string): number {
  return (status?.conditions ?? []).filter((condition) => condition.type === type).length
}

function certificateProblem(certificate: string): string | undefined {
  if (certificate === '') return undefined
  const blocks = pemBlocks(Buffer.from(certificate, 'base64').toString('latin1'))
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${quoted(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (certificateOf(bytes) === undefined) return 'x509: malformed certificate'
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}
