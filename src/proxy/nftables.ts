/**
 * The rule model as an nftables table. Every Service port is a few chains and map elements of its own, so that a change
 * touches only what belongs to it:
 *
 *   prerouting, output --> services --(map service-ips)------> service-X ---+--> endpoint-Y: dnat (a single one at once)
 *                                   \-(map service-nodeports)-> external-X -/
 *   input, forward, output --(maps no-endpoint-*)--> reject or drop
 *   postrouting --> masquerade what was marked, and what leaves the pods' network
 */

import { createHash } from 'node:crypto'
import type { Endpoint, ServicePortRule, Target } from './model.ts'

export interface TableSettings {
  readonly table: string
  readonly clusterCidr?: string
}

const MASQUERADE_MARK = '0x4000' // upstream's bit, so that other tools that know it go on working
const MASQUERADE = `meta mark set meta mark or ${MASQUERADE_MARK}` // no chain of its own: the kernel would follow every jump to it at each change
const DRAWN_IN_TURN_MAX = 8 // endpoints chosen by a rule each, of which the last ones are reached slower than through a map
const SERVICES_PER_TRANSACTION_MAX = 500 // larger ones stall the kernel for seconds

/** What one Service port adds to the table. */
interface Parts {
  /** Rules by chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Declarations by set. */
  readonly sets: ReadonlyMap<string, string>
  /** Verdicts by map, then key. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>
}

/** The script that makes the table anew, without any Service. */
export function baseScript({ table, clusterCidr }: TableSettings): string {
  const chain = (name: string, hook: string, rules: readonly string[]) => [
    `add chain ip ${table} ${name} ${hook}`.trimEnd(),
    ...rules.map((r) => `add rule ip ${table} ${name} ${r}`),
  ]
  const noEndpoints = ['ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services']
  const noNodePort = ['ct state new fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports']
  return `${[
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `add table ip ${table} { comment "rules for kube-proxy" ; }`,
    `add map ip ${table} service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }`,
    `add map ip ${table} service-nodeports { type inet_proto . inet_service : verdict ; }`,
    `add map ip ${table} no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; }`,
    `add map ip ${table} no-endpoint-nodeports { type inet_proto . inet_service : verdict ; }`,
    `add map ip ${table} firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }`,
    // A reset ends the client's call at once; an ICMP error that finds the socket busy is only noted, and costs a second.
    ...chain('reject-chain', '', ['meta l4proto tcp reject with tcp reset', 'reject']),
    ...chain('services', '', [
      'ip daddr . meta l4proto . th dport vmap @service-ips',
      'ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @service-nodeports',
    ]),
    ...chain('filter-prerouting', '{ type filter hook prerouting priority -110 ; }', [
      'ct state new ip daddr . meta l4proto . th dport vmap @firewall-ips',
    ]),
    ...chain('filter-input', '{ type filter hook input priority -110 ; }', [...noEndpoints, ...noNodePort]),
    ...chain('filter-forward', '{ type filter hook forward priority -110 ; }', noEndpoints),
    ...chain('filter-output', '{ type filter hook output priority 0 ; }', noEndpoints),
    ...chain('nat-prerouting', '{ type nat hook prerouting priority -100 ; }', ['jump services']),
    ...chain('nat-output', '{ type nat hook output priority -100 ; }', ['jump services']),
    ...chain('nat-postrouting', '{ type nat hook postrouting priority 100 ; }', [
      `meta mark & ${MASQUERADE_MARK} != 0 meta mark set meta mark xor ${MASQUERADE_MARK} masquerade fully-random`,
      ...(clusterCidr === undefined ? [] : [`ip saddr ${clusterCidr} ip daddr != ${clusterCidr} masquerade fully-random`]),
    ]),
  ].join('\n')}\n`
}

/** The scripts, to be run in order, that turn the rules `before` into `after`; keys as in the caller's map. */
export function differenceScripts(
  before: ReadonlyMap<string, ServicePortRule>,
  after: ReadonlyMap<string, ServicePortRule>,
  settings: TableSettings,
): readonly string[] {
  const changes: { readonly old: Parts; readonly new: Parts }[] = []
  // What goes first makes room: an address may pass from one Service to another.
  for (const [key, rule] of before) if (!after.has(key)) changes.push({ old: partsOf(rule, settings), new: NOTHING })
  for (const [key, rule] of after) {
    const old = before.get(key)
    if (old === rule) continue
    changes.push({ old: old === undefined ? NOTHING : partsOf(old, settings), new: partsOf(rule, settings) })
  }
  const scripts: string[] = []
  for (let i = 0; i < changes.length; i += SERVICES_PER_TRANSACTION_MAX) {
    const script = transaction(changes.slice(i, i + SERVICES_PER_TRANSACTION_MAX), settings.table)
    if (script !== '') scripts.push(script)
  }
  return scripts
}

