/** Services: cluster addresses and node ports out of the cluster's ranges, given once and taken back with the service. */

import type { Service, ServicePort } from '#api/core/v1/service.ts'
import type { Allocation, Strategy, WriteInfo } from '../strategy.ts'
import { familiesOf, familyOf, type Families, type Family } from './service-families.ts'
import { AddressPool, PortPool } from './service-pools.ts'
import { invalid } from '#apiserver/endpoints/errors.ts'
import { invalid as invalidField } from '#schema/field-error.ts'
import { isIP } from '#base/addresses.ts'
import type { Random } from '#base/random.ts'

export type StoredService = Service & {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Readonly<Record<string, unknown>>
}

const KIND = { group: '', kind: 'Service' }
const TURNS = '/registry/k8ts.io/services-allocated'
const NONE = 'None' // a headless service asks for no address
const TOUCHES_PORTS = new Set(['NodePort', 'LoadBalancer'])

export interface ServiceRanges {
  /** Of the cluster itself; the first one's family is the default. */
  readonly cidrs: readonly string[]
  readonly nodePorts: readonly [number, number]
  /** Ranges that ServiceCIDR objects add. */
  readonly added?: () => readonly string[]
  /** Whether an IPAddress object keeps the address for something that is no service of the pools. */
  readonly reserved?: (ip: string) => boolean
  /** The services there are, where other servers write some of them. */
  readonly others?: () => Iterable<StoredService>
  /** Addresses were given or taken back. */
  readonly changed?: () => void
}

/** The strategy over pools, which `recover` fills from the stored services before the first write. */
export function serviceStrategy(ranges: ServiceRanges, random: Random) {
  const { added = () => [], reserved = () => false, others, changed = () => {} } = ranges
  const byRange = new Map<string, AddressPool>()
  const ports = new PortPool(ranges.nodePorts, random)
  const offered = [...new Set(ranges.cidrs.map((cidr) => familyOf(cidr)))]

  function pool(cidr: string): AddressPool {
    const known = byRange.get(cidr) ?? new AddressPool(cidr, random)
    byRange.set(cidr, known)
    return known
  }

  function pools(): readonly AddressPool[] {
    return [...new Set([...ranges.cidrs, ...added()])].map(pool)
  }

  function free(ip: string): void {
    for (const known of byRange.values()) if (known.contains(ip)) known.free(ip)
  }

  /** Undefined when it is now the caller's, else why not. */
  function claim(ip: string): string | undefined {
    const all = pools()
    const holder = all.find((p) => p.contains(ip)) ?? all[0]!
    return reserved(ip) ? 'provided IP is already allocated' : holder.claim(ip)
  }

  function nextOf(family: Family): string | undefined {
    for (const candidate of pools()) {
      const ip = candidate.family === family ? candidate.next(reserved) : undefined
      if (ip !== undefined) return ip
    }
    return undefined
  }

  function allocate(service: StoredService, old: StoredService | undefined, write: WriteInfo): Allocation<StoredService> {
    const taken: (() => void)[] = []
    const freed: (() => void)[] = []
    const release = () => {
      for (const undo of taken.splice(0)) undo()
    }
    try {
      const addressed = withAddress(service, old, taken, freed)
      const object = withPorts(addressed, old, taken, freed)
      const took = taken.length > 0
      if (write.dryRun) release()
      return {
        object,
        took,
        keep() {
          taken.length = 0
          for (const undo of freed.splice(0)) undo()
          changed()
        },
        release,
      }
    } catch (error) {
      release()
      throw error
    }
  }

  function withAddress(
    service: StoredService,
    old: StoredService | undefined,
    taken: (() => void)[],
    freed: (() => void)[],
  ): StoredService {
    const { spec } = service
    const had = old === undefined || old.spec.type === 'ExternalName' ? undefined : old
    const before = addressesOf(had)
    const giveBack = (ips: readonly string[]) => {
      for (const ip of ips) freed.push(() => free(ip))
    }
    if (spec.type === 'ExternalName') {
      if (spec.clusterIP !== before[0]) giveBack(before)
      const { ipFamilies: _, ipFamilyPolicy: __, internalTrafficPolicy: ___, ...rest } = spec
      if (rest.clusterIP === '') delete (rest as { clusterIP?: string }).clusterIP
      return { ...service, spec: rest }
    }
    const asked = askedAddresses(spec, had)
    // an update that leaves the addresses out keeps them; that one is no address, or not the one that was given, is for validation to say
    const first = asked[0] || had?.spec.clusterIP || ''
    const found = familiesOf({ ...service, spec: { ...spec, clusterIP: first, clusterIPs: asked } } as Service, had, offered)
    if (!('families' in found)) throw invalid(KIND, service.metadata.name, found)
    if (first === NONE) return fixed(service, found, [NONE])
    const ips = found.families.map((family, index) => {
      const ip = asked[index] || before[index] || ''
      if (ip !== '' && before.includes(ip)) return ip
      if (ip !== '' && (before[index] !== undefined || isIP(ip) === 0)) return ip
      const given = ip === '' ? nextOf(family) : ip
      const problem = given === undefined ? 'range is full' : ip === '' ? undefined : claim(ip)
      if (given === undefined || problem !== undefined)
        throw invalid(KIND, service.metadata.name, [
          invalidField('spec.clusterIPs', ip === '' ? [''] : asked, `failed to allocate IP${ip === '' ? '' : ` ${ip}`}: ${problem}`),
        ])
      taken.push(() => free(given))
      return given
    })
    giveBack(before.filter((ip) => !ips.includes(ip) && ips.length < before.length))
    return fixed(service, found, ips)
  }

  function withPorts(service: StoredService, old: StoredService | undefined, taken: (() => void)[], freed: (() => void)[]): StoredService {
    const { spec } = service
    const before = nodePortsOf(old)
    if (!TOUCHES_PORTS.has(spec.type ?? '')) {
      const left = (spec.ports ?? []).map(({ nodePort: sent, ...port }): ServicePort =>
        // A type change away from NodePort gives the ports back unless the client still names others (refused later).
        sent === undefined || before.has(sent) ? port : { ...port, nodePort: sent },
      )
      for (const port of before) freed.push(() => ports.free(port))
      return spec.ports ? { ...service, spec: { ...spec, ports: left } } : service
    }
    if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false && !(spec.ports ?? []).some((p) => p.nodePort))
      return service
    const used = new Map<number, Set<string>>()
    const now = new Set<number>()
    const taking = (port: number, protocol: string) => {
      if (!used.has(port)) used.set(port, new Set())
      used.get(port)!.add(protocol)
      now.add(port)
    }
    const list = (spec.ports ?? []).map((port, index): ServicePort => {
      const protocol = port.protocol ?? 'TCP'
      let nodePort = port.nodePort || samePort(old, port)?.nodePort
      if (nodePort) {
        const shared = used.get(nodePort) // one number may serve TCP and UDP of the same service
        if (!before.has(nodePort) && (shared === undefined || shared.has(protocol))) {
          const problem = ports.claim(nodePort)
          if (problem) throw invalid(KIND, service.metadata.name, [invalidField(`spec.ports[${index}].nodePort`, nodePort, problem)])
          const mine = nodePort
          taken.push(() => ports.free(mine))
        }
      } else {
        nodePort = ports.next()
        if (nodePort === undefined)
          throw invalid(KIND, service.metadata.name, [
            invalidField(`spec.ports[${index}].nodePort`, 0, 'failed to allocate a nodePort: range is full'),
          ])
        const mine = nodePort
        taken.push(() => ports.free(mine))
      }
      taking(nodePort, protocol)
      return { ...port, nodePort }
    })
    for (const port of before) if (!now.has(port)) freed.push(() => ports.free(port))
    return { ...service, spec: { ...spec, ports: list } }
  }

  const strategy: Strategy<StoredService> = {
    createOnUpdate: true,
    returnsDeleted: true,
    allocate,
    ...(others && { takingTurns: { key: TURNS, catchUp: () => recover(others()) } }),
    freed(service) {
      for (const ip of addressesOf(service)) free(ip)
      for (const port of nodePortsOf(service)) ports.free(port)
      changed()
    },
  }

  /** Marks what the stored services hold. */
  function recover(services: Iterable<StoredService>): void {
    for (const service of services) {
      for (const ip of addressesOf(service))
        pools()
          .find((pool) => pool.contains(ip))
          ?.claim(ip)
      for (const port of nodePortsOf(service)) ports.claim(port)
    }
  }

  /** What another server gave and took back; what this one did is known already, and told once more does no harm. */
  function moved(before: StoredService | undefined, after: StoredService | undefined): void {
    const ips = addressesOf(after)
    for (const ip of addressesOf(before)) if (!ips.includes(ip)) free(ip)
    const kept = nodePortsOf(after)
    for (const port of nodePortsOf(before)) if (!kept.has(port)) ports.free(port)
    if (after !== undefined) recover([after])
  }

  return { strategy, recover, moved, firstAddresses: ranges.cidrs.map((cidr) => pool(cidr).first) }
}

