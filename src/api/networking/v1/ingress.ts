/** Declares Ingress (networking/v1). */

import { ingressSpecErrors, ingressStatusErrors } from './ingress-rules.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { TypedLocalObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, int32, list, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceBackendPort extends message(
  'k8s.io.api.networking.v1.ServiceBackendPort',
  {
    name: opt(1, string, { doc: 'Name of the port; not with number.' }),
    number: opt(2, int32(), { doc: 'Number of the port; not with name.' }),
  },
  { doc: 'A port of a Service, by name or number.', mapType: 'atomic' },
) {}

export class IngressServiceBackend extends message(
  'k8s.io.api.networking.v1.IngressServiceBackend',
  {
    name: req(1, string, { doc: 'Name of the Service in the namespace.' }),
    port: opt(2, ServiceBackendPort, { doc: 'The port.', keepsZero: true, mapType: 'atomic' }),
  },
  { doc: 'A port of a Service.' },
) {}

export class IngressBackend extends message(
  'k8s.io.api.networking.v1.IngressBackend',
  {
    service: opt(4, IngressServiceBackend, { doc: 'A Service.' }),
    resource: opt(3, TypedLocalObjectReference, { doc: 'Another object in the namespace.', mapType: 'atomic' }),
  },
  { doc: 'Where requests go; exactly one must be set.' },
) {}

export class IngressTLS extends message(
  'k8s.io.api.networking.v1.IngressTLS',
  {
    hosts: opt(1, list(string, { listType: 'atomic' }), { doc: 'Host names in the certificate.' }),
    secretName: opt(2, string, { doc: 'Secret with key and certificate.' }),
  },
  { doc: 'Hosts that are served over TLS.' },
) {}

export class HTTPIngressPath extends message(
  'k8s.io.api.networking.v1.HTTPIngressPath',
  {
    path: opt(1, string, { doc: 'Path, beginning with /; may be empty for ImplementationSpecific.' }),
    pathType: req(3, string, { doc: 'How the path is compared: Exact, Prefix (by segments) or ImplementationSpecific.', mayBeEmpty: true }),
    backend: req(2, IngressBackend, { doc: 'Where the requests go.', mayBeEmpty: true }),
  },
  { doc: 'Where requests of a path go.' },
) {}

export class HTTPIngressRuleValue extends message(
  'k8s.io.api.networking.v1.HTTPIngressRuleValue',
  {
    paths: req(1, list(HTTPIngressPath, { listType: 'atomic' }), { doc: 'Paths; the longest that matches counts.' }),
  },
  { doc: 'Where HTTP requests go.' },
) {}

export class IngressRuleValue extends message(
  'k8s.io.api.networking.v1.IngressRuleValue',
  {
    http: opt(1, HTTPIngressRuleValue, { doc: 'HTTP requests.' }),
  },
  { doc: 'Where requests go, by protocol.' },
) {}

export class IngressRule extends message(
  'k8s.io.api.networking.v1.IngressRule',
  {
    host: opt(1, string, { doc: 'Host name, where *. may stand for a first label; empty for all hosts.' }),
    ingressRuleValue: inline(2, IngressRuleValue),
  },
  { doc: 'Where requests for a host go.' },
) {}

export class IngressSpec extends message(
  'k8s.io.api.networking.v1.IngressSpec',
  {
    ingressClassName: opt(4, string, { doc: 'IngressClass it is of. The default class by default.', keepsZero: true }),
    defaultBackend: opt(1, IngressBackend, { doc: 'Where requests go that no rule matches.' }),
    tls: opt(2, list(IngressTLS, { listType: 'atomic' }), { doc: 'Hosts that are served over TLS, on port 443.' }),
    rules: opt(3, list(IngressRule, { listType: 'atomic' }), { doc: 'Where requests go, by host.' }),
  },
  { doc: 'What is wanted of an ingress.' },
) {}

export class IngressPortStatus extends message(
  'k8s.io.api.networking.v1.IngressPortStatus',
  {
    port: req(1, int32(), { doc: 'Port number.', keepsZero: true }),
    protocol: req(2, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP, UDP or SCTP.' }),
    error: opt(3, string, { doc: 'What is wrong, as a CamelCase word or with a domain before it.', keepsZero: true }),
  },
  { doc: 'How a port of an ingress fares.' },
) {}

export class IngressLoadBalancerIngress extends message(
  'k8s.io.api.networking.v1.IngressLoadBalancerIngress',
  {
    ip: opt(1, string, { doc: 'IP address, if it has one.' }),
    hostname: opt(2, string, { doc: 'Host name, if it has one.' }),
    ports: opt(4, list(IngressPortStatus, { listType: 'atomic' }), { doc: 'How its ports fare.' }),
  },
  { doc: 'An entry point of an ingress.' },
) {}

export class IngressLoadBalancerStatus extends message(
  'k8s.io.api.networking.v1.IngressLoadBalancerStatus',
  {
    ingress: opt(1, list(IngressLoadBalancerIngress, { listType: 'atomic' }), { doc: 'Entry points for requests.' }),
  },
  { doc: 'What is observed of the load balancer of an ingress.' },
) {}

export class IngressStatus extends message(
  'k8s.io.api.networking.v1.IngressStatus',
  {
    loadBalancer: val(1, IngressLoadBalancerStatus, { doc: 'Its load balancer.' }),
  },
  { doc: 'What is observed of an ingress.' },
) {}

export class Ingress extends object(
  'k8s.io.api.networking.v1.Ingress',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, IngressSpec, { doc: 'What is wanted of the ingress.' }),
    status: val(3, IngressStatus, { doc: 'What is observed of the ingress.' }),
  },
  { doc: 'Leads HTTP requests from outside to Services.' },
) {}

export const ingresses = resource(Ingress, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  shortNames: ['ing'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    {
      name: 'Class',
      type: 'string',
      description: 'Who serves it.',
      cell: (i) => i.spec.ingressClassName ?? i.metadata.annotations?.['kubernetes.io/ingress.class'] ?? '<none>',
    },
    { name: 'Hosts', type: 'string', description: 'Names it answers to.', cell: hostsText },
    {
      name: 'Address',
      type: 'string',
      description: 'Where it is served.',
      cell: (i) => (i.status.loadBalancer.ingress ?? []).map((l) => l.ip || l.hostname || '').join(','),
    },
    { name: 'Ports', type: 'string', description: 'Ports it is served on.', cell: (i) => (i.spec.tls?.length ? '80, 443' : '80') },
    ageColumn,
  ],
})

rulesFor(IngressSpec, { check: ingressSpecErrors })
rulesFor(Ingress, { checkUpdate: (ingress, _old, _path, subresource) => (subresource === 'status' ? ingressStatusErrors(ingress) : []) })

/** More than this are counted rather than listed. */
const SHOWN_MAX = 3

function hostsText({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap((rule) => (rule.host ? [rule.host] : []))
  if (hosts.length === 0) return '*'
  const rest = hosts.length - SHOWN_MAX
  return hosts.slice(0, SHOWN_MAX).join(',') + (rest > 0 ? ` + ${rest} more...` : '')
}
