/** The rules of API services: names that tell group and version, priorities in range, and how a server is trusted. */

import type { APIService } from './api-service.ts'
import { invalid, invalidEach, notSupported, quoted, required, type FieldError } from '#schema/field-error.ts'
import { dns1035Label, dns1123Subdomain, pathSegment, portNumber } from '#schema/names.ts'

const GROUP_PRIORITY_MAX = 20_000
const VERSION_PRIORITY_MAX = 1000
const STATUSES = ['True', 'False', 'Unknown']

export function apiServiceErrors({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle, insecureSkipTLSVerify } = spec ?? {}
  const errors: FieldError[] = []
  if (metadata?.generateName) errors.push(...nameErrors(metadata.generateName, `${version}.${group}`, 'metadata.generateName'))
  if (metadata?.name) errors.push(...nameErrors(metadata.name, `${version}.${group}`, 'metadata.name'))
  if (group === '' && version !== 'v1') errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  if (group !== '') errors.push(...invalidEach('spec.group', group, dns1123Subdomain(group)))
  errors.push(...invalidEach('spec.version', version, dns1035Label(version)))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    errors.push(invalid('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${GROUP_PRIORITY_MAX}`))
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    errors.push(invalid('spec.versionPriority', versionPriority, `must be positive and less than ${VERSION_PRIORITY_MAX}`))
  if (!service) {
    if (caBundle) {
      const bytes = Buffer.byteLength(caBundle, 'base64')
      errors.push(invalid('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle'))
    }
    if (insecureSkipTLSVerify)
      errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'))
    return errors
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'))
  if (!service.name) errors.push(required('spec.service.name'))
  const port = service.port ?? 0
  const problems = portNumber(port)
  if (problems.length > 0) errors.push(invalid('spec.service.port', port, `port is not valid: ${problems.join(', ')}`))
  if (insecureSkipTLSVerify && caBundle) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
  return errors
}

function nameErrors(name: string, wanted: string, path: string): FieldError[] {
  const problems = pathSegment(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  return name === wanted ? [] : [invalid(path, name, `must be \`spec.version+"."+spec.group\`: ${quoted(wanted)}`)]
}

export function apiServiceStatusErrors(
  { status }: APIService,
  _old: APIService,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  if (subresource !== 'status') return []
  return (status?.conditions ?? []).flatMap((condition, index) =>
    STATUSES.includes(condition.status) ? [] : [notSupported(`status.conditions[${index}].status`, condition.status, STATUSES)],
  )
}
