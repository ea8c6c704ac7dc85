/** What claims of devices take of quotas: their number, and the devices of each class that they can get at most. */

import { most, plus, type Amounts } from './amounts.ts'
import type { QuotaEvaluator } from './evaluator.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'

const COUNT = 'count/resourceclaims.resource.k8s.io'
const BY_CLASS = '.deviceclass.resource.k8s.io/devices'
const DEVICES_MAX = 32 // as many as one claim can be given

export const deviceClaimEvaluator: QuotaEvaluator = {
  counts: (name) => name === COUNT || name.endsWith(BY_CLASS),
  usage(object) {
    const requests = (object as unknown as ResourceClaim).spec.devices?.requests ?? []
    const ofRequests = requests.map(({ exactly, firstAvailable }): Amounts => {
      if (firstAvailable && firstAvailable.length > 0) return most(...firstAvailable.map(devices))
      return exactly === undefined ? {} : devices(exactly)
    })
    return plus({ [COUNT]: '1' }, ...ofRequests)
  },
  charges: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
}

interface Asked {
  readonly deviceClassName: string
  readonly allocationMode?: string
  readonly count?: number
}

/** All there are may be any number. */
function devices({ deviceClassName, allocationMode, count }: Asked): Amounts {
  return { [deviceClassName + BY_CLASS]: String(allocationMode === 'All' ? DEVICES_MAX : (count ?? 1)) }
}
