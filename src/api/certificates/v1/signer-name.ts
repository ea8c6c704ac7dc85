/** What names of signers must look like: a domain, a slash, and a path of labels. */

import { invalid, quoted, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, LABEL_LENGTH_MAX, SUBDOMAIN_LENGTH_MAX } from '#schema/names.ts'

/** A service account's name may be the path: its namespace, a dot, its name. */
const PATH_LENGTH_MAX = SUBDOMAIN_LENGTH_MAX + LABEL_LENGTH_MAX + 1
const SIGNER_LENGTH_MAX = SUBDOMAIN_LENGTH_MAX + PATH_LENGTH_MAX + 1

export function signerNameErrors(signerName: string, path: string): FieldError[] {
  if (signerName === '') return [required(path)]
  const [domain = '', rest, ...more] = signerName.split('/')
  if (rest === undefined || more.length > 0)
    return [invalid(path, signerName, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  const labels = domain.split('.')
  const errors = domain.length > SUBDOMAIN_LENGTH_MAX ? [tooLong(path, SUBDOMAIN_LENGTH_MAX)] : []
  errors.push(...firstBad(labels, dns1123Label, domain, path))
  if (labels.length < 2) errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'))
  errors.push(...firstBad(rest.split('.'), dns1123Subdomain, rest, path))
  if (signerName.length > SIGNER_LENGTH_MAX) errors.push(tooLong(path, SIGNER_LENGTH_MAX))
  return errors
}

/** Only the first label that is wrong is blamed, for all that is wrong with it. */
function firstBad(labels: readonly string[], check: (label: string) => string[], value: string, path: string): FieldError[] {
  for (const label of labels) {
    const problems = check(label)
    if (problems.length > 0) return problems.map((p) => invalid(path, value, `validating label ${quoted(label)}: ${p}`))
  }
  return []
}
