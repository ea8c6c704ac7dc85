/** Shows the addresses of services as objects: the cluster's own ServiceCIDR, and an IPAddress for each address that is given. */

import type { DefaultObject } from './default-objects.ts'
import { addressesOf } from './strategies/service.ts'
import { familyOf } from './strategies/service-families.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { IPAddress } from '#api/networking/v1/ip-address.ts'
import type { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { KubeObject } from '#schema/resource.ts'

const FAMILY = 'ipaddress.kubernetes.io/ip-family'
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const MANAGER = 'ipallocator'

/** The range Services get their addresses from unless other ServiceCIDRs offer more. */
export function defaultServiceCidr(cidrs: readonly string[]): DefaultObject {
  const object = { kind: 'ServiceCIDR', apiVersion: 'networking.k8s.io/v1', metadata: { name: 'kubernetes' }, spec: { cidrs } }
  return { resource: 'servicecidrs.networking.k8s.io', object: object as unknown as KubeObject }
}

/** Whether it is one of ours, rather than what somebody keeps an address back with. */
export function isAllocated({ metadata }: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY] === MANAGER
}

/** Ranges of ServiceCIDRs that offer addresses: those that are being deleted give none any more. */
export function addedRanges(ranges: readonly ServiceCIDR[]): readonly string[] {
  return ranges.flatMap(({ metadata, spec }) => (metadata.deletionTimestamp === undefined ? (spec.cidrs ?? []) : []))
}

export interface AddressChanges {
  readonly missing: readonly KubeObject[]
  /** Names of addresses that nobody has any more. */
  readonly surplus: readonly string[]
}

/** What must be made and deleted so that there is one object for each address that a service has. */
export function decideAddresses(services: readonly Service[], addresses: readonly IPAddress[]): AddressChanges {
  const known = new Set(addresses.map(({ metadata }) => metadata.name))
  const held = new Set<string>()
  const missing: KubeObject[] = []
  for (const service of services)
    for (const ip of addressesOf(service)) {
      held.add(ip)
      if (!known.has(ip)) missing.push(addressOf(ip, service))
    }
  const surplus = addresses.filter((address) => isAllocated(address) && !held.has(address.metadata.name)).map((a) => a.metadata.name)
  return { missing, surplus }
}

function addressOf(ip: string, { metadata }: Service): KubeObject {
  const object = {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: ip, labels: { [FAMILY]: familyOf(ip), [MANAGED_BY]: MANAGER } },
    spec: { parentRef: { resource: 'services', namespace: metadata.namespace, name: metadata.name } },
  }
  return object as unknown as KubeObject
}
