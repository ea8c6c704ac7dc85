/** Declares NetworkPolicy (networking/v1). */

import { networkPolicySpecErrors } from './network-policy-rules.ts'
import { networkWarnings } from '#api/core/v1/address-warnings.ts'
import { selectorText } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, intOrString, list, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class NetworkPolicyPort extends message(
  'k8s.io.api.networking.v1.NetworkPolicyPort',
  {
    protocol: opt(1, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP (the default), UDP or SCTP.', keepsZero: true }),
    port: opt(2, intOrString, { doc: "Port, by number or by name of a pod's port. All by default.", keepsZero: true }),
    endPort: opt(3, int32(), { doc: 'Last port of a range that begins with port; not with a name.', keepsZero: true }),
  },
  { doc: 'A port, or a range of ports.' },
) {}

export class IPBlock extends message(
  'k8s.io.api.networking.v1.IPBlock',
  {
    cidr: req(1, string, { doc: 'The range, such as 192.168.0.0/16 or 2001:db8::/64.' }),
    except: opt(2, list(string, { listType: 'atomic' }), { doc: 'Ranges inside it to leave out.' }),
  },
  { doc: 'A range of IP addresses.' },
) {}

export class NetworkPolicyPeer extends message(
  'k8s.io.api.networking.v1.NetworkPolicyPeer',
  {
    podSelector: opt(1, LabelSelector, {
      doc: 'Chooses pods by their labels, in this namespace or in those of namespaceSelector.',
      mapType: 'atomic',
    }),
    namespaceSelector: opt(2, LabelSelector, { doc: 'Chooses namespaces by their labels; an empty one chooses all.', mapType: 'atomic' }),
    ipBlock: opt(3, IPBlock, { doc: 'A range of IP addresses.' }),
  },
  { doc: 'Whom pods may talk to; an ipBlock stands alone.' },
) {}

export class NetworkPolicyIngressRule extends message(
  'k8s.io.api.networking.v1.NetworkPolicyIngressRule',
  {
    ports: opt(1, list(NetworkPolicyPort, { listType: 'atomic' }), { doc: 'Ports they may get it on. All by default.' }),
    from: opt(2, list(NetworkPolicyPeer, { listType: 'atomic' }), { doc: 'Whom they may get it from. Everybody by default.' }),
  },
  { doc: 'Traffic that pods may get; ports and peers must both match.' },
) {}

export class NetworkPolicyEgressRule extends message(
  'k8s.io.api.networking.v1.NetworkPolicyEgressRule',
  {
    ports: opt(1, list(NetworkPolicyPort, { listType: 'atomic' }), { doc: 'Ports they may send to. All by default.' }),
    to: opt(2, list(NetworkPolicyPeer, { listType: 'atomic' }), { doc: 'Whom they may send to. Everybody by default.' }),
  },
  { doc: 'Traffic that pods may send; ports and peers must both match.' },
) {}

export class NetworkPolicySpec extends message(
  'k8s.io.api.networking.v1.NetworkPolicySpec',
  {
    podSelector: opt(1, LabelSelector, {
      doc: 'Pods it is for, by their labels; an empty one chooses all of the namespace.',
      mapType: 'atomic',
    }),
    ingress: opt(2, list(NetworkPolicyIngressRule, { listType: 'atomic' }), { doc: 'Traffic they may get.' }),
    egress: opt(3, list(NetworkPolicyEgressRule, { listType: 'atomic' }), { doc: 'Traffic they may send.' }),
    policyTypes: opt(4, list(string, { listType: 'atomic' }), {
      doc: 'Ingress, Egress or both. Ingress, and Egress if there are egress rules, by default.',
    }),
  },
  { doc: 'Which traffic some pods may have; what no policy allows is dropped.' },
) {}

export class NetworkPolicy extends object(
  'k8s.io.api.networking.v1.NetworkPolicy',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, NetworkPolicySpec, { doc: 'The pods and their traffic.' }),
  },
  { doc: 'Limits which traffic pods may have.' },
) {}

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

rulesFor(IPBlock, {
  warn: ({ cidr, except = [] }, path) => [
    ...networkWarnings(cidr, `${path}.cidr`),
    ...except.flatMap((part, i) => networkWarnings(part, `${path}.except[${i}]`)),
  ],
})

rulesFor(NetworkPolicySpec, {
  check: networkPolicySpecErrors,
  defaults: ({ policyTypes, egress }) =>
    policyTypes?.length ? undefined : { policyTypes: egress?.length ? ['Ingress', 'Egress'] : ['Ingress'] },
})
