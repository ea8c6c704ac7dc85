/** Declares IPAddress (networking/v1). */

import { IMMUTABLE, invalid, invalidEach } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Subdomain, ipAddress, pathSegment } from '#schema/names.ts'
import { nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ParentReference extends message(
  'k8s.io.api.networking.v1.ParentReference',
  {
    group: opt(1, string, { doc: 'API group of the object; empty for the core group.' }),
    resource: req(2, string, { doc: 'Resource of the object.' }),
    namespace: opt(3, string, { doc: 'Namespace of the object.' }),
    name: req(4, string, { doc: 'Name of the object.' }),
  },
  { doc: 'Names an object that has an IP address.' },
) {}

export class IPAddressSpec extends message(
  'k8s.io.api.networking.v1.IPAddressSpec',
  {
    parentRef: req(1, ParentReference, { doc: 'Object that has it.' }),
  },
  { doc: 'What an IP address is taken for.' },
) {}

export class IPAddress extends object(
  'k8s.io.api.networking.v1.IPAddress',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, IPAddressSpec, { doc: 'What it is taken for.' }),
  },
  { doc: 'An IP address that is taken; named by the address itself.' },
) {}

export const ipAddresses = resource(IPAddress, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  shortNames: ['ip'],
  nameProblems: (name) => ipAddress(name),
  columns: [nameColumn, { name: 'ParentRef', type: 'string', description: 'What has it.', cell: parentText }],
})

rulesFor(ParentReference, {
  check: ({ group, resource: plural, namespace, name }, path) => [
    ...(group ? invalidEach(`${path}.group`, group, dns1123Subdomain(group)) : []),
    ...(plural ? invalidEach(`${path}.resource`, plural, pathSegment(plural)) : []),
    ...(name ? invalidEach(`${path}.name`, name, pathSegment(name)) : []),
    ...(namespace ? invalidEach(`${path}.namespace`, namespace, pathSegment(namespace)) : []),
  ],
})
rulesFor(IPAddress, {
  checkUpdate: ({ spec }, old) =>
    sameJson(spec?.parentRef ?? null, old.spec?.parentRef ?? null) ? [] : [invalid('spec.parentRef', spec?.parentRef, IMMUTABLE)],
})

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef
  if (parent === undefined) return '<none>'
  const { group, resource: plural, namespace, name } = parent
  return [`${plural}${group ? `.${group}` : ''}`.toLowerCase(), ...(namespace ? [namespace] : []), name].join('/')
}
