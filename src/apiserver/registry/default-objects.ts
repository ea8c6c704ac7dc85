/** What every cluster has from its first second on: the system's namespaces, priority classes and the API server's own service. */

import { flowControlObjects } from './default-flow-control.ts'
import type { KubeObject } from '#schema/resource.ts'

/** Where clients inside the cluster find the API server. */
export interface AdvertisedAddress {
  readonly address: string
  readonly port: number
}

export interface DefaultObject {
  /** Plural, or plural.group. */
  readonly resource: string
  readonly object: KubeObject
  /** Says something of this server and is brought up to date; others are only made when missing. */
  readonly own?: boolean
}

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const SERVICE_PORT = 443
const SECURE_PORT = 6443

/** `masters`: the addresses of all API servers, where there may be several; they serve on the same port. */
export function defaultObjects(
  serviceAddress: string,
  advertised: AdvertisedAddress | undefined,
  masters: readonly string[] = advertised ? [advertised.address] : [],
): readonly DefaultObject[] {
  return [
    ...NAMESPACES.map((name) => ({ resource: 'namespaces', object: draft({ kind: 'Namespace', apiVersion: 'v1', metadata: { name } }) })),
    priorityClass('system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
    ...flowControlObjects,
    { resource: 'services', object: kubernetesService(serviceAddress, advertised?.port ?? SECURE_PORT) },
    ...(advertised ? mastersObjects(masters, advertised) : []),
  ]
}

/** Where all API servers are. */
export function mastersObjects(masters: readonly string[], { port }: AdvertisedAddress): readonly DefaultObject[] {
  return [
    { resource: 'endpoints', object: kubernetesEndpoints(masters, port), own: true },
    { resource: 'endpointslices.discovery.k8s.io', object: kubernetesSlice(masters, port), own: true },
  ]
}

const NAMED = { name: 'kubernetes', namespace: 'default' }

function kubernetesService(clusterIP: string, targetPort: number): KubeObject {
  return draft({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { ...NAMED, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      ports: [{ name: 'https', protocol: 'TCP', port: SERVICE_PORT, targetPort }],
    },
  })
}

function kubernetesEndpoints(masters: readonly string[], port: number): KubeObject {
  return draft({
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: { ...NAMED, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: masters.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  })
}

function kubernetesSlice(masters: readonly string[], port: number): KubeObject {
  return draft({
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { ...NAMED, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: masters.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  })
}

function priorityClass(name: string, value: number, description: string): DefaultObject {
  return {
    resource: 'priorityclasses.scheduling.k8s.io',
    object: draft({
      kind: 'PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      metadata: { name },
      value,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    }),
  }
}

function draft(object: object): KubeObject {
  return object as KubeObject
}
