/** Services may not claim addresses that are not theirs: who could would receive what was sent to others. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
import { isAbout } from './requested.ts'
import type { Service } from '#api/core/v1/service.ts'

export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  operations: ['CREATE', 'UPDATE'],
  validate(request) {
    if (!isAbout(request, 'services')) return
    const addresses = (service: unknown) => (service as Service | undefined)?.spec?.externalIPs ?? []
    const before = addresses(request.oldObject)
    // those that are there may stay
    if (addresses(request.object).some((ip) => !before.includes(ip)))
      throw refused(request, 'Use of external IPs is denied by admission control.')
  },
}
