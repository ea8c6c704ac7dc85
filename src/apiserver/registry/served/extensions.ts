/** What is served of the ways to extend the cluster, and of what keeps its storage and devices in order. */

import { deviceTaintRuleStatusFacet, deviceTaintRuleStrategy, migrationStatusFacet, migrationStrategy } from '../strategies/certificates.ts'
import { apiServiceStatusFacet, apiServiceStrategy, definitionStrategy } from '../strategies/extensions.ts'
import { serve, type Served } from './serve.ts'
import { customResourceDefinitions } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { apiServices } from '#api/apiregistration/v1/api-service.ts'
import { deviceTaintRules } from '#api/resource/v1/device-taint-rule.ts'
import { storageVersionMigrations } from '#api/storagemigration/v1/storage-version-migration.ts'

export const servedExtensions: readonly Served[] = [
  serve(customResourceDefinitions as never, definitionStrategy),
  serve(apiServices as never, apiServiceStrategy, { status: apiServiceStatusFacet }),
  serve(storageVersionMigrations as never, migrationStrategy, { status: migrationStatusFacet }),
  serve(deviceTaintRules as never, deviceTaintRuleStrategy, { status: deviceTaintRuleStatusFacet }),
]
