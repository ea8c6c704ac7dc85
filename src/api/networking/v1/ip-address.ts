/** Declares IPAddress (networking/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, string, val } from '#schema/message.ts'
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
})
