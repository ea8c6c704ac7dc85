/** The rules of trust bundles: names that tell whose they are, and trust anchors that are certificates of authorities. */

import type { ClusterTrustBundle } from './cluster-trust-bundle.ts'
import { certificateOf, pemBlocks } from './pem.ts'
import { signerNameErrors } from './signer-name.ts'
import { IMMUTABLE, invalid, invalidEach, tooLong, type FieldError } from '#schema/field-error.ts'
import { subdomainName } from '#schema/resource.ts'

const BUNDLE_BYTES_MAX = 1024 * 1024
const OMITTED_TEXT = '<value omitted>'

export function bundleErrors({ metadata, spec }: ClusterTrustBundle): FieldError[] {
  const { signerName = '' } = spec ?? {}
  const errors: FieldError[] = []
  if (metadata?.generateName) errors.push(...nameErrors(metadata.generateName, true, signerName))
  if (metadata?.name) errors.push(...nameErrors(metadata.name, false, signerName))
  if (signerName !== '') errors.push(...signerNameErrors(signerName, 'spec.signerName'))
  return errors
}

/** Anchors are read when they come, not again when something else of the bundle changes. */
export function bundleUpdateErrors({ spec }: ClusterTrustBundle, old: ClusterTrustBundle): FieldError[] {
  const [now, before] = [spec?.signerName ?? '', old.spec?.signerName ?? '']
  return [
    ...(spec?.trustBundle === old.spec?.trustBundle ? [] : anchorErrors(spec?.trustBundle ?? '')),
    ...(now === before ? [] : [invalid('spec.signerName', now, IMMUTABLE)]),
  ]
}

function nameErrors(name: string, prefix: boolean, signerName: string): FieldError[] {
  const path = prefix ? 'metadata.generateName' : 'metadata.name'
  if (signerName === '')
    return name.includes(':')
      ? [invalid(path, name, 'ClusterTrustBundle without signer name must not have ":" in its name')]
      : invalidEach(path, name, subdomainName(name, prefix))
  const start = `${signerName.replaceAll('/', ':')}:`
  if (!name.startsWith(start))
    return [invalid(path, name, `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${start}`)]
  return invalidEach(path, name, subdomainName(name.slice(start.length), prefix))
}

export function anchorErrors(text: string): FieldError[] {
  const path = 'spec.trustBundle'
  if (Buffer.byteLength(text) > BUNDLE_BYTES_MAX) return [tooLong(path, BUNDLE_BYTES_MAX)]
  const blame = (problem: string) => invalid(path, OMITTED_TEXT, problem)
  const seen = new Map<string, number[]>()
  const errors = pemBlocks(text).flatMap(({ type, hasHeaders, bytes }, index) => {
    if (type !== 'CERTIFICATE') return [blame(`entry ${index} has bad block type: ${type}`)]
    if (hasHeaders) return [blame(`entry ${index} has PEM block headers`)]
    const certificate = certificateOf(bytes)
    if (certificate === undefined) return [blame(`entry ${index} does not parse as X.509`)]
    if (!certificate.ca) return [blame(`entry ${index} does not have the CA bit set`)]
    const key = bytes.toString('base64')
    seen.set(key, [...(seen.get(key) ?? []), index])
    return []
  })
  if (errors.length > 0) return errors
  if (seen.size === 0) return [blame('at least one trust anchor must be provided')]
  return [...seen.values()]
    .filter((indices) => indices.length > 1)
    .map((indices) => blame(`duplicate trust anchor (indices [${indices.join(' ')}])`))
}
