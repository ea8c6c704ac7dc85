/** Declares ServiceCIDR (networking/v1). */

import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceCIDRSpec extends message(
  'k8s.io.api.networking.v1.ServiceCIDRSpec',
  {
    cidrs: opt(1, list(string, { listType: 'atomic' }), { doc: 'Ranges, at most one of IPv4 and one of IPv6; cannot be changed.' }),
  },
  { doc: 'A range for Services.' },
) {}

export class ServiceCIDRStatus extends message(
  'k8s.io.api.networking.v1.ServiceCIDRStatus',
  {
    conditions: opt(1, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed, such as Ready.',
    }),
  },
  { doc: 'What is observed of a range for Services.' },
) {}

export class ServiceCIDR extends object(
  'k8s.io.api.networking.v1.ServiceCIDR',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ServiceCIDRSpec, { doc: 'The range.' }),
    status: val(3, ServiceCIDRStatus, { doc: 'What is observed of it.' }),
  },
  { doc: 'A range from which Services get their addresses.' },
) {}

export const serviceCIDRs = resource(ServiceCIDR, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
