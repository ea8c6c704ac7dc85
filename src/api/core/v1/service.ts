/** Declares Service (core/v1). */

import { serviceDefaults, serviceErrors, servicePortDefaults, serviceUpdateErrors } from './service-rules.ts'
import { serviceColumns } from './service-columns.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, intOrString, list, map, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { dns1035Name, object, resource } from '#schema/resource.ts'

export class ServicePort extends message('k8s.io.api.core.v1.ServicePort', {
  name: opt(1, string),
  protocol: opt(2, oneOf('TCP', 'UDP', 'SCTP'), { default: 'TCP' }),
  appProtocol: opt(6, string, { keepsZero: true }),
  port: req(3, int32(), { keepsZero: true }),
  targetPort: opt(4, intOrString),
  nodePort: opt(5, int32()),
}) {}

export class ClientIPConfig extends message('k8s.io.api.core.v1.ClientIPConfig', {
  timeoutSeconds: opt(1, int32(), { keepsZero: true }),
}) {}

export class SessionAffinityConfig extends message('k8s.io.api.core.v1.SessionAffinityConfig', {
  clientIP: opt(1, ClientIPConfig),
}) {}

export class ServiceSpec extends message('k8s.io.api.core.v1.ServiceSpec', {
  ports: opt(1, list(ServicePort, { listType: 'map', keys: ['port', 'protocol'], patch: { strategy: 'merge', mergeKey: 'port' } })),
  selector: opt(2, map(string), { mapType: 'atomic' }),
  clusterIP: opt(3, string),
  clusterIPs: opt(18, list(string, { listType: 'atomic' })),
  type: opt(4, oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'), { default: 'ClusterIP' }),
  externalIPs: opt(5, list(string, { listType: 'atomic' })),
  sessionAffinity: opt(7, oneOf('None', 'ClientIP'), { default: 'None' }),
  loadBalancerIP: opt(8, string),
  loadBalancerSourceRanges: opt(9, list(string, { listType: 'atomic' })),
  externalName: opt(10, string),
  externalTrafficPolicy: opt(11, oneOf('Cluster', 'Local')),
  healthCheckNodePort: opt(12, int32()),
  publishNotReadyAddresses: opt(13, bool),
  sessionAffinityConfig: opt(14, SessionAffinityConfig),
  ipFamilies: opt(19, list(string, { listType: 'atomic' })),
  ipFamilyPolicy: opt(17, oneOf('SingleStack', 'PreferDualStack', 'RequireDualStack'), { keepsZero: true }),
  allocateLoadBalancerNodePorts: opt(20, bool, { keepsZero: true }),
  loadBalancerClass: opt(21, string, { keepsZero: true }),
  internalTrafficPolicy: opt(22, oneOf('Cluster', 'Local'), { keepsZero: true }),
  trafficDistribution: opt(23, string, { keepsZero: true }),
}) {}

export class PortStatus extends message('k8s.io.api.core.v1.PortStatus', {
  port: req(1, int32(), { keepsZero: true }),
  protocol: req(2, oneOf('TCP', 'UDP', 'SCTP')),
  error: opt(3, string, { keepsZero: true }),
}) {}

export class LoadBalancerIngress extends message('k8s.io.api.core.v1.LoadBalancerIngress', {
  ip: opt(1, string),
  hostname: opt(2, string),
  ipMode: opt(3, string, { keepsZero: true }),
  ports: opt(4, list(PortStatus, { listType: 'atomic' })),
}) {}

export class LoadBalancerStatus extends message('k8s.io.api.core.v1.LoadBalancerStatus', {
  ingress: opt(1, list(LoadBalancerIngress, { listType: 'atomic' })),
}) {}

export class ServiceStatus extends message('k8s.io.api.core.v1.ServiceStatus', {
  loadBalancer: val(1, LoadBalancerStatus),
  conditions: opt(2, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class Service extends object('k8s.io.api.core.v1.Service', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ServiceSpec),
  status: val(3, ServiceStatus),
}) {}

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
rulesFor(Service, { defaults: serviceDefaults, check: serviceErrors, checkUpdate: serviceUpdateErrors })
