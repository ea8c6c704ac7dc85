/** The rules of requests for certificates of pods: what may be asked, and what a signer may answer. */

import { certificateOf, pemBlocks } from './pem.ts'
import type { PodCertificateRequest, PodCertificateRequestSpec, PodCertificateRequestStatus } from './pod-certificate-request.ts'
import { signerNameErrors } from './signer-name.ts'
import { readStubRequest } from './stub-request.ts'
import { conditionsErrors } from '#api/meta/v1/condition-rules.ts'
import { IMMUTABLE, OMITTED, invalid, invalidEach, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { formatDuration } from '#schema/duration.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Subdomain } from '#schema/names.ts'
import type { KeyObject } from 'node:crypto'

const UID_BYTES_MAX = 128
const SECONDS_MIN = 3600
const SECONDS_MAX = 7_862_400 // 91 days
const KUBERNETES_SECONDS_MAX = 86_400
const REQUEST_BYTES_MAX = 10 * 1024
const CHAIN_BYTES_MAX = 100 * 1024
const ANNOTATIONS_BYTES_MAX = 256 * 1024
const MINUTE_MS = 60_000
const MARGIN_MS = 10 * MINUTE_MS
const SKEW_MS = 5 * MINUTE_MS
const OUTCOMES = ['Issued', 'Denied', 'Failed']
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const MODULI = new Set([3072, 4096])

/** What a new request must be. Nothing of it can change, so an update is not held to it again. */
export function podRequestErrors(spec: PodCertificateRequestSpec): FieldError[] {
  const at = (member: string) => `spec.${member}`
  const { signerName = '', unverifiedUserAnnotations, maxExpirationSeconds } = spec
  const errors = signerNameErrors(signerName, at('signerName'))
  if (unverifiedUserAnnotations) errors.push(...wishErrors(unverifiedUserAnnotations, at('unverifiedUserAnnotations')))
  for (const who of ['pod', 'serviceAccount', 'node'] as const) {
    const [name, uid] = [spec[`${who}Name`] ?? '', spec[`${who}UID`] ?? '']
    errors.push(...invalidEach(at(`${who}Name`), name, dns1123Subdomain(name)))
    if (uid === '') errors.push(invalid(at(`${who}UID`), uid, 'must not be empty'))
    if (Buffer.byteLength(uid) > UID_BYTES_MAX) errors.push(tooLong(at(`${who}UID`), UID_BYTES_MAX))
  }
  if (maxExpirationSeconds === undefined) return [...errors, required(at('maxExpirationSeconds'), 'must be set')]
  const isOurs = signerName.startsWith('kubernetes.io/') || signerName.split('/')[0]!.endsWith('.kubernetes.io')
  const most = isOurs ? KUBERNETES_SECONDS_MAX : SECONDS_MAX
  if (maxExpirationSeconds < SECONDS_MIN || maxExpirationSeconds > most)
    errors.push(invalid(at('maxExpirationSeconds'), maxExpirationSeconds, `must be in the range [${SECONDS_MIN}, ${most}]`))
  return [...errors, ...stubErrors(spec.stubPKCS10Request ?? '', at('stubPKCS10Request'))]
}

export function wishErrors(wishes: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(wishes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
    const parts = key.toLowerCase().split('/')
    if (parts.length !== 2 || parts[0] === '' || parts[1] === '')
      errors.push(invalid(path, key.toLowerCase(), 'must be a domain-prefixed path (such as "acme.io/foo")'))
    else errors.push(...invalidEach(path, parts[0], dns1123Subdomain(parts[0]!)))
  }
  return bytes > ANNOTATIONS_BYTES_MAX ? [...errors, tooLong(path, ANNOTATIONS_BYTES_MAX)] : errors
}

function stubErrors(request: string, path: string): FieldError[] {
  const bytes = Buffer.from(request, 'base64')
  if (bytes.length > REQUEST_BYTES_MAX) return [tooLong(path, REQUEST_BYTES_MAX)]
  const read = readStubRequest(bytes)
  if (read === undefined) return [invalid(path, OMITTED, 'must be a valid PKCS#10 CSR')]
  if (!read.isSigned) return [invalid(path, OMITTED, 'could not verify the signature of the PKCS#10 CSR')]
  return keyErrors(read.key, path)
}

function keyErrors({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, path: string): FieldError[] {
  switch (asymmetricKeyType) {
    case 'ed25519':
      return []
    case 'ec':
      return CURVES.has(asymmetricKeyDetails?.namedCurve ?? '')
        ? []
        : [invalid(path, `curve ${asymmetricKeyDetails?.namedCurve}`, 'elliptic public keys must use curve P256, P384, or P521')]
    case 'rsa':
      return MODULI.has(asymmetricKeyDetails?.modulusLength ?? 0)
        ? []
        : [invalid(path, `${asymmetricKeyDetails?.modulusLength}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096')]
    default:
      return [invalid(path, OMITTED, 'unknown public key type; supported types are Ed25519, ECDSA, and RSA')]
  }
}

export function podRequestUpdateErrors(
  request: PodCertificateRequest,
  old: PodCertificateRequest,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  if (subresource !== 'status') return sameJson(request.spec, old.spec) ? [] : [invalid('spec', request.spec, IMMUTABLE)]
  return statusErrors(request.status, old)
}

/** At most one outcome, which is final, and only with it may the rest of the status be said. */
function statusErrors(status: PodCertificateRequestStatus, old: PodCertificateRequest): FieldError[] {
  const conditions = status.conditions ?? []
  const errors: FieldError[] = []
  let known = 0
  for (const [index, { type, status: holds }] of conditions.entries()) {
    const at = `status.conditions.[${index}]`
    if (!OUTCOMES.includes(type)) {
      errors.push(notSupported(`${at}.type`, type, OUTCOMES))
      continue
    }
    known += 1
    if (known > 1) errors.push(invalid(`${at}.type`, type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"'))
    if (holds !== 'True') errors.push(notSupported(`${at}.status`, holds, ['True']))
  }
  errors.push(...conditionsErrors(conditions, 'status.conditions'))
  if (errors.length > 0) return errors
  const whole = (problem: string) => [invalid('status', OMITTED, problem)]
  const same = sameJson(status, old.status)
  if (outcomeOf(old.status) !== undefined) return same ? [] : whole('immutable after PodCertificateRequest is issued, denied, or failed')
  const outcome = outcomeOf(status)
  if (outcome === undefined) return same ? [] : whole('status is immutable unless transitioning to "Issued", "Denied", or "Failed"')
  if (outcome === 'Issued') return chainErrors(status, old.spec)
  const { conditions: _, ...rest } = status
  return Object.keys(rest).length === 0
    ? []
    : whole('non-condition status fields must be empty when denying or failing the PodCertificateRequest')
}

function outcomeOf({ conditions = [] }: PodCertificateRequestStatus): string | undefined {
  return conditions.find((c) => OUTCOMES.includes(c.type) && c.status === 'True')?.type
}

/** The first complaint about a chain, as the rest makes no sense then. */
function chainErrors(status: PodCertificateRequestStatus, spec: PodCertificateRequestSpec): FieldError[] {
  const { certificateChain = '', notBefore, notAfter, beginRefreshAt } = status
  const path = 'status.certificateChain'
  const blame = (problem: string, value: unknown = certificateChain) => [invalid(path, value, problem)]
  if (Buffer.byteLength(certificateChain) > CHAIN_BYTES_MAX) return [tooLong(path, CHAIN_BYTES_MAX)]
  const [first, ...others] = pemBlocks(certificateChain)
  if (first === undefined) return blame('issued certificate chain must contain at least one certificate')
  if (first.type !== 'CERTIFICATE') return blame('issued certificate chain must consist entirely of CERTIFICATE PEM blocks')
  const leaf = certificateOf(first.bytes)
  if (leaf === undefined) return blame('leaf certificate does not parse as valid X.509')
  const wanted = readStubRequest(Buffer.from(spec.stubPKCS10Request, 'base64'))
  if (wanted === undefined || !leaf.publicKey.equals(wanted.key))
    return blame('leaf certificate was not issued to the requested public key')

  const consistent = 'must be present and consistent with the issued certificate'
  const missing = [
    ...(notBefore ? [] : [required('status.notBefore', consistent)]),
    ...(notAfter ? [] : [required('status.notAfter', consistent)]),
    ...(beginRefreshAt ? [] : [required('status.beginRefreshAt', 'must be present and in the range [notbefore+10min, notafter-10min]')]),
  ]
  if (!notBefore || !notAfter || !beginRefreshAt) return missing
  const [from, to, refresh] = [notBefore, notAfter, beginRefreshAt].map((time) => Date.parse(time)) as [number, number, number]
  if (from !== leaf.validFromDate.getTime())
    return [invalid('status.notBefore', notBefore, 'must be set to the NotBefore time encoded in the leaf certificate')]
  if (to !== leaf.validToDate.getTime())
    return [invalid('status.notAfter', notAfter, 'must be set to the NotAfter time encoded in the leaf certificate')]
  const lifetime = to - from
  const shown = formatDuration(BigInt(lifetime) * 1_000_000n)
  if (lifetime < SECONDS_MIN * 1000) return blame('leaf certificate lifetime must be >= 1 hour', shown)
  const most = spec.maxExpirationSeconds ?? 0
  if (lifetime > most * 1000) return blame(`leaf certificate lifetime must be <= spec.maxExpirationSeconds (${most})`, shown)
  if (refresh < from + MARGIN_MS)
    return [invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes after status.notBefore')]
  if (refresh > to - MARGIN_MS)
    return [invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes before status.notAfter')]
  for (const { type, bytes } of others) {
    if (type !== 'CERTIFICATE') return blame('issued certificate chain must consist entirely of CERTFICATE PEM blocks')
    if (certificateOf(bytes) === undefined) return blame('intermediate certificate does not parse as valid X.509')
  }
  return []
}

/** Whether a chain that is now issued starts within minutes of the server's own clock. */
export function issueTimeErrors(status: PodCertificateRequestStatus, old: PodCertificateRequestStatus, now: number): FieldError[] {
  const isNew = outcomeOf(status) === 'Issued' && outcomeOf(old) === undefined
  if (!isNew || !status.notBefore || Math.abs(Date.parse(status.notBefore) - now) < SKEW_MS) return []
  return [invalid('status.notBefore', status.notBefore, "must be set to within 5 minutes of kube-apiserver's current time")]
}
