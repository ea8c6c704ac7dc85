/** What a node must do for one Service port: a pure function of the Service, its EndpointSlices and the node's name. */

import type { Service, ServicePort } from '#api/core/v1/service.ts'
import type { Endpoint as SliceEndpoint, EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { keyOf } from '#client/informer.ts'

export interface Endpoint {
  readonly ip: string
  readonly port: number
}

/** Where traffic of one sort goes. `refused` answers with an ICMP error, `dropped` (endpoints, but none here) stays silent. */
export type Target = { readonly type: 'endpoints'; readonly endpoints: readonly Endpoint[] } | { readonly type: 'refused' | 'dropped' }

export interface ServicePortRule {
  /** `namespace/name:port`; unique together with the protocol. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly portName: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly clusterIps: readonly string[]
  readonly port: number
  readonly externalIps: readonly string[]
  readonly loadBalancerIps: readonly string[]
  /** Sources allowed to reach the load balancer's addresses; undefined means all. */
  readonly sourceRanges?: readonly string[]
  readonly nodePort?: number
  /** Seconds for which a client stays with its endpoint. */
  readonly affinitySeconds?: number
  /** What comes to the cluster addresses. */
  readonly internal: Target
  /** What comes from outside, to node ports, external addresses and load balancers. */
  readonly external: Target
  /** Outside traffic keeps its source address and this node's endpoints. */
  readonly externalLocal: boolean
  /** Where pods and the node itself end up when they use an outside address of a Service with `externalLocal`. */
  readonly anywhere: Target
}

/** Health check of a load balancer: how many endpoints of the Service this node has. */
export interface HealthCheckPort {
  readonly namespace: string
  readonly name: string
  readonly port: number
  readonly localEndpoints: number
}

const LABEL_PROXY_NAME = 'service.kubernetes.io/service-proxy-name'
const LABEL_HEADLESS = 'service.kubernetes.io/headless'
export const LABEL_SERVICE_NAME = 'kubernetes.io/service-name'

/** The rules of one Service; none for headless, ExternalName and foreign ones. */
export function rulesOf(service: Service, slices: readonly EndpointSlice[], nodeName: string): readonly ServicePortRule[] {
  if (!isOurs(service)) return []
  const { spec } = service
  const externalLocal = spec.externalTrafficPolicy === 'Local' && reachableFromOutside(service)
  const internalLocal = spec.internalTrafficPolicy === 'Local'
  return (spec.ports ?? []).map((port): ServicePortRule => {
    const endpoints = endpointsOf(port, slices, nodeName)
    const anywhere = target(endpoints, endpoints)
    const here = target(
      endpoints.filter((e) => e.local),
      endpoints,
    )
    const ingress = service.status?.loadBalancer?.ingress ?? []
    return {
      key: `${keyOf(service)}:${port.name ?? ''}`,
      namespace: service.metadata.namespace ?? '',
      name: service.metadata.name,
      portName: port.name ?? '',
      protocol: (port.protocol ?? 'TCP').toLowerCase() as 'tcp',
      clusterIps: (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(isIpv4),
      port: port.port,
      externalIps: (spec.externalIPs ?? []).filter(isIpv4),
      loadBalancerIps:
        spec.type === 'LoadBalancer'
          ? ingress.filter((i) => i.ipMode !== 'Proxy').flatMap((i) => (i.ip && isIpv4(i.ip) ? [i.ip] : []))
          : [],
      ...(spec.type === 'LoadBalancer' &&
        (spec.loadBalancerSourceRanges?.length ?? 0) > 0 && {
          sourceRanges: spec.loadBalancerSourceRanges!.filter((r) => isIpv4(r.split('/')[0]!)),
        }),
      ...(port.nodePort && { nodePort: port.nodePort }),
      ...(spec.sessionAffinity === 'ClientIP' && {
        affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS,
      }),
      internal: internalLocal ? here : anywhere,
      external: externalLocal ? here : anywhere,
      externalLocal,
      anywhere,
    }
  })
}

const AFFINITY_SECONDS = 10_800 // the API's default, three hours

/** The Service's health check port, if it has one. */
export function healthCheckOf(service: Service, slices: readonly EndpointSlice[], nodeName: string): HealthCheckPort | undefined {
  const { healthCheckNodePort, externalTrafficPolicy } = service.spec
  if (!healthCheckNodePort || externalTrafficPolicy !== 'Local' || !isOurs(service)) return undefined
  const ips = new Set<string>()
  for (const slice of ipv4(slices))
    for (const e of slice.endpoints ?? []) if (e.nodeName === nodeName && isReady(e) && e.addresses[0]) ips.add(e.addresses[0])
  return {
    namespace: service.metadata.namespace ?? '',
    name: service.metadata.name,
    port: healthCheckNodePort,
    localEndpoints: ips.size,
  }
}

function isOurs(service: Service): boolean {
  const { clusterIP, type } = service.spec
  return (
    type !== 'ExternalName' &&
    clusterIP !== undefined &&
    clusterIP !== '' &&
    clusterIP !== 'None' &&
    !(LABEL_PROXY_NAME in (service.metadata.labels ?? {}))
  )
}

/** Whether a slice may matter to the proxy; those of headless Services do not. */
export function isRelevant(slice: EndpointSlice): boolean {
  const labels = slice.metadata.labels ?? {}
  return slice.addressType === 'IPv4' && !(LABEL_HEADLESS in labels) && !(LABEL_PROXY_NAME in labels)
}

function reachableFromOutside({ spec }: Service): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs?.length ?? 0) > 0
}

interface Candidate extends Endpoint {
  readonly ready: boolean
  readonly local: boolean
}

/** Endpoints that take traffic, or could while they end; each address once, in a settled order. */
function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[], nodeName: string): readonly Candidate[] {
  const found = new Map<string, Candidate>()
  for (const slice of ipv4(slices))
    for (const slicePort of slice.ports ?? []) {
      if ((slicePort.name ?? '') !== (port.name ?? '') || slicePort.port === undefined) continue
      if ((slicePort.protocol ?? 'TCP') !== (port.protocol ?? 'TCP')) continue
      for (const e of slice.endpoints ?? []) {
        const ip = e.addresses[0]
        const ready = isReady(e)
        if (ip === undefined || (!ready && !(isServing(e) && e.conditions?.terminating === true))) continue
        const text = `${ip}:${slicePort.port}`
        if (!found.has(text) || ready) found.set(text, { ip, port: slicePort.port, ready, local: e.nodeName === nodeName })
      }
    }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => e)
}

/** Ready endpoints, or failing those the ones that still serve while they end; `all` tells "none at all" from "none here". */
function target(candidates: readonly Candidate[], all: readonly Candidate[]): Target {
  const ready = candidates.filter((e) => e.ready)
  const chosen = ready.length > 0 ? ready : candidates
  if (chosen.length > 0) return { type: 'endpoints', endpoints: chosen.map(({ ip, port }) => ({ ip, port })) }
  return { type: all.length > 0 ? 'dropped' : 'refused' }
}

function isReady(e: SliceEndpoint): boolean {
  return e.conditions?.ready !== false
}

function isServing(e: SliceEndpoint): boolean {
  return e.conditions?.serving ?? isReady(e)
}

function ipv4(slices: readonly EndpointSlice[]): readonly EndpointSlice[] {
  return slices.filter(isRelevant)
}

export function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
}
