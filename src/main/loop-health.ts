/** How a control loop that shares the API server's process is, for component statuses: there is no port to ask. */

import type { ComponentProbe } from '#apiserver/endpoints/component-statuses.ts'
import type { LoopParts } from './control-loops.ts'

export interface LoopHealth {
  readonly onLeading: NonNullable<LoopParts['onLeading']>
  /** Well is a loop that leads: nobody else could do its work meanwhile. */
  readonly probe: ComponentProbe
}

export function loopHealth(lease: string): LoopHealth {
  let leads = false
  return {
    onLeading: (is) => void (leads = is),
    async probe() {
      if (!leads) throw new Error(`does not hold the lease ${lease}`)
      return 'ok'
    },
  }
}
