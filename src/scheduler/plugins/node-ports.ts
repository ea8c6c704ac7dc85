/** NodePorts: two pods cannot have the same host port on a node. */

import type { HostPort } from '../pod-info.ts'
import { reject, skip, type Plugin } from '../plugin.ts'

const REFUSAL = reject("node(s) didn't have free ports for the requested pod ports", true)

export const nodePorts: Plugin<readonly HostPort[]> = {
  name: 'NodePorts',
  retryOn: [
    { kind: 'NodeAdded' },
    {
      kind: 'PodDeleted',
      helps: (pod, change) =>
        'pod' in change && change.pod.hostPorts.some((p) => pod.hostPorts.some((q) => p.port === q.port && p.protocol === q.protocol)),
    },
  ],
  prepare: (pod) => (pod.hostPorts.length === 0 ? skip : pod.hostPorts),
  filter(ports, _pod, node) {
    for (const port of ports) if (node.portTaken(port)) return REFUSAL
    return undefined
  },
}
