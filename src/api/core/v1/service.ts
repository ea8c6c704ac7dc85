/** Declares Service (core/v1). */

import { serviceDefaults, serviceErrors, servicePortDefaults, serviceUpdateErrors } from './service-rules.ts'
import { serviceColumns } from './service-columns.ts'
import { serviceWarnings } from './service-warnings.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, intOrString, list, map, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { dns1035Name, object, resource } from '#schema/resource.ts'

export class ServicePort extends message(
  'k8s.io.api.core.v1.ServicePort',
  {
    name: opt(1, string, { doc: 'Name, unique in the service; demanded if there is more than one port.' }),
    protocol: opt(2, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP (the default), UDP or SCTP.', default: 'TCP' }),
    appProtocol: opt(6, string, { doc: 'What is spoken there, such as kubernetes.io/h2c; a hint.', keepsZero: true }),
    port: req(3, int32(), { doc: "Port number at the service's address.", keepsZero: true }),
    targetPort: opt(4, intOrString, { doc: 'Port of the pods, by number or name. The same as port by default.' }),
    nodePort: opt(5, int32(), { doc: 'Port on every node, for NodePort and LoadBalancer; chosen by the server when absent.' }),
  },
  { doc: 'A port of a Service.' },
) {}

export class ClientIPConfig extends message(
  'k8s.io.api.core.v1.ClientIPConfig',
  {
    timeoutSeconds: opt(1, int32(), { doc: 'Seconds a client stays with a pod, 1 to 86400. 10800 (3 hours) by default.', keepsZero: true }),
  },
  { doc: 'Session affinity by client address.' },
) {}

export class SessionAffinityConfig extends message(
  'k8s.io.api.core.v1.SessionAffinityConfig',
  {
    clientIP: opt(1, ClientIPConfig, { doc: 'Of affinity by client address.' }),
  },
  { doc: 'Details of session affinity.' },
) {}

export class ServiceSpec extends message(
  'k8s.io.api.core.v1.ServiceSpec',
  {
    ports: opt(1, list(ServicePort, { listType: 'map', keys: ['port', 'protocol'], patch: { strategy: 'merge', mergeKey: 'port' } }), {
      doc: 'Ports it offers.',
    }),
    selector: opt(2, map(string), {
      doc: 'Labels of the pods behind it; without one, endpoints must be written by somebody else.',
      mapType: 'atomic',
    }),
    clusterIP: opt(3, string, { doc: 'Address in the cluster, chosen by the server when absent; None for a headless service.' }),
    clusterIPs: opt(18, list(string, { listType: 'atomic' }), {
      doc: 'Addresses in the cluster, at most one of IPv4 and one of IPv6; the first is clusterIP.',
    }),
    type: opt(4, oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'), {
      doc: 'How it is reachable: ClusterIP (the default), NodePort, LoadBalancer or ExternalName.',
      default: 'ClusterIP',
    }),
    externalIPs: opt(5, list(string, { listType: 'atomic' }), {
      doc: 'Further addresses at which nodes take traffic for it; the cluster does not look after them.',
    }),
    sessionAffinity: opt(7, oneOf('None', 'ClientIP'), {
      doc: 'ClientIP to keep a client with one pod, or None (the default).',
      default: 'None',
    }),
    loadBalancerIP: opt(8, string, {
      doc: 'Address to ask the load balancer for; providers use annotations now. Deprecated.',
      deprecated: true,
    }),
    loadBalancerSourceRanges: opt(9, list(string, { listType: 'atomic' }), {
      doc: 'Ranges of client addresses the load balancer lets through. All by default.',
    }),
    externalName: opt(10, string, { doc: 'Name that DNS answers with, for ExternalName.' }),
    externalTrafficPolicy: opt(11, oneOf('Cluster', 'Local'), {
      doc: 'Local to send outside traffic only to pods of the same node and keep client addresses; else Cluster.',
    }),
    healthCheckNodePort: opt(12, int32(), {
      doc: 'Port on every node at which a load balancer asks whether it has pods; for Local policy only.',
    }),
    publishNotReadyAddresses: opt(13, bool, { doc: 'Whether pods that are not ready count as ready. False by default.' }),
    sessionAffinityConfig: opt(14, SessionAffinityConfig, { doc: 'Details of session affinity.' }),
    ipFamilies: opt(19, list(string, { listType: 'atomic' }), {
      doc: 'IPv4, IPv6 or both, the first one first; chosen by the server when absent.',
    }),
    ipFamilyPolicy: opt(17, oneOf('SingleStack', 'PreferDualStack', 'RequireDualStack'), {
      doc: 'SingleStack (the default), PreferDualStack or RequireDualStack.',
      keepsZero: true,
    }),
    allocateLoadBalancerNodePorts: opt(20, bool, {
      doc: 'Whether a LoadBalancer service gets node ports. True by default.',
      keepsZero: true,
    }),
    loadBalancerClass: opt(21, string, {
      doc: "Which load balancer implementation it is for; cannot be changed. The provider's own by default.",
      keepsZero: true,
    }),
    internalTrafficPolicy: opt(22, oneOf('Cluster', 'Local'), {
      doc: 'Local to send inside traffic only to pods of the same node. Cluster by default.',
      keepsZero: true,
    }),
    trafficDistribution: opt(23, string, {
      doc: 'Which pods to prefer: PreferSameZone (also PreferClose) or PreferSameNode.',
      keepsZero: true,
    }),
  },
  { doc: 'What is wanted of a service.' },
) {}

