/** Declares Endpoints (core/v1). */

import { dns1123Label, ipAddress, portNumber } from '#schema/names.ts'
import { duplicate, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { endpointAddressProblems } from './endpoint-address-rules.ts'
import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, oneOf, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EndpointAddress extends message(
  'k8s.io.api.core.v1.EndpointAddress',
  {
    ip: req(1, string, { doc: 'IP address; not a loopback, link-local or multicast one.' }),
    hostname: opt(3, string, { doc: 'Host name of this endpoint, for DNS.' }),
    nodeName: opt(4, string, { doc: 'Node it is on.', keepsZero: true }),
    targetRef: opt(2, ObjectReference, { doc: 'Object it belongs to, mostly a pod.', mapType: 'atomic' }),
  },
  { doc: 'An address behind a Service.', mapType: 'atomic' },
) {}

export class EndpointPort extends message(
  'k8s.io.api.core.v1.EndpointPort',
  {
    name: opt(1, string, { doc: "Name of the Service's port; demanded if there is more than one." }),
    port: req(2, int32(), { doc: 'Port number.', keepsZero: true }),
    protocol: opt(3, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP (the default), UDP or SCTP.', default: 'TCP' }),
    appProtocol: opt(4, string, { doc: 'What is spoken there, such as kubernetes.io/h2c; a hint.', keepsZero: true }),
  },
  { doc: 'A port behind a Service.', mapType: 'atomic' },
) {}

export class EndpointSubset extends message(
  'k8s.io.api.core.v1.EndpointSubset',
  {
    addresses: opt(1, list(EndpointAddress, { listType: 'atomic' }), { doc: 'Addresses that are ready.' }),
    notReadyAddresses: opt(2, list(EndpointAddress, { listType: 'atomic' }), { doc: 'Addresses that are not ready.' }),
    ports: opt(3, list(EndpointPort, { listType: 'atomic' }), { doc: 'Ports of every address.' }),
  },
  { doc: 'Addresses that all have the same ports.' },
) {}

export class Endpoints extends object(
  'k8s.io.api.core.v1.Endpoints',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    subsets: opt(2, list(EndpointSubset, { listType: 'atomic' }), { doc: 'All addresses, grouped by their ports.' }),
  },
  { doc: 'Addresses behind a Service; superseded by EndpointSlice and deprecated.' },
) {}

export const endpoints = resource(Endpoints, {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  scope: 'Namespaced',
  shortNames: ['ep'],
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [nameColumn, { name: 'Endpoints', type: 'string', description: 'Addresses that are ready.', cell: endpointsText }, ageColumn],
})

/** More than this are counted rather than listed. */
const SHOWN_MAX = 3

function endpointsText({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ ports = [], addresses = [] }) =>
    ports.length === 0
      ? addresses.map((a) => a.ip)
      : ports.flatMap((port) => addresses.map((a) => (a.ip.includes(':') ? `[${a.ip}]:${port.port}` : `${a.ip}:${port.port}`))),
  )
  if (all.length === 0) return '<none>'
  const rest = all.length - SHOWN_MAX
  return all.slice(0, SHOWN_MAX).join(',') + (rest > 0 ? ` + ${rest} more...` : '')
}

rulesFor(EndpointSubset, {
  check(subset, path): FieldError[] {
    const errors: FieldError[] = []
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'))
    for (const [name, list] of [
      ['addresses', addresses],
      ['notReadyAddresses', notReadyAddresses],
    ] as const)
      for (const [index, address] of list.entries())
        if (address.ip) {
          const at = `${path}.${name}[${index}].ip`
          errors.push(...invalidEach(at, address.ip, ipAddress(address.ip)), ...endpointAddressProblems(at, address.ip))
        }
    const names = new Set<string>()
    for (const [index, port] of ports.entries()) {
      const at = `${path}.ports[${index}]`
      if (ports.length > 1 && !port.name) errors.push(required(`${at}.name`))
      else if (port.name) errors.push(...invalidEach(`${at}.name`, port.name, dns1123Label(port.name)))
      if (port.name && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name ?? '')
      errors.push(...invalidEach(`${at}.port`, port.port, portNumber(port.port)))
    }
    return errors
  },
})
