/** Declares IPAddress (networking/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ParentReference extends message('k8s.io.api.networking.v1.ParentReference', {
  group: opt(1, string),
  resource: req(2, string),
  namespace: opt(3, string),
  name: req(4, string),
}) {}

export class IPAddressSpec extends message('k8s.io.api.networking.v1.IPAddressSpec', {
  parentRef: req(1, ParentReference),
}) {}

export class IPAddress extends object('k8s.io.api.networking.v1.IPAddress', {
  metadata: val(1, ObjectMeta),
  spec: req(2, IPAddressSpec),
}) {}

export const ipAddresses = resource(IPAddress, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  shortNames: ['ip'],
})
