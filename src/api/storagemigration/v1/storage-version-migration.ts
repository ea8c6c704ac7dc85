/** Declares StorageVersionMigration (storagemigration/v1). */

import { migrationErrors, migrationUpdateErrors } from './storage-version-migration-rules.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { GroupResource } from '#api/meta/v1/group-resource.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class StorageVersionMigrationSpec extends message(
  'k8s.io.api.storagemigration.v1.StorageVersionMigrationSpec',
  {
    resource: req(1, GroupResource, {
      doc: 'Whose stored objects are written anew; cannot be changed.',
      checkedAbove: true,
      mayBeEmpty: true,
    }),
  },
  { doc: 'What is migrated.' },
) {}

export class StorageVersionMigrationStatus extends message(
  'k8s.io.api.storagemigration.v1.StorageVersionMigrationStatus',
  {
    conditions: opt(1, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'Running, Succeeded or Failed.',
    }),
    resourceVersion: opt(2, string, { doc: 'Objects older than this are those to write.' }),
  },
  { doc: 'How far it has come.' },
) {}

export class StorageVersionMigration extends object(
  'k8s.io.api.storagemigration.v1.StorageVersionMigration',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, StorageVersionMigrationSpec, { doc: 'What is migrated.' }),
    status: val(3, StorageVersionMigrationStatus, { doc: 'How far it has come.' }),
  },
  { doc: 'Writes all stored objects of a resource anew, in the version that is stored now.' },
) {}

export const storageVersionMigrations = resource(StorageVersionMigration, {
  group: 'storagemigration.k8s.io',
  version: 'v1',
  kind: 'StorageVersionMigration',
  plural: 'storageversionmigrations',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', description: 'Name of the migration.', cell: (m) => m.metadata.name },
    { name: 'Resource', type: 'string', description: 'What is migrated.', cell: resourceText },
  ],
})

function resourceText({ spec }: StorageVersionMigration): string {
  const { group = '', resource: plural = '' } = spec?.resource ?? {}
  return group === '' ? plural : `${plural}.${group}`
}

rulesFor(StorageVersionMigration, { check: migrationErrors, checkUpdate: migrationUpdateErrors })
