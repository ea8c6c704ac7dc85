/** SchedulingGates: a pod with gates stays out of the queue. */

import { reject, skip, type Plugin } from '../plugin.ts'

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  retryOn: [],
  preEnqueue(pod) {
    const gates = pod.pod.spec.schedulingGates ?? []
    if (gates.length === 0) return undefined
    return reject(`waiting for scheduling gates: [${gates.map((g) => g.name).join(' ')}]`, false)
  },
  prepare: () => skip,
}
