/** NodeUnschedulable: cordoned nodes take only pods that tolerate it. */

import { reject, type ClusterChange, type Plugin } from '../plugin.ts'
import { tolerates, type TaintLike } from './tolerates.ts'

const REFUSAL = reject('node(s) were unschedulable', false)
const TAINT: TaintLike = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

export const nodeUnschedulable: Plugin<true> = {
  name: 'NodeUnschedulable',
  retryOn: [
    { kind: 'NodeAdded', helps: isOpen },
    { kind: 'NodeUnschedulableChanged', helps: isOpen },
  ],
  prepare: () => true,
  filter: (_state, pod, node) => (node.unschedulable && !tolerates(pod.pod.spec.tolerations, TAINT) ? REFUSAL : undefined),
}

function isOpen(_pod: unknown, change: ClusterChange): boolean {
  return 'node' in change && !change.node.unschedulable
}
