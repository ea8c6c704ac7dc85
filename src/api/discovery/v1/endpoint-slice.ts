/** Declares EndpointSlice (discovery/v1). */

import { dns1123Subdomain, ipAddress, portNumber } from '#schema/names.ts'
import { invalidEach, tooMany, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { endpointAddressProblems } from '#api/core/v1/endpoint-address-rules.ts'
import { ObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, list, map, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EndpointConditions extends message(
  'k8s.io.api.discovery.v1.EndpointConditions',
  {
    ready: opt(1, bool, { doc: 'Whether it takes traffic; absent counts as true. False while it terminates.', keepsZero: true }),
    serving: opt(2, bool, { doc: 'Whether it can answer, terminating or not; absent counts as true.', keepsZero: true }),
    terminating: opt(3, bool, { doc: 'Whether it is about to end; absent counts as false.', keepsZero: true }),
  },
  { doc: 'How an endpoint is.' },
) {}

export class ForZone extends message(
  'k8s.io.api.discovery.v1.ForZone',
  {
    name: req(1, string, { doc: 'Name of the zone.' }),
  },
  { doc: 'A zone that should use an endpoint.' },
) {}

export class ForNode extends message(
  'k8s.io.api.discovery.v1.ForNode',
  {
    name: req(1, string, { doc: 'Name of the node.' }),
  },
  { doc: 'A node that should use an endpoint.' },
) {}

export class EndpointHints extends message(
  'k8s.io.api.discovery.v1.EndpointHints',
  {
    forZones: opt(1, list(ForZone, { listType: 'atomic' }), { doc: 'Zones that should use it; at most 8.' }),
    forNodes: opt(2, list(ForNode, { listType: 'atomic' }), { doc: 'Nodes that should use it; at most 8.' }),
  },
  { doc: 'For whom an endpoint is best.' },
) {}

export class Endpoint extends message(
  'k8s.io.api.discovery.v1.Endpoint',
  {
    addresses: req(1, list(string, { listType: 'set' }), { doc: "Its addresses, all of the slice's type; only the first is used." }),
    conditions: val(2, EndpointConditions, { doc: 'How it is.' }),
    hostname: opt(3, string, { doc: 'Host name of it, for DNS.', keepsZero: true }),
    targetRef: opt(4, ObjectReference, { doc: 'Object it belongs to, mostly a pod.', mapType: 'atomic' }),
    deprecatedTopology: opt(5, map(string), { doc: 'What v1beta1 kept as topology; read only. Deprecated.', deprecated: true }),
    nodeName: opt(6, string, { doc: 'Node it is on.', keepsZero: true }),
    zone: opt(7, string, { doc: 'Zone it is in.', keepsZero: true }),
    hints: opt(8, EndpointHints, { doc: 'For whom it is best.' }),
  },
  { doc: 'One endpoint behind a Service.' },
) {}

export class EndpointPort extends message(
  'k8s.io.api.discovery.v1.EndpointPort',
  {
    name: opt(1, string, { doc: "Name of the Service's port; unique in the slice.", keepsZero: true }),
    protocol: opt(2, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP (the default), UDP or SCTP.', default: 'TCP', keepsZero: true }),
    port: opt(3, int32(), { doc: 'Port number; may be absent where there is no Service behind it.', keepsZero: true }),
    appProtocol: opt(4, string, { doc: 'What is spoken there, such as kubernetes.io/h2c; a hint.', keepsZero: true }),
  },
  { doc: 'A port of every endpoint in a slice.', mapType: 'atomic' },
) {}

export class EndpointSlice extends object(
  'k8s.io.api.discovery.v1.EndpointSlice',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    addressType: req(4, oneOf('IPv4', 'IPv6', 'FQDN'), { doc: 'IPv4 or IPv6 (FQDN is deprecated); cannot be changed.', immutable: true }),
    endpoints: opt(2, list(Endpoint, { listType: 'atomic' }), { doc: 'The endpoints; at most 1000.' }),
    ports: opt(3, list(EndpointPort, { listType: 'atomic' }), { doc: 'Ports of every endpoint; at most 100. None at all means no ports.' }),
  },
  { doc: 'A part of the endpoints behind a Service.' },
) {}

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
      for (const [i, address] of (endpoint.addresses ?? []).entries()) {
        errors.push(...invalidEach(`${at}[${i}]`, address, check(address)))
        if (slice.addressType !== 'FQDN') errors.push(...endpointAddressProblems(`${at}[${i}]`, address))
      }
    }
    for (const [index, { port }] of ports.entries())
      if (port !== undefined) errors.push(...invalidEach(`ports[${index}].port`, port, portNumber(port)))
    return errors
  },
})
