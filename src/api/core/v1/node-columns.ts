/** What `kubectl get nodes` shows of a node. */

import type { Node } from './node.ts'
import type { Column } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

const ROLE_LABEL = 'node-role.kubernetes.io/'
const OLD_ROLE_LABEL = 'kubernetes.io/role'

const info = (text: string | undefined) => text || '<unknown>'

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  { name: 'Status', type: 'string', description: 'Whether it is ready and takes pods.', cell: state },
  { name: 'Roles', type: 'string', description: 'What its labels say it is for.', cell: roles },
  ageColumn,
  { name: 'Version', type: 'string', description: 'The version of its kubelet.', cell: (n) => n.status.nodeInfo.kubeletVersion },
  { name: 'Internal-IP', type: 'string', priority: 1, description: 'Its address in the cluster.', cell: (n) => address(n, 'InternalIP') },
  { name: 'External-IP', type: 'string', priority: 1, description: 'Its address outside.', cell: (n) => address(n, 'ExternalIP') },
  { name: 'OS-Image', type: 'string', priority: 1, description: 'Its operating system.', cell: (n) => info(n.status.nodeInfo.osImage) },
  { name: 'Kernel-Version', type: 'string', priority: 1, description: 'Its kernel.', cell: (n) => info(n.status.nodeInfo.kernelVersion) },
  {
    name: 'Container-Runtime',
    type: 'string',
    priority: 1,
    description: 'What runs its containers.',
    cell: (n) => info(n.status.nodeInfo.containerRuntimeVersion),
  },
]

function state(node: Node): string {
  const ready = node.status.conditions?.find((c) => c.type === 'Ready')
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady']
  if (node.spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function roles(node: Node): string {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_LABEL) && key.length > ROLE_LABEL.length) found.add(key.slice(ROLE_LABEL.length))
    else if (key === OLD_ROLE_LABEL && value !== '') found.add(value)
  }
  return found.size === 0 ? '<none>' : [...found].sort().join(',')
}

function address(node: Node, type: string): string {
  return node.status.addresses?.find((a) => a.type === type)?.address ?? '<none>'
}
