/** NodeName: a pod that names its node goes there or nowhere. */

import { reject, skip, type Plugin } from '../plugin.ts'

const REFUSAL = reject("node(s) didn't match the requested node name", false)

export const nodeName: Plugin<string> = {
  name: 'NodeName',
  retryOn: [{ kind: 'NodeAdded', helps: (pod, change) => 'node' in change && change.node.name === pod.pod.spec.nodeName }],
  prepare: (pod) => pod.pod.spec.nodeName || skip,
  filter: (name, _pod, node) => (node.name === name ? undefined : REFUSAL),
}