function fixed(service: StoredService, { families, policy }: Families, ips: readonly string[]): StoredService {
  const { spec } = service
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP: ips[0]!,
      clusterIPs: ips,
      ipFamilies: families,
      ipFamilyPolicy: policy,
      ...(TOUCHES_PORTS.has(spec.type ?? '') && { externalTrafficPolicy: spec.externalTrafficPolicy ?? 'Cluster' }),
      ...(spec.type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }),
    },
  }
}

/** Older clients know one address only, which counts where it alone was changed. */
function askedAddresses({ clusterIP = '', clusterIPs = [] }: Service['spec'], old: Service | undefined): readonly string[] {
  if (clusterIPs.length === 0) return clusterIP === '' ? [] : [clusterIP]
  const isChanged = clusterIP !== '' && old !== undefined && clusterIP !== old.spec.clusterIP && clusterIPs[0] === old.spec.clusterIP
  return isChanged ? [clusterIP, ...clusterIPs.slice(1)] : clusterIPs
}

/** What a stored service holds of the ranges. */
export function addressesOf(service: Service | undefined): readonly string[] {
  const { clusterIP, clusterIPs } = service?.spec ?? {}
  return (clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : []).filter((ip) => ip !== '' && ip !== NONE)
}

function nodePortsOf(service: StoredService | undefined): ReadonlySet<number> {
  return new Set((service?.spec.ports ?? []).flatMap((p) => (p.nodePort ? [p.nodePort] : [])))
}

function samePort(old: StoredService | undefined, port: ServicePort): ServicePort | undefined {
  return old?.spec.ports?.find((o) => o.port === port.port && (o.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
}
