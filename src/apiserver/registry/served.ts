/** What is served, group by group. */

import { servedApps } from './served/apps.ts'
import { servedBatch } from './served/batch.ts'
import { servedCertificates } from './served/certificates.ts'
import { servedCoordination } from './served/coordination.ts'
import { servedCore } from './served/core.ts'
import { servedExtensions } from './served/extensions.ts'
import { servedNetworking } from './served/networking.ts'
import { servedPolicies } from './served/policies.ts'
import type { Served } from './served/serve.ts'
import { servedStorage } from './served/storage.ts'
import type { Strategy } from './strategy.ts'

/** Everything stored that this build serves. */
export function servedResources(serviceStrategy: Strategy<never>): readonly Served[] {
  return [
    ...servedCore(serviceStrategy),
    ...servedApps,
    ...servedBatch,
    ...servedNetworking,
    ...servedStorage,
    ...servedPolicies,
    ...servedCoordination,
    ...servedCertificates,
    ...servedExtensions,
  ]
}
