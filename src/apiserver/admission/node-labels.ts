/** Which labels a kubelet may give its own Node: those that cannot draw workloads meant for others. */

const RESTRICTED = 'node-restriction.kubernetes.io'
const KUBELET_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])

type Labels = Readonly<Record<string, string>> | undefined

/** `what` with the labels that differ and are not the kubelet's; undefined when there are none. */
export function nodeLabelRefusal(next: Labels, old: Labels, what: string): string | undefined {
  const changed = Object.keys({ ...next, ...old }).filter((key) => next?.[key] !== old?.[key] && isForbidden(key))
  return changed.length === 0 ? undefined : `${what}: ${changed.toSorted().join(', ')}`
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/')
  const namespace = slash < 0 ? '' : label.slice(0, slash)
  const isIn = (domain: string) => namespace === domain || namespace.endsWith(`.${domain}`)
  if (isIn(RESTRICTED)) return true
  if (!isIn('kubernetes.io') && !isIn('k8s.io')) return false
  return !KUBELET_LABELS.has(label) && !KUBELET_NAMESPACES.some(isIn)
}
