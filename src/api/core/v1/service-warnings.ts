/** What a valid service should better not say. */

import { addressWarnings, networkWarnings } from './address-warnings.ts'
import type { Service } from './service.ts'

export function serviceWarnings({ metadata, spec = {} }: Service): readonly string[] {
  const { clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [] } = spec
  const isHeadless = spec.type === 'ClusterIP' && clusterIP === 'None'
  const isNameOnly = spec.type === 'ExternalName'
  const warnings: string[] = []
  if (metadata.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined)
    warnings.push(
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    )
  warnings.push(...clusterIPs.flatMap((address, i) => addressWarnings(address, `spec.clusterIPs[${i}]`)))
  if (isHeadless) {
    if (loadBalancerIP !== '') warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  warnings.push(...externalIPs.flatMap((address, i) => addressWarnings(address, `spec.externalIPs[${i}]`)))
  if (externalIPs.length > 0 && !isHeadless && !isNameOnly)
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  warnings.push(...addressWarnings(loadBalancerIP, 'spec.loadBalancerIP'))
  warnings.push(...loadBalancerSourceRanges.flatMap((cidr, i) => networkWarnings(cidr, `spec.loadBalancerSourceRanges[${i}]`)))
  if (isNameOnly && externalIPs.length > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (!isNameOnly && spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
