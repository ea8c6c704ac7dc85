/** Which address families a service has: what it asks for, what it had, and what the cluster offers. */

import type { Service, ServiceSpec } from '#api/core/v1/service.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

export type Family = 'IPv4' | 'IPv6'

export interface Families {
  readonly families: readonly Family[]
  readonly policy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
}

export function familyOf(ip: string): Family {
  return ip.includes(':') ? 'IPv6' : 'IPv4'
}

/** `offered` begins with the default family. `old` is what is stored, unless it had no addresses of its own. */
export function familiesOf(service: Service, old: Service | undefined, offered: readonly Family[]): Families | readonly FieldError[] {
  const { spec } = service
  const headlessAlone = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  const asked = spec.ipFamilyPolicy ?? old?.spec.ipFamilyPolicy
  const policy = asked ?? (headlessAlone && !spec.ipFamilies?.length ? 'RequireDualStack' : 'SingleStack')
  const given = askedFamilies(spec, old, policy)
  const errors = problems(spec, given, policy, asked === undefined && headlessAlone, offered)
  if (errors.length > 0) return errors
  const first = given[0] ?? offered[0]!
  const second = given[1] ?? (policy === 'SingleStack' ? undefined : otherFamily(first))
  // whoever prefers both gets one where there is one; a service without pods of ours is not held to the cluster
  const both = second !== undefined && (policy === 'RequireDualStack' || offered.includes(second))
  return { families: both ? [first, second] : [first], policy }
}

/** Going back to one family drops the second, unless it was touched, too. */
function askedFamilies(spec: ServiceSpec, old: Service | undefined, policy: Families['policy']): readonly Family[] {
  const before = (old?.spec.ipFamilies ?? []) as readonly Family[]
  const families = (spec.ipFamilies?.length ? spec.ipFamilies : before) as readonly Family[]
  const isDowngrade = policy === 'SingleStack' && before.length === 2 && families.every((f, i) => f === before[i])
  if (isDowngrade) return families.slice(0, 1)
  const addresses = (spec.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None')
  const inferred = addresses.slice(families.length).map(familyOf)
  return [...families, ...inferred]
}

function problems(
  spec: ServiceSpec,
  given: readonly Family[],
  policy: Families['policy'],
  unasked: boolean,
  offered: readonly Family[],
): readonly FieldError[] {
  const errors: FieldError[] = []
  const at = 'spec.ipFamilyPolicy'
  const many = (what: string) => invalid(at, policy, `must be RequireDualStack or PreferDualStack when multiple '${what}' are specified`)
  if (policy === 'SingleStack') {
    if ((spec.clusterIPs ?? []).length === 2 && given.length === 2) errors.push(many('clusterIPs'))
    if ((spec.ipFamilies ?? []).length === 2 && given.length === 2) errors.push(many('ipFamilies'))
  }
  if (policy === 'RequireDualStack' && offered.length < 2 && !unasked)
    errors.push(invalid(at, policy, 'this cluster is not configured for dual-stack services'))
  for (const [index, family] of given.entries()) {
    if (!offered.includes(family) && !unasked) errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
    const ip = spec.clusterIPs?.[index]
    if (ip && ip !== 'None' && familyOf(ip) !== family)
      errors.push(invalid(`spec.clusterIPs[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``))
  }
  return errors
}

function otherFamily(family: Family): Family {
  return family === 'IPv4' ? 'IPv6' : 'IPv4'
}
