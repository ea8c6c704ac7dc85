/** The rules of migrations: what to migrate is said once, and an end is an end. */

import type { StorageVersionMigration, StorageVersionMigrationStatus } from './storage-version-migration.ts'
import { conditionsErrors } from '#api/meta/v1/condition-rules.ts'
import { IMMUTABLE, invalid, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1035Label, dns1123Subdomain } from '#schema/names.ts'

const RESOURCE_VERSION = /^[1-9]\d*$/

export function migrationErrors({ spec }: StorageVersionMigration): FieldError[] {
  const { group = '', resource = '' } = spec?.resource ?? {}
  const at = 'spec.resource'
  if (resource === '')
    return [required(`${at}.resource`, 'resource is required to be set'), ...joined(`${at}.group`, group, dns1123Subdomain)]
  return [...joined(`${at}.resource`, resource, dns1035Label), ...joined(`${at}.group`, group, dns1123Subdomain)]
}

function joined(path: string, value: string, check: (text: string) => string[]): FieldError[] {
  const problems = value === '' ? [] : check(value)
  return problems.length === 0 ? [] : [invalid(path, value, problems.join(','))]
}

export function migrationUpdateErrors(
  migration: StorageVersionMigration,
  old: StorageVersionMigration,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  if (subresource === 'status') return statusErrors(migration.status ?? {}, old.status ?? {})
  return sameJson(migration.spec, old.spec) ? [] : [invalid('spec', migration.spec, IMMUTABLE)]
}

function statusErrors(status: StorageVersionMigrationStatus, old: StorageVersionMigrationStatus): FieldError[] {
  const { resourceVersion = '', conditions = [] } = status
  const errors: FieldError[] = []
  const at = 'status.resourceVersion'
  if (!RESOURCE_VERSION.test(resourceVersion) && resourceVersion !== '0' && resourceVersion !== '')
    errors.push(invalid(at, resourceVersion, `resource version is not well formed: ${resourceVersion}`))
  errors.push(...conditionsErrors(conditions, 'status.conditions'))
  if (old.resourceVersion && old.resourceVersion !== resourceVersion) errors.push(invalid(at, resourceVersion, IMMUTABLE))
  const [succeeded, failed, running] = ['Succeeded', 'Failed', 'Running'].map((type) => holds(status, type))
  const blame = (problem: string) => errors.push(invalid('status.conditions', conditions, problem))
  if (succeeded && failed) blame('Both success and failed conditions cannot be true at the same time')
  if (succeeded && running) blame('Running condition cannot be true when success condition is true')
  if (failed && running) blame('Running condition cannot be true when failed condition is true')
  if (holds(old, 'Succeeded') && !succeeded) blame('Success condition cannot be set to false once it is true')
  if (holds(old, 'Failed') && !failed) blame('Failed condition cannot be set to false once it is true')
  return errors
}

function holds({ conditions = [] }: StorageVersionMigrationStatus, type: string): boolean {
  return conditions.some((c) => c.type === type && c.status === 'True')
}