export class PortStatus extends message(
  'k8s.io.api.core.v1.PortStatus',
  {
    port: req(1, int32(), { doc: 'Port number.', keepsZero: true }),
    protocol: req(2, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP, UDP or SCTP.' }),
    error: opt(3, string, { doc: 'What is wrong, as a CamelCase word or with a domain before it.', keepsZero: true }),
  },
  { doc: 'How a port of a load balancer fares.' },
) {}

export class LoadBalancerIngress extends message(
  'k8s.io.api.core.v1.LoadBalancerIngress',
  {
    ip: opt(1, string, { doc: 'IP address, if it has one.' }),
    hostname: opt(2, string, { doc: 'Host name, if it has one.' }),
    ipMode: opt(3, string, {
      doc: "VIP if traffic arrives with the address as destination, Proxy if with the node's; only with ip.",
      keepsZero: true,
    }),
    ports: opt(4, list(PortStatus, { listType: 'atomic' }), { doc: 'How its ports fare.' }),
  },
  { doc: 'An entry point of a load balancer.' },
) {}

export class LoadBalancerStatus extends message(
  'k8s.io.api.core.v1.LoadBalancerStatus',
  {
    ingress: opt(1, list(LoadBalancerIngress, { listType: 'atomic' }), { doc: 'Entry points for traffic.' }),
  },
  { doc: 'What is observed of a load balancer.' },
) {}

export class ServiceStatus extends message(
  'k8s.io.api.core.v1.ServiceStatus',
  {
    loadBalancer: val(1, LoadBalancerStatus, { doc: 'What is observed of its load balancer.' }),
    conditions: opt(2, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of the service.',
    }),
  },
  { doc: 'What is observed of a service.' },
) {}

export class Service extends object(
  'k8s.io.api.core.v1.Service',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ServiceSpec, { doc: 'What is wanted of the service.' }),
    status: val(3, ServiceStatus, { doc: 'What is observed of the service.' }),
  },
  { doc: 'A stable address for a changing set of pods.' },
) {}

export const services = resource(Service, {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  scope: 'Namespaced',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: [
    {
      name: 'proxy',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
    },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
  columns: serviceColumns,
  nameProblems: dns1035Name,
  selectable: { 'spec.clusterIP': (s) => s.spec.clusterIP ?? '', 'spec.type': (s) => s.spec.type ?? '' },
})

rulesFor(ServicePort, { defaults: servicePortDefaults })
rulesFor(Service, { defaults: serviceDefaults, check: serviceErrors, checkUpdate: serviceUpdateErrors, warn: serviceWarnings })
