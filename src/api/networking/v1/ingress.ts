/** Declares Ingress (networking/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { TypedLocalObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, int32, list, message, oneOf, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceBackendPort extends message(
  'k8s.io.api.networking.v1.ServiceBackendPort',
  {
    name: opt(1, string),
    number: opt(2, int32()),
  },
  { mapType: 'atomic' },
) {}

export class IngressServiceBackend extends message('k8s.io.api.networking.v1.IngressServiceBackend', {
  name: req(1, string),
  port: opt(2, ServiceBackendPort, { keepsZero: true, mapType: 'atomic' }),
}) {}

export class IngressBackend extends message('k8s.io.api.networking.v1.IngressBackend', {
  service: opt(4, IngressServiceBackend),
  resource: opt(3, TypedLocalObjectReference, { mapType: 'atomic' }),
}) {}

export class IngressTLS extends message('k8s.io.api.networking.v1.IngressTLS', {
  hosts: opt(1, list(string, { listType: 'atomic' })),
  secretName: opt(2, string),
}) {}

export class HTTPIngressPath extends message('k8s.io.api.networking.v1.HTTPIngressPath', {
  path: opt(1, string),
  pathType: req(3, string),
  backend: req(2, IngressBackend),
}) {}

export class HTTPIngressRuleValue extends message('k8s.io.api.networking.v1.HTTPIngressRuleValue', {
  paths: req(1, list(HTTPIngressPath, { listType: 'atomic' })),
}) {}

export class IngressRuleValue extends message('k8s.io.api.networking.v1.IngressRuleValue', {
  http: opt(1, HTTPIngressRuleValue),
}) {}

export class IngressRule extends message('k8s.io.api.networking.v1.IngressRule', {
  host: opt(1, string),
  ingressRuleValue: inline(2, IngressRuleValue),
}) {}

export class IngressSpec extends message('k8s.io.api.networking.v1.IngressSpec', {
  ingressClassName: opt(4, string, { keepsZero: true }),
  defaultBackend: opt(1, IngressBackend),
  tls: opt(2, list(IngressTLS, { listType: 'atomic' })),
  rules: opt(3, list(IngressRule, { listType: 'atomic' })),
}) {}

export class IngressPortStatus extends message('k8s.io.api.networking.v1.IngressPortStatus', {
  port: req(1, int32(), { keepsZero: true }),
  protocol: req(2, oneOf('TCP', 'UDP', 'SCTP')),
  error: opt(3, string, { keepsZero: true }),
}) {}

export class IngressLoadBalancerIngress extends message('k8s.io.api.networking.v1.IngressLoadBalancerIngress', {
  ip: opt(1, string),
  hostname: opt(2, string),
  ports: opt(4, list(IngressPortStatus, { listType: 'atomic' })),
}) {}

export class IngressLoadBalancerStatus extends message('k8s.io.api.networking.v1.IngressLoadBalancerStatus', {
  ingress: opt(1, list(IngressLoadBalancerIngress, { listType: 'atomic' })),
}) {}

export class IngressStatus extends message('k8s.io.api.networking.v1.IngressStatus', {
  loadBalancer: val(1, IngressLoadBalancerStatus),
}) {}

export class Ingress extends object('k8s.io.api.networking.v1.Ingress', {
  metadata: val(1, ObjectMeta),
  spec: val(2, IngressSpec),
  status: val(3, IngressStatus),
}) {}

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

/** More than this are counted rather than listed. */
const SHOWN_MAX = 3

function hostsText({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap((rule) => (rule.host ? [rule.host] : []))
  if (hosts.length === 0) return '*'
  const rest = hosts.length - SHOWN_MAX
  return hosts.slice(0, SHOWN_MAX).join(',') + (rest > 0 ? ` + ${rest} more...` : '')
}
