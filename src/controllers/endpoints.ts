/** Endpoints: one object per Service with the addresses of its pods, in the form older clients read. */

import { endpoints as endpointsResource, type Endpoints, type EndpointSubset } from '#api/core/v1/endpoints.ts'
import { services, type Service } from '#api/core/v1/service.ts'
import { timestamp } from '#base/clock.ts'
import type { Draft } from '#schema/resource.ts'
import { create, remove, update, type Controller } from './controller.ts'
import { hasSelector, hostnameFor, podLabelIndex, reachedPods, selectedByService, type Reached } from './service-endpoints.ts'

const ADDRESSES_MAX = 1000 // upstream's bound of one Endpoints object; slices hold the rest
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
const CHANGED_AT = 'endpoints.kubernetes.io/last-change-trigger-time'
const HEADLESS = 'service.kubernetes.io/headless'
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'

interface Snapshot {
  readonly service: Service | undefined
  readonly reached: readonly Reached[]
  readonly current: Endpoints | undefined
}

export const endpointsController: Controller<Snapshot> = {
  name: 'endpoints',
  primary: services,
  watches: [selectedByService, { resource: endpointsResource, keys: (e) => [`${e.metadata.namespace}/${e.metadata.name}`] }],

  indexes: [podLabelIndex],

  read(key, cache) {
    const service = cache.get(services, key)
    const current = cache.get(endpointsResource, key)
    if (service === undefined)
      return current?.metadata.labels?.[MANAGED_BY] === 'endpoint-controller' ? { service, reached: [], current } : undefined
    return hasSelector(service) ? { service, reached: reachedPods(service, cache), current } : undefined
  },

  decide({ service, reached, current }, now) {
    if (service === undefined) return { actions: current === undefined ? [] : [remove(endpointsResource, current)] }
    const subsets = subsetsOf(service, reached.slice(0, ADDRESSES_MAX))
    const { [HEADLESS]: _, ...own } = service.metadata.labels ?? {}
    const labels = { ...own, ...(service.spec.clusterIP === 'None' && { [HEADLESS]: '' }), [MANAGED_BY]: 'endpoint-controller' }
    const { [CHANGED_AT]: __, [OVER_CAPACITY]: ___, ...annotations } = current?.metadata.annotations ?? {}
    const same =
      current !== undefined &&
      JSON.stringify(current.subsets ?? []) === JSON.stringify(subsets) &&
      JSON.stringify(sorted(current.metadata.labels ?? {})) === JSON.stringify(sorted(labels))
    if (same) return { actions: [] }
    const metadata = {
      labels,
      annotations: {
        ...annotations,
        [CHANGED_AT]: timestamp(now),
        ...(reached.length > ADDRESSES_MAX && { [OVER_CAPACITY]: 'truncated' }),
      },
    }
    const next = {
      metadata: { ...current?.metadata, name: service.metadata.name, namespace: service.metadata.namespace!, ...metadata },
      ...(subsets.length > 0 && { subsets }),
    }
    return {
      actions: [current === undefined ? create(endpointsResource, next as Draft<Endpoints>) : update(endpointsResource, next as Endpoints)],
    }
  },
}

/** One subset for each different set of ports; addresses and ports in order, so that equal states are equal objects. */
function subsetsOf(service: Service, reached: readonly Reached[]): readonly EndpointSubset[] {
  const groups = new Map<string, { readonly ports: Reached['ports']; readonly ready: Reached[]; readonly notReady: Reached[] }>()
  for (const r of reached) {
    if (r.terminating && service.spec.publishNotReadyAddresses !== true) continue
    if (r.ports.length === 0 && (service.spec.ports?.length ?? 0) > 0) continue
    const id = JSON.stringify(r.ports)
    let group = groups.get(id)
    if (group === undefined) groups.set(id, (group = { ports: r.ports, ready: [], notReady: [] }))
    ;(r.ready ? group.ready : group.notReady).push(r)
  }
  return [...groups.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, g]) => ({
      ...(g.ready.length > 0 && { addresses: addresses(service, g.ready) }),
      ...(g.notReady.length > 0 && { notReadyAddresses: addresses(service, g.notReady) }),
      ...(g.ports.length > 0 && { ports: g.ports.map(({ name, ...p }) => ({ ...(name !== '' && { name }), ...p })) }),
    }))
}

function addresses(service: Service, reached: readonly Reached[]): NonNullable<EndpointSubset['addresses']> {
  return reached
    .toSorted((a, b) => (a.ip < b.ip ? -1 : 1))
    .map(({ ip, pod }) => {
      const hostname = hostnameFor(service, pod)
      return {
        ip,
        ...(hostname !== undefined && { hostname }),
        ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
        targetRef: { kind: 'Pod', namespace: pod.metadata.namespace!, name: pod.metadata.name, uid: pod.metadata.uid },
      }
    })
}

function sorted(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
