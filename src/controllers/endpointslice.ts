/** EndpointSlice: a Service's pods in slices of at most a hundred, changed as little as can be. */

import { services, type Service } from '#api/core/v1/service.ts'
import { endpointSlices, type Endpoint, type EndpointPort, type EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { Draft, KubeObject } from '#schema/resource.ts'
import { controllerReference, create, remove, update, type Action, type Controller } from './controller.ts'
import { hasSelector, hostnameFor, podLabelIndex, reachedPods, selectedByService, type Reached } from './service-endpoints.ts'

const ENDPOINTS_PER_SLICE_MAX = 100 // upstream's default of --max-endpoints-per-slice
const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLER = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'
const CHANGED_AT = 'endpoints.kubernetes.io/last-change-trigger-time'

interface Snapshot {
  readonly service: Service
  readonly reached: readonly Reached[]
  readonly slices: readonly EndpointSlice[]
}

export const endpointSliceController: Controller<Snapshot> = {
  name: 'endpointslice',
  primary: services,
  watches: [
    selectedByService,
    {
      resource: endpointSlices,
      keys: (slice) => (isOurs(slice) ? [`${slice.metadata.namespace}/${slice.metadata.labels![SERVICE_NAME]}`] : []),
    },
  ],
  indexes: [
    podLabelIndex,
    {
      resource: endpointSlices,
      name: 'service',
      values: (s) => (isOurs(s) ? [`${s.metadata.namespace}/${s.metadata.labels![SERVICE_NAME]}`] : []),
    },
  ],

  read(key, cache) {
    const service = cache.get(services, key)
    if (service === undefined || !hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return undefined // slices go with their owner
    return { service, reached: reachedPods(service, cache), slices: cache.of(endpointSlices).by('service', key) }
  },

  decide({ service, reached, slices }, now) {
    const wanted = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Map<string, Endpoint> }>()
    for (const r of reached) {
      const ports = r.ports.map((p) => ({
        name: p.name,
        protocol: p.protocol,
        ...(p.appProtocol !== undefined && { appProtocol: p.appProtocol }),
        port: p.port,
      }))
      const id = JSON.stringify(ports)
      let group = wanted.get(id)
      if (group === undefined) wanted.set(id, (group = { ports, endpoints: new Map() }))
      const endpoint = endpointOf(service, r)
      group.endpoints.set(endpoint.targetRef!.uid!, endpoint)
    }
    const actions: Action[] = []
    const kept = new Set<string>()
    for (const [id, { ports, endpoints }] of wanted) {
      const mine = slices.filter((s) => portsId(s) === id && !kept.has(s.metadata.uid))
      actions.push(...fill(service, ports, endpoints, mine, kept, now))
    }
    const useless = slices.filter((s) => !kept.has(s.metadata.uid))
    if (wanted.size > 0) return { actions: [...actions, ...useless.map((s) => remove(endpointSlices, s))] }
    // A Service without pods keeps one empty slice, so that its readers can tell that from one not looked at yet.
    const [first, ...others] = useless
    if (first === undefined) return { actions: [create(endpointSlices, sliceOf(service, [], [], now))] }
    const emptied =
      (first.endpoints ?? []).length === 0 && labelled(service, first) ? [] : [update(endpointSlices, changed(service, first, [], now))]
    return { actions: [...emptied, ...others.map((s) => remove(endpointSlices, s))] }
  },
}

/** Keeps endpoints where they are, fills slices up with new ones, and makes as few new slices as possible. */
function fill(
  service: Service,
  ports: readonly EndpointPort[],
  wanted: Map<string, Endpoint>,
  slices: readonly EndpointSlice[],
  kept: Set<string>,
  now: Instant,
): readonly Action[] {
  const left = new Map(wanted)
  const plans = slices.map((slice) => {
    const stays = (slice.endpoints ?? []).flatMap((e) => {
      const next = left.get(e.targetRef?.uid ?? '')
      if (next !== undefined) left.delete(e.targetRef!.uid!)
      return next ?? []
    })
    return { slice, endpoints: stays }
  })
  const rest = [...left.values()]
  // the fullest first: others may then become empty and go
  for (const plan of plans.toSorted((a, b) => b.endpoints.length - a.endpoints.length))
    plan.endpoints.push(...rest.splice(0, ENDPOINTS_PER_SLICE_MAX - plan.endpoints.length))
  const actions: Action[] = []
  for (const { slice, endpoints } of plans) {
    if (endpoints.length === 0) continue
    kept.add(slice.metadata.uid)
    if (JSON.stringify(slice.endpoints) !== JSON.stringify(endpoints) || !labelled(service, slice))
      actions.push(update(endpointSlices, changed(service, slice, endpoints, now)))
  }
  while (rest.length > 0) actions.push(create(endpointSlices, sliceOf(service, rest.splice(0, ENDPOINTS_PER_SLICE_MAX), ports, now)))
  return actions
}

function endpointOf(service: Service, { pod, ip, ready, serving, terminating, zone }: Reached): Endpoint {
  const hostname = hostnameFor(service, pod)
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(hostname !== undefined && { hostname }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace!, name: pod.metadata.name, uid: pod.metadata.uid },
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone !== undefined && { zone }),
  }
}

function sliceOf(service: Service, endpoints: readonly Endpoint[], ports: readonly EndpointPort[], now: Instant): Draft<EndpointSlice> {
  return {
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace!,
      labels: labelsOf(service),
      annotations: { [CHANGED_AT]: timestamp(now) },
      ownerReferences: [controllerReference(service, services)],
    },
    addressType: service.spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4',
    endpoints,
    ports,
  }
}

function changed(service: Service, slice: EndpointSlice, endpoints: readonly Endpoint[], now: Instant): EndpointSlice {
  return {
    ...slice,
    metadata: {
      ...slice.metadata,
      labels: labelsOf(service),
      annotations: { ...slice.metadata.annotations, [CHANGED_AT]: timestamp(now) },
    },
    endpoints,
  }
}

function labelsOf(service: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _, ...own } = service.metadata.labels ?? {}
  const headless = service.spec.clusterIP === 'None'
  return { ...own, [SERVICE_NAME]: service.metadata.name, [MANAGED_BY]: CONTROLLER, ...(headless && { [HEADLESS]: '' }) }
}

function labelled(service: Service, slice: EndpointSlice): boolean {
  const labels = labelsOf(service)
  const own = slice.metadata.labels ?? {}
  return Object.keys(own).length === Object.keys(labels).length && Object.entries(labels).every(([k, v]) => own[k] === v)
}

function portsId(slice: EndpointSlice): string {
  return JSON.stringify(
    (slice.ports ?? []).map((p) => ({
      name: p.name ?? '',
      protocol: p.protocol,
      ...(p.appProtocol !== undefined && { appProtocol: p.appProtocol }),
      port: p.port,
    })),
  )
}

function isOurs(slice: KubeObject): boolean {
  return slice.metadata.labels?.[MANAGED_BY] === CONTROLLER && slice.metadata.labels[SERVICE_NAME] !== undefined
}
