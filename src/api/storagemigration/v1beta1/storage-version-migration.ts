/** Declares StorageVersionMigration in storagemigration/v1beta1, where it is as in v1. */

import { storageVersionMigrations as migrations } from '../v1/storage-version-migration.ts'
import { inVersion } from '#schema/in-version.ts'

export const storageVersionMigrations = inVersion('k8s.io.api.storagemigration.v1', 'v1beta1')(migrations)
