/** What Endpoints and EndpointSlices share: which pods a Service reaches, at which ports, and in what state. */

import { nodes } from '#api/core/v1/node.ts'
import { pods as podResource, type Pod } from '#api/core/v1/pod.ts'
import { services, type Service, type ServicePort } from '#api/core/v1/service.ts'
import type { Key } from '#client/informer.ts'
import { selectorFromSet } from '#schema/selector.ts'
import type { Cache, IndexRule, WatchRule } from './controller.ts'
import { isReady } from './pods.ts'

/** A pod as a Service reaches it. */
export interface Reached {
  readonly pod: Pod
  readonly ip: string
  readonly ports: readonly ResolvedPort[]
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly zone: string | undefined
}

export interface ResolvedPort {
  readonly name: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly appProtocol?: string
}

/** Pods that match the Service's selector, have an address and have not finished, in order of name. */
export function reachedPods(service: Service, cache: Cache): readonly Reached[] {
  const wanted = Object.entries(service.spec.selector ?? {})
  const first = wanted[0]
  if (first === undefined) return []
  const selector = selectorFromSet(service.spec.selector ?? {})
  return cache
    .of(podResource)
    .by('label', labelValue(service.metadata.namespace, ...first))
    .filter(
      (p) =>
        selector.matches(p.metadata.labels ?? {}) &&
        p.status.podIP !== undefined &&
        p.status.phase !== 'Succeeded' &&
        p.status.phase !== 'Failed',
    )
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((pod) => reach(service, pod, cache))
}

/** Pods by each of their labels: what a Service selects is found without looking at all the others of the namespace. */
export const podLabelIndex: IndexRule = {
  resource: podResource,
  name: 'label',
  values: ({ metadata }) => Object.entries(metadata.labels ?? {}).map(([k, v]) => labelValue(metadata.namespace, k, v)),
}

function labelValue(namespace: string | undefined, key: string, value: string): string {
  return `${namespace}/${key}=${value}`
}

function reach(service: Service, pod: Pod, cache: Cache): Reached {
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const serving = isReady(pod)
  const node = pod.spec.nodeName ? cache.get(nodes, pod.spec.nodeName) : undefined
  return {
    pod,
    ip: pod.status.podIP!,
    ports: (service.spec.ports ?? []).flatMap((p) => resolve(p, pod) ?? []),
    ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
    serving,
    terminating,
    zone: node?.metadata.labels?.['topology.kubernetes.io/zone'],
  }
}

/** The pod's port that a Service port means; undefined when it names one the pod does not have. */
function resolve(port: ServicePort, pod: Pod): ResolvedPort | undefined {
  const rest = {
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
  }
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return { ...rest, port: target === 0 ? port.port : target }
  const sidecars = pod.spec.initContainers?.filter((c) => c.restartPolicy === 'Always') ?? []
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find((p) => p.name === target && (p.protocol ?? 'TCP') === rest.protocol)
    if (found !== undefined) return { ...rest, port: found.containerPort }
  }
  return undefined
}

/** The host name DNS gives the pod below a headless Service. */
export function hostnameFor(service: Service, pod: Pod): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined
}

/** A changed pod concerns the Services that select it. */
export const selectedByService: WatchRule = {
  resource: podResource,
  keys: (pod, cache): readonly Key[] =>
    cache
      .of(services)
      .list(pod.metadata.namespace)
      .filter((s) => hasSelector(s) && selectorFromSet(s.spec.selector!).matches(pod.metadata.labels ?? {}))
      .map((s) => `${s.metadata.namespace}/${s.metadata.name}`),
}

/** Without a selector the endpoints are somebody else's to write. */
export function hasSelector(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && service.spec.selector !== undefined && Object.keys(service.spec.selector).length > 0
}
