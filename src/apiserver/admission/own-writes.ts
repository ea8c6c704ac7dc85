/** What plugins write as the server itself, past admission. */

import type { PluginParts } from './plugin-parts.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { resourceQuotas, type ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { Stored } from '#apiserver/registry/strategy.ts'
import { systemWrite } from '#apiserver/registry/system-write.ts'
import { statusFacet } from '#apiserver/registry/update.ts'
import { isReason } from '#client/client.ts'
import { withDefaults } from '#schema/defaults.ts'
import { groupResource } from '#schema/resource.ts'

type Parts = Pick<PluginParts, 'named' | 'clock' | 'random'>

/** Its resourceVersion goes with it, so that it is a conflict when another was faster. */
export function quotaStatusWriter(parts: Parts) {
  const facet = statusFacet()
  return async (quota: ResourceQuota): Promise<void> => {
    const { namespace = '', name } = quota.metadata
    const { registry } = parts.named(groupResource(resourceQuotas))
    await registry.update({ namespace, name }, facet, () => quota as unknown as Stored, systemWrite(parts))
  }
}

/** Makes a namespace; it is well when another makes it at the same moment. */
export function namespaceMaker(parts: Parts) {
  return async (name: string): Promise<void> => {
    const { registry } = parts.named(groupResource(namespaces))
    const draft = withDefaults(namespaces.type.schema, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }) as unknown as Stored
    try {
      await registry.create(draft, systemWrite(parts))
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
  }
}
