/** Services: cluster addresses and node ports out of the cluster's ranges, given once and taken back with the service. */

import type { Service, ServicePort } from '#api/core/v1/service.ts'
import type { Allocation, Strategy, WriteInfo } from '../strategy.ts'
import { AddressPool, PortPool } from './service-pools.ts'
import { invalid } from '#apiserver/endpoints/errors.ts'
import { invalid as invalidField } from '#schema/field-error.ts'
import type { Random } from '#base/random.ts'

export type StoredService = Service & {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Readonly<Record<string, unknown>>
}

const KIND = { group: '', kind: 'Service' }
const NONE = 'None' // a headless service asks for no address
const TOUCHES_PORTS = new Set(['NodePort', 'LoadBalancer'])

/** The strategy over two pools, which `recover` fills from the stored services before the first write. */
export function serviceStrategy(ranges: { readonly cidr: string; readonly nodePorts: readonly [number, number] }, random: Random) {
  const addresses = new AddressPool(ranges.cidr, random)
  const ports = new PortPool(ranges.nodePorts, random)

  function allocate(service: StoredService, old: StoredService | undefined, write: WriteInfo): Allocation<StoredService> {
    const taken: (() => void)[] = []
    const freed: (() => void)[] = []
    const release = () => {
      for (const undo of taken.splice(0)) undo()
    }
    try {
      const addressed = withAddress(service, old, taken, freed)
      const object = withPorts(addressed, old, taken, freed)
      if (write.dryRun) release()
      return {
        object,
        keep() {
          taken.length = 0
          for (const free of freed.splice(0)) free()
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
    const before = old?.spec.clusterIP
    if (spec.type === 'ExternalName') {
      if (before && before !== NONE && spec.clusterIP !== before) freed.push(() => addresses.free(before))
      const { ipFamilies: _, ipFamilyPolicy: __, internalTrafficPolicy: ___, ...rest } = spec
      if (rest.clusterIP === '') delete (rest as { clusterIP?: string }).clusterIP
      return { ...service, spec: rest }
    }
    let ip = spec.clusterIP || spec.clusterIPs?.[0] || ''
    // An update that leaves the address out keeps it.
    if (ip === '' && before && old?.spec.type !== 'ExternalName') ip = before
    if (ip !== '' && ip === before) return fixed(service, ip)
    if (ip === NONE) return fixed(service, NONE)
    if (ip === '') {
      const given = addresses.next()
      if (given === undefined)
        throw invalid(KIND, service.metadata.name, [invalidField('spec.clusterIPs', [''], 'failed to allocate IP: range is full')])
      ip = given
    } else {
      // Changing a set address is refused by validation below; only claim one where there was none.
      if (before) return fixed(service, ip)
      const problem = addresses.claim(ip)
      if (problem)
        throw invalid(KIND, service.metadata.name, [invalidField('spec.clusterIPs', [ip], `failed to allocate IP ${ip}: ${problem}`)])
    }
    const mine = ip
    taken.push(() => addresses.free(mine))
    return fixed(service, ip)
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
    freed(service) {
      const ip = service.spec.clusterIP
      if (ip && ip !== NONE) addresses.free(ip)
      for (const port of nodePortsOf(service)) ports.free(port)
    },
  }

  /** Marks what the stored services hold. */
  function recover(services: Iterable<StoredService>): void {
    for (const service of services) {
      const ip = service.spec.clusterIP
      if (ip && ip !== NONE) addresses.claim(ip)
      for (const port of nodePortsOf(service)) ports.claim(port)
    }
  }

  return { strategy, recover, firstAddress: addresses.first }
}

function fixed(service: StoredService, ip: string): StoredService {
  const { spec } = service
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [ip.includes(':') ? 'IPv6' : 'IPv4']
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP: ip,
      clusterIPs: spec.clusterIPs?.[0] === ip ? spec.clusterIPs : [ip],
      ipFamilies: families,
      ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack',
      ...(TOUCHES_PORTS.has(spec.type ?? '') && { externalTrafficPolicy: spec.externalTrafficPolicy ?? 'Cluster' }),
      ...(spec.type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }),
    },
  }
}

function nodePortsOf(service: StoredService | undefined): ReadonlySet<number> {
  return new Set((service?.spec.ports ?? []).flatMap((p) => (p.nodePort ? [p.nodePort] : [])))
}

function samePort(old: StoredService | undefined, port: ServicePort): ServicePort | undefined {
  return old?.spec.ports?.find((o) => o.port === port.port && (o.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
}
