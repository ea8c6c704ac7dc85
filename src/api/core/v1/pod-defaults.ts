/** What the server adds to a pod's spec. */

import type { Container } from './container.ts'
import { podResourceDefaults } from './pod-resources.ts'
import type { Pod, PodSpec } from './pod.ts'

/** Holds for pods and for templates. The old name of the service account follows the new one. */
export function podSpecDefaults(spec: PodSpec): Partial<PodSpec> {
  const account = spec.serviceAccountName || spec.serviceAccount
  return {
    ...(spec.securityContext === undefined && { securityContext: {} }),
    ...(account &&
      (account !== spec.serviceAccountName || account !== spec.serviceAccount) && { serviceAccountName: account, serviceAccount: account }),
  }
}

/** Holds for pods only: templates keep what was written. */
export function podDefaults(pod: Pod): { spec: PodSpec } {
  const { spec } = pod
  const filled = (container: Container) => withHostPorts(withRequests(container), spec.hostNetwork === true)
  const containers = (spec.containers ?? []).map(filled)
  const initContainers = spec.initContainers?.map(filled)
  const own = { ...spec, ...(spec.containers && { containers }), ...(initContainers && { initContainers }) }
  const resources = podResourceDefaults(own)
  return {
    spec: { ...own, ...(resources && { resources }), ...(spec.enableServiceLinks === undefined && { enableServiceLinks: true }) },
  }
}

/** What is limited but not requested is requested in full. */
function withRequests(container: Container): Container {
  const { limits, requests } = container.resources ?? {}
  if (limits === undefined || Object.keys(limits).every((name) => requests?.[name] !== undefined)) return container
  return { ...container, resources: { ...container.resources, requests: { ...limits, ...requests } } }
}

function withHostPorts(container: Container, hostNetwork: boolean): Container {
  if (!hostNetwork || !container.ports?.some((port) => !port.hostPort)) return container
  return { ...container, ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })) }
}
