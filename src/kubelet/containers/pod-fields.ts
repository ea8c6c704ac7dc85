/** What containers may be told about their own pod: the downward API's fields and resource amounts. */

import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceFieldSelector } from '#api/core/v1/volume.ts'
import { amount } from '../resources/amounts.ts'

export interface PodFieldContext {
  readonly pod: Pod
  readonly hostIPs: readonly string[]
  readonly podIPs: readonly string[]
  readonly allocatable: Readonly<Record<string, string>>
}

/** The text of a field such as `metadata.labels['app']`. Throws what the container's status will say. */
export function podField(path: string, { pod, hostIPs, podIPs }: PodFieldContext): string {
  const { metadata, spec } = pod
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path)
  if (subscript) return (subscript[1] === 'metadata.labels' ? metadata.labels : metadata.annotations)?.[subscript[2]!] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return formatMap(metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(metadata.annotations ?? {})
    case 'spec.nodeName':
      return spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return hostIPs[0] ?? ''
    case 'status.hostIPs':
      return hostIPs.join(',')
    case 'status.podIP':
      return podIPs[0] ?? ''
    case 'status.podIPs':
      return podIPs.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${path}`)
  }
}

function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .toSorted()
    .map((k) => `${k}=${JSON.stringify(map[k])}`)
    .join('\n')
}

/** A container's request or limit in units of the divisor, rounded up; limits that are not set are the node's allocatable. */
export function resourceField(
  selector: ResourceFieldSelector,
  container: Container,
  allocatable: Readonly<Record<string, string>>,
): string {
  const [side, ...rest] = selector.resource.split('.')
  const name = rest.join('.')
  if (side !== 'limits' && side !== 'requests') throw new Error(`unsupported container resource : ${selector.resource}`)
  const own = side === 'limits' ? container.resources.limits?.[name] : container.resources.requests?.[name]
  const value = amount(own ?? (side === 'limits' ? allocatable[name] : undefined))
  const divisor = amount(selector.divisor) || 1
  return String(Math.ceil(Math.round((value / divisor) * 1e6) / 1e6))
}
