/** Writes what a quota counts as the server itself, past admission. */

import type { PluginParts } from '../plugin-parts.ts'
import { resourceQuotas, type ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Stored } from '#apiserver/registry/strategy.ts'
import { statusFacet } from '#apiserver/registry/update.ts'
import { groupResource } from '#schema/resource.ts'

const ITSELF: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] }

export function quotaStatusWriter({ named, clock, random }: Pick<PluginParts, 'named' | 'clock' | 'random'>) {
  const facet = statusFacet()
  return async (quota: ResourceQuota): Promise<void> => {
    const { namespace = '', name } = quota.metadata
    const write = {
      user: ITSELF,
      dryRun: false,
      now: clock.now(),
      random,
      warn: () => {},
      admit: async (object: object) => object,
      check: async () => {},
    }
    // its resourceVersion goes with it, so that it is a conflict when another was faster
    await named(groupResource(resourceQuotas)).registry.update({ namespace, name }, facet, () => quota as unknown as Stored, write)
  }
}
