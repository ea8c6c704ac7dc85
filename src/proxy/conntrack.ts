/** Which UDP flows the kernel must forget: they have no end of their own and would go on to endpoints that are gone. */

import type { Endpoint, ServicePortRule, Target } from './model.ts'

/** The words for `conntrack`, one call each. */
export function staleFlows(
  before: ReadonlyMap<string, ServicePortRule>,
  after: ReadonlyMap<string, ServicePortRule>,
): readonly (readonly string[])[] {
  const calls: (readonly string[])[] = []
  for (const [key, old] of before) {
    const next = after.get(key)
    if (old.protocol !== 'udp' || old === next) continue
    const kept = new Set(next === undefined ? [] : ipsOf(next))
    for (const ip of ipsOf(old)) {
      if (kept.has(ip)) continue
      for (const address of addressesOf(old)) calls.push(['-D', '--orig-dst', address, '--dst-nat', ip, '-p', 'udp'])
      if (old.nodePort !== undefined) calls.push(['-D', '-p', 'udp', '--dport', String(old.nodePort), '--dst-nat', ip])
    }
  }
  for (const [key, next] of after) {
    const old = before.get(key)
    if (next.protocol !== 'udp' || old === next || ipsOf(next).length === 0 || (old !== undefined && ipsOf(old).length > 0)) continue
    // Packets sent while there was no endpoint have made flows that lead nowhere.
    for (const address of addressesOf(next)) calls.push(['-D', '--orig-dst', address, '-p', 'udp', '--dport', String(next.port)])
    if (next.nodePort !== undefined) calls.push(['-D', '-p', 'udp', '--dport', String(next.nodePort)])
  }
  return calls
}

function addressesOf(rule: ServicePortRule): readonly string[] {
  return [...rule.clusterIps, ...rule.externalIps, ...rule.loadBalancerIps]
}

function ipsOf(rule: ServicePortRule): readonly string[] {
  const of = (t: Target): readonly Endpoint[] => (t.type === 'endpoints' ? t.endpoints : [])
  return [...new Set([...of(rule.internal), ...of(rule.external), ...of(rule.anywhere)].map((e) => e.ip))]
}
