/** Declares NetworkPolicy (networking/v1). */

import { selectorText } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, intOrString, list, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class NetworkPolicyPort extends message('k8s.io.api.networking.v1.NetworkPolicyPort', {
  protocol: opt(1, oneOf('TCP', 'UDP', 'SCTP'), { keepsZero: true }),
  port: opt(2, intOrString, { keepsZero: true }),
  endPort: opt(3, int32(), { keepsZero: true }),
}) {}

export class IPBlock extends message('k8s.io.api.networking.v1.IPBlock', {
  cidr: req(1, string),
  except: opt(2, list(string, { listType: 'atomic' })),
}) {}

export class NetworkPolicyPeer extends message('k8s.io.api.networking.v1.NetworkPolicyPeer', {
  podSelector: opt(1, LabelSelector, { mapType: 'atomic' }),
  namespaceSelector: opt(2, LabelSelector, { mapType: 'atomic' }),
  ipBlock: opt(3, IPBlock),
}) {}

export class NetworkPolicyIngressRule extends message('k8s.io.api.networking.v1.NetworkPolicyIngressRule', {
  ports: opt(1, list(NetworkPolicyPort, { listType: 'atomic' })),
  from: opt(2, list(NetworkPolicyPeer, { listType: 'atomic' })),
}) {}

export class NetworkPolicyEgressRule extends message('k8s.io.api.networking.v1.NetworkPolicyEgressRule', {
  ports: opt(1, list(NetworkPolicyPort, { listType: 'atomic' })),
  to: opt(2, list(NetworkPolicyPeer, { listType: 'atomic' })),
}) {}

export class NetworkPolicySpec extends message('k8s.io.api.networking.v1.NetworkPolicySpec', {
  podSelector: opt(1, LabelSelector, { mapType: 'atomic' }),
  ingress: opt(2, list(NetworkPolicyIngressRule, { listType: 'atomic' })),
  egress: opt(3, list(NetworkPolicyEgressRule, { listType: 'atomic' })),
  policyTypes: opt(4, list(string, { listType: 'atomic' })),
}) {}

export class NetworkPolicy extends object('k8s.io.api.networking.v1.NetworkPolicy', {
  metadata: val(1, ObjectMeta),
  spec: val(2, NetworkPolicySpec),
}) {}

export const networkPolicies = resource(NetworkPolicy, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  scope: 'Namespaced',
  shortNames: ['netpol'],
  columns: [
    nameColumn,
    { name: 'Pod-Selector', type: 'string', description: 'Which pods it is about.', cell: (n) => selectorText(n.spec.podSelector) },
    ageColumn,
  ],
})

rulesFor(NetworkPolicyPort, { defaults: ({ protocol }) => (protocol === undefined ? { protocol: 'TCP' as const } : undefined) })

rulesFor(NetworkPolicySpec, {
  defaults: ({ policyTypes, egress }) =>
    policyTypes?.length ? undefined : { policyTypes: egress?.length ? ['Ingress', 'Egress'] : ['Ingress'] },
})
