/** The rules of projected volumes: several sources in one directory, whose files must not meet. */

import { localPathErrors } from './path-rules.ts'
import { downwardErrors, itemErrors, modeErrors } from './volume-file-rules.ts'
import type {
  ClusterTrustBundleProjection,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
} from './volume.ts'
import { wishErrors } from '#api/certificates/v1/pod-certificate-request-rules.ts'
import { signerNameErrors } from '#api/certificates/v1/signer-name.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { subdomainName } from '#schema/resource.ts'
import { selectorErrors } from '#schema/selector.ts'

const TOKEN_SECONDS_MIN = 600
const TOKEN_SECONDS_MAX = 2 ** 32
const CERTIFICATE_SECONDS_MIN = 3600
const CERTIFICATE_SECONDS_MAX = 91 * 86_400
const KUBERNETES_SECONDS_MAX = 86_400
const KEY_TYPES = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519']
const CERTIFICATE_PATHS = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const

export function projectedErrors(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = modeErrors(projected.defaultMode, `${path}.defaultMode`)
  const files = new Set<string>()
  /** `blamed` is what the complaint shows: the source's name, or the file's. */
  const claim = (file: string | undefined, blamed: string | undefined) => {
    if (file === undefined) return
    if (files.has(file)) errors.push(invalid(path, blamed ?? '', 'conflicting duplicate paths'))
    files.add(file)
  }
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`
    for (const kind of ['secret', 'configMap'] as const) {
      const part = source[kind]
      if (part === undefined) continue
      if (!part.name) errors.push(required(`${at}.${kind}.name`))
      errors.push(...itemErrors(part.items ?? [], `${at}.${kind}.items`))
      for (const item of part.items ?? []) claim(item.path || undefined, part.name)
    }
    if (source.downwardAPI) {
      errors.push(...downwardErrors(source.downwardAPI.items ?? [], `${at}.downwardAPI`))
      for (const { path: file } of source.downwardAPI.items ?? []) claim(file || undefined, file)
    }
    if (source.serviceAccountToken) errors.push(...tokenErrors(source.serviceAccountToken, `${at}.serviceAccountToken`, path))
    if (source.clusterTrustBundle) {
      errors.push(...bundleErrors(source.clusterTrustBundle, `${at}.clusterTrustBundle`))
      claim(source.clusterTrustBundle.path ?? '', source.clusterTrustBundle.path)
    }
    if (source.podCertificate) {
      errors.push(...certificateErrors(source.podCertificate, `${at}.podCertificate`))
      for (const member of CERTIFICATE_PATHS) claim(source.podCertificate[member] || undefined, source.podCertificate[member])
    }
    if (Object.values(source).filter((part) => part !== undefined).length > 1)
      errors.push(forbidden(at, 'may not specify more than 1 volume type per source'))
  }
  return errors
}

/** The token's file is blamed under the volume. */
function tokenErrors({ expirationSeconds, path: file }: ServiceAccountTokenProjection, at: string, volume: string): FieldError[] {
  const errors: FieldError[] = []
  const where = `${at}.expirationSeconds`
  if (expirationSeconds === undefined) errors.push(required(where))
  else if (expirationSeconds < TOKEN_SECONDS_MIN)
    errors.push(invalid(where, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  else if (expirationSeconds > TOKEN_SECONDS_MAX)
    errors.push(invalid(where, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  return [...errors, ...(file ? localPathErrors(file, `${volume}.path`) : [required(`${volume}.path`)])]
}

function bundleErrors(bundle: ClusterTrustBundleProjection, at: string): FieldError[] {
  const { name, signerName, labelSelector, path: file } = bundle
  const errors: FieldError[] = []
  if (name !== undefined && signerName !== undefined) errors.push(invalid(at, bundle, 'only one of name and signerName may be used'))
  else if (name !== undefined) {
    if (name === '') errors.push(required(`${at}.name`, 'must be a valid object name'))
    for (const problem of bundleNameProblems(name))
      errors.push(invalid(`${at}.name`, name, `not a valid clustertrustbundlename: ${problem}`))
    if (labelSelector !== undefined)
      errors.push(invalid(`${at}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified'))
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(required(`${at}.signerName`, 'must be a valid signer name'))
    errors.push(...signerNameErrors(signerName, `${at}.signerName`), ...selectorErrors(labelSelector, `${at}.labelSelector`))
  } else errors.push(required(at, 'either name or signerName must be specified'))
  // An empty path is the declaration's to blame.
  return file ? [...errors, ...localPathErrors(file, `${at}.path`)] : errors
}

/** `example.com:signer:name` belongs to a signer; what has no colons belongs to nobody. */
function bundleNameProblems(name: string): string[] {
  const parts = name.split(':')
  if (parts.length === 3) return subdomainName(parts[2]!, false)
  return parts.length > 1 ? ['ClusterTrustBundle without signer name must not have ":" in its name'] : subdomainName(name, false)
}

function certificateErrors(certificate: PodCertificateProjection, at: string): FieldError[] {
  const { signerName = '', keyType = '', maxExpirationSeconds: seconds, userAnnotations } = certificate
  // Empty ones are the declaration's to blame.
  const errors = signerName === '' ? [] : signerNameErrors(signerName, `${at}.signerName`)
  if (userAnnotations) errors.push(...wishErrors(userAnnotations, `${at}.userAnnotations`))
  if (keyType !== '' && !KEY_TYPES.includes(keyType)) errors.push(notSupported(`${at}.keyType`, keyType, KEY_TYPES))
  const domain = signerName.split('/')[0]!
  const secondsMax = domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io') ? KUBERNETES_SECONDS_MAX : CERTIFICATE_SECONDS_MAX
  const where = `${at}.maxExpirationSeconds`
  if (seconds !== undefined && seconds < CERTIFICATE_SECONDS_MIN)
    errors.push(invalid(where, seconds, `if provided, maxExpirationSeconds must be >= ${CERTIFICATE_SECONDS_MIN}`))
  if (seconds !== undefined && seconds > secondsMax)
    errors.push(invalid(where, seconds, `if provided, maxExpirationSeconds must be <= ${secondsMax}`))
  const files = CERTIFICATE_PATHS.filter((member) => certificate[member])
  for (const member of files) errors.push(...localPathErrors(certificate[member]!, `${at}.${member}`))
  if (files.length === 0) errors.push(required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'))
  return errors
}
