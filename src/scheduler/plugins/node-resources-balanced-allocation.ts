/** NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used to a like degree. */

import { SCORE_MAX, skip, type Plugin } from '../plugin.ts'

export const nodeResourcesBalancedAllocation: Plugin<true> = {
  name: 'NodeResourcesBalancedAllocation',
  retryOn: [],
  // A pod that requests nothing changes no balance.
  prepare: ({ requests: r }) => (r.milliCpu === 0 && r.memory === 0 && r.ephemeralStorage === 0 && r.scalars.size === 0 ? skip : true),
  score(_state, pod, node) {
    if (node.milliCpu === 0 || node.memory === 0) return SCORE_MAX
    const cpu = Math.min((node.requestedMilliCpu + pod.requests.milliCpu) / node.milliCpu, 1)
    const memory = Math.min((node.requestedMemory + pod.requests.memory) / node.memory, 1)
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * SCORE_MAX)
  },
}