const NOTHING: Parts = { chains: new Map(), sets: new Map(), elements: new Map() }

/** One atomic script: nothing refers to a chain that is not there yet, or any more. */
function transaction(changes: readonly { readonly old: Parts; readonly new: Parts }[], table: string): string {
  const removedElements = new Map<string, string[]>()
  const addedElements = new Map<string, string[]>()
  const declared: string[] = []
  const rules: string[] = []
  const flushed: string[] = []
  const deleted: string[] = []
  for (const { old, new: next } of changes) {
    for (const [map, elements] of old.elements)
      for (const [key, verdict] of elements) if (next.elements.get(map)?.get(key) !== verdict) push(removedElements, map, key)
    for (const [map, elements] of next.elements)
      for (const [key, verdict] of elements)
        if (old.elements.get(map)?.get(key) !== verdict) push(addedElements, map, `${key} : ${verdict}`)
    for (const [set, declaration] of next.sets) if (!old.sets.has(set)) declared.push(`add set ip ${table} ${set} ${declaration}`)
    for (const [chain, lines] of next.chains) {
      const had = old.chains.get(chain)
      if (had === undefined) declared.push(`add chain ip ${table} ${chain}`)
      else if (had.length === lines.length && had.every((l, i) => l === lines[i])) continue
      else flushed.push(`flush chain ip ${table} ${chain}`)
      for (const line of lines) rules.push(`add rule ip ${table} ${chain} ${line}`)
    }
    const gone = [...old.chains.keys()].filter((chain) => !next.chains.has(chain))
    // Chains refer to each other, so all are emptied before any is deleted.
    for (const chain of gone) flushed.push(`flush chain ip ${table} ${chain}`)
    for (const chain of gone) deleted.push(`delete chain ip ${table} ${chain}`)
    for (const set of old.sets.keys()) if (!next.sets.has(set)) deleted.push(`delete set ip ${table} ${set}`)
  }
  const lines = [
    ...declared,
    ...[...removedElements].map(([map, keys]) => `delete element ip ${table} ${map} { ${keys.join(', ')} }`),
    ...flushed,
    ...rules,
    ...[...addedElements].map(([map, elements]) => `add element ip ${table} ${map} { ${elements.join(', ')} }`),
    ...deleted,
  ]
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function partsOf(rule: ServicePortRule, { clusterCidr }: TableSettings): Parts {
  const chains = new Map<string, string[]>()
  const sets = new Map<string, string>()
  const elements = new Map<string, Map<string, string>>()
  const put = (map: string, key: string, verdict: string) => {
    const known = elements.get(map) ?? new Map<string, string>()
    known.set(key, verdict)
    elements.set(map, known)
  }
  const id = `${hash(`${rule.key}/${rule.protocol}`)}-${rule.namespace}/${rule.name}/${rule.protocol}/${rule.portName}`
  const serviceChain = `service-${id}`
  const anywhereChain = `cluster-${id}`
  const localChain = `local-${id}`
  const externalChain = `external-${id}`
  const firewallChain = `firewall-${id}`
  const at = (ip: string) => `${ip} . ${rule.protocol} . ${rule.port}`

  const ownName = (e: Endpoint) =>
    `${hash(`${rule.key}/${rule.protocol}/${e.ip}:${e.port}`)}-${rule.namespace}/${rule.name}/${rule.protocol}/${rule.portName}__${e.ip}/${e.port}`
  const endpointLines = (e: Endpoint): string[] => [
    `ip saddr ${e.ip} ${MASQUERADE}`,
    ...(rule.affinitySeconds === undefined ? [] : [`update @affinity-${ownName(e)} { ip saddr }`]),
    `meta l4proto ${rule.protocol} dnat to ${e.ip}:${e.port}`,
  ]
  const endpointChain = (e: Endpoint): string => {
    const own = ownName(e)
    const name = `endpoint-${own}`
    if (!chains.has(name)) {
      if (rule.affinitySeconds !== undefined)
        sets.set(`affinity-${own}`, `{ type ipv4_addr ; flags dynamic,timeout ; timeout ${rule.affinitySeconds}s ; }`)
      chains.set(name, endpointLines(e))
    }
    return name
  }
  const spread = (endpoints: readonly Endpoint[]): readonly string[] => {
    // Each chain and each map is what nft reads and the kernel checks before any change, so the usual few endpoints do without.
    if (endpoints.length === 1 && rule.affinitySeconds === undefined) return endpointLines(endpoints[0]!)
    const names = endpoints.map(endpointChain)
    const sticky = rule.affinitySeconds === undefined ? [] : names.map((n) => `ip saddr @${n.replace('endpoint-', 'affinity-')} goto ${n}`)
    const choice =
      names.length <= DRAWN_IN_TURN_MAX
        ? names.map((n, i) => (i === names.length - 1 ? `goto ${n}` : `numgen random mod ${names.length - i} 0 goto ${n}`))
        : [`numgen random mod ${names.length} vmap { ${names.map((n, i) => `${i} : goto ${n}`).join(', ')} }`]
    return [...sticky, ...choice]
  }
  const nowhere = (t: Target) => (t.type === 'refused' ? 'goto reject-chain' : 'drop')
  /** Traffic from outside the pods' network to a cluster address must come back this way. */
  const masqueradeStrangers = rule.clusterIps.map(
    (ip) => `ip daddr ${ip} ${clusterCidr === undefined ? 'fib saddr type local' : `ip saddr != ${clusterCidr}`} ${MASQUERADE}`,
  )

  if (rule.internal.type === 'endpoints') {
    chains.set(serviceChain, [...masqueradeStrangers, ...spread(rule.internal.endpoints)])
    for (const ip of rule.clusterIps) put('service-ips', at(ip), `goto ${serviceChain}`)
  } else for (const ip of rule.clusterIps) put('no-endpoint-services', at(ip), nowhere(rule.internal))

  const outside = [...new Set([...rule.externalIps, ...rule.loadBalancerIps])]
  if (outside.length > 0 || rule.nodePort !== undefined) {
    const lines: string[] = []
    if (rule.externalLocal) {
      if (rule.anywhere.type === 'endpoints') {
        chains.set(anywhereChain, [...spread(rule.anywhere.endpoints)])
        if (clusterCidr !== undefined) lines.push(`ip saddr ${clusterCidr} goto ${anywhereChain}`)
        lines.push(`fib saddr type local ${MASQUERADE}`, `fib saddr type local goto ${anywhereChain}`)
      }
      if (rule.external.type === 'endpoints') {
        chains.set(localChain, [...spread(rule.external.endpoints)])
        lines.push(`goto ${localChain}`)
      }
    } else if (rule.external.type === 'endpoints') {
      chains.set(anywhereChain, [...spread(rule.external.endpoints)])
      lines.push(MASQUERADE, `goto ${anywhereChain}`)
    }
    if (lines.length > 0) {
      chains.set(externalChain, lines)
      for (const ip of outside) put('service-ips', at(ip), `goto ${externalChain}`)
      if (rule.nodePort !== undefined) put('service-nodeports', `${rule.protocol} . ${rule.nodePort}`, `goto ${externalChain}`)
    }
    if (rule.external.type !== 'endpoints') {
      for (const ip of outside) put('no-endpoint-services', at(ip), nowhere(rule.external))
      if (rule.nodePort !== undefined) put('no-endpoint-nodeports', `${rule.protocol} . ${rule.nodePort}`, nowhere(rule.external))
    }
  }
  if (rule.sourceRanges !== undefined && rule.loadBalancerIps.length > 0) {
    chains.set(firewallChain, [...(rule.sourceRanges.length > 0 ? [`ip saddr { ${rule.sourceRanges.join(', ')} } return`] : []), 'drop'])
    for (const ip of rule.loadBalancerIps) put('firewall-ips', at(ip), `goto ${firewallChain}`)
  }
  return { chains, sets, elements }
}

/** Eight letters that tell apart names too long or too alike for a chain's name. */
function hash(text: string): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 12)}`)
    .toString(36)
    .toUpperCase()
    .slice(0, 8)
    .padEnd(8, '0')
}
