/** Declares ServiceCIDR (networking/v1). */

import { IMMUTABLE, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { cidr } from '#schema/names.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, rulesFor, string, val } from '#schema/message.ts'
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
  columns: [
    nameColumn,
    { name: 'CIDRs', type: 'string', description: 'Its ranges.', cell: ({ spec }) => (spec.cidrs ?? []).join(',') },
    ageColumn,
  ],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(ServiceCIDRSpec, { check: ({ cidrs = [] }, path) => rangeErrors(cidrs, `${path}.cidrs`) })
rulesFor(ServiceCIDR, { checkUpdate: ({ spec }, old) => changeErrors(spec.cidrs ?? [], old.spec.cidrs ?? []) })

function rangeErrors(cidrs: readonly string[], path: string): FieldError[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(path, { cidrs }, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((text, i) => invalidEach(`${path}[${i}]`, text, cidr(text)))
  const [first, second] = cidrs
  if (errors.length === 0 && second !== undefined && first!.includes(':') === second.includes(':'))
    return [invalid(path, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
  return errors
}

/** Only a range of the other family may be added. */
function changeErrors(cidrs: readonly string[], old: readonly string[]): FieldError[] {
  const at = 'spec.cidrs'
  if (cidrs.length !== old.length && !(old.length === 1 && cidrs.length === 2)) return [invalid(at, cidrs, IMMUTABLE)]
  return old.flatMap((text, i) => (cidrs[i] === text ? [] : [invalid(`${at}[${i}]`, cidrs[i], IMMUTABLE)]))
}
