/** Declares EndpointSlice (discovery/v1). */

import { dns1123Subdomain, ipAddress, portNumber } from '#schema/names.ts'
import { invalidEach, tooMany, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, list, map, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EndpointConditions extends message('k8s.io.api.discovery.v1.EndpointConditions', {
  ready: opt(1, bool, { keepsZero: true }),
  serving: opt(2, bool, { keepsZero: true }),
  terminating: opt(3, bool, { keepsZero: true }),
}) {}

export class ForZone extends message('k8s.io.api.discovery.v1.ForZone', {
  name: req(1, string),
}) {}

export class ForNode extends message('k8s.io.api.discovery.v1.ForNode', {
  name: req(1, string),
}) {}

export class EndpointHints extends message('k8s.io.api.discovery.v1.EndpointHints', {
  forZones: opt(1, list(ForZone, { listType: 'atomic' })),
  forNodes: opt(2, list(ForNode, { listType: 'atomic' })),
}) {}

export class Endpoint extends message('k8s.io.api.discovery.v1.Endpoint', {
  addresses: req(1, list(string, { listType: 'set' })),
  conditions: val(2, EndpointConditions),
  hostname: opt(3, string, { keepsZero: true }),
  targetRef: opt(4, ObjectReference, { mapType: 'atomic' }),
  deprecatedTopology: opt(5, map(string)),
  nodeName: opt(6, string, { keepsZero: true }),
  zone: opt(7, string, { keepsZero: true }),
  hints: opt(8, EndpointHints),
}) {}

export class EndpointPort extends message(
  'k8s.io.api.discovery.v1.EndpointPort',
  {
    name: opt(1, string, { keepsZero: true }),
    protocol: opt(2, oneOf('TCP', 'UDP', 'SCTP'), { default: 'TCP', keepsZero: true }),
    port: opt(3, int32(), { keepsZero: true }),
    appProtocol: opt(4, string, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class EndpointSlice extends object('k8s.io.api.discovery.v1.EndpointSlice', {
  metadata: val(1, ObjectMeta),
  addressType: req(4, oneOf('IPv4', 'IPv6', 'FQDN'), { immutable: true }),
  endpoints: opt(2, list(Endpoint, { listType: 'atomic' })),
  ports: opt(3, list(EndpointPort, { listType: 'atomic' })),
}) {}

export const endpointSlices = resource(EndpointSlice, {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', description: 'What sort its addresses are of.', cell: (s) => s.addressType },
    {
      name: 'Ports',
      type: 'string',
      description: 'Ports of its endpoints.',
      cell: (s) =>
        shortList(
          (s.ports ?? []).map((p) => (p.port === undefined ? '*' : String(p.port))),
          '<unset>',
        ),
    },
    {
      name: 'Endpoints',
      type: 'string',
      description: 'Addresses of its endpoints.',
      cell: (s) =>
        shortList(
          (s.endpoints ?? []).flatMap((e) => e.addresses),
          '<unset>',
        ),
    },
    ageColumn,
  ],
})

/** More than this are counted rather than listed. */
const SHOWN_MAX = 3
const ENDPOINTS_MAX = 1000
const PORTS_MAX = 100
const ADDRESSES_MAX = 100

function shortList(list: readonly string[], none: string): string {
  if (list.length === 0) return none
  const rest = list.length - SHOWN_MAX
  return list.slice(0, SHOWN_MAX).join(',') + (rest > 0 ? ` + ${rest} more...` : '')
}

rulesFor(EndpointPort, { defaults: (port) => (port.name === undefined ? { name: '' } : undefined) })

rulesFor(EndpointSlice, {
  check(slice): FieldError[] {
    const errors: FieldError[] = []
    const { endpoints = [], ports = [] } = slice
    if (endpoints.length > ENDPOINTS_MAX) errors.push(tooMany('endpoints', endpoints.length, ENDPOINTS_MAX))
    if (ports.length > PORTS_MAX) errors.push(tooMany('ports', ports.length, PORTS_MAX))
    for (const [index, endpoint] of endpoints.entries()) {
      const at = `endpoints[${index}].addresses`
      if ((endpoint.addresses?.length ?? 0) > ADDRESSES_MAX) errors.push(tooMany(at, endpoint.addresses.length, ADDRESSES_MAX))
      const check = slice.addressType === 'FQDN' ? dns1123Subdomain : ipAddress
      for (const [i, address] of (endpoint.addresses ?? []).entries()) errors.push(...invalidEach(`${at}[${i}]`, address, check(address)))
    }
    for (const [index, { port }] of ports.entries())
      if (port !== undefined) errors.push(...invalidEach(`ports[${index}].port`, port, portNumber(port)))
    return errors
  },
})
