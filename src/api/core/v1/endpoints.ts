/** Declares Endpoints (core/v1). */

import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, oneOf, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EndpointAddress extends message(
  'k8s.io.api.core.v1.EndpointAddress',
  {
    ip: req(1, string),
    hostname: opt(3, string),
    nodeName: opt(4, string, { keepsZero: true }),
    targetRef: opt(2, ObjectReference, { mapType: 'atomic' }),
  },
  { mapType: 'atomic' },
) {}

export class EndpointPort extends message(
  'k8s.io.api.core.v1.EndpointPort',
  {
    name: opt(1, string),
    port: req(2, int32(), { keepsZero: true }),
    protocol: opt(3, oneOf('TCP', 'UDP', 'SCTP'), { default: 'TCP' }),
    appProtocol: opt(4, string, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class EndpointSubset extends message('k8s.io.api.core.v1.EndpointSubset', {
  addresses: opt(1, list(EndpointAddress, { listType: 'atomic' })),
  notReadyAddresses: opt(2, list(EndpointAddress, { listType: 'atomic' })),
  ports: opt(3, list(EndpointPort, { listType: 'atomic' })),
}) {}

export class Endpoints extends object('k8s.io.api.core.v1.Endpoints', {
  metadata: val(1, ObjectMeta),
  subsets: opt(2, list(EndpointSubset, { listType: 'atomic' })),
}) {}

export const endpoints = resource(Endpoints, {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  scope: 'Namespaced',
  shortNames: ['ep'],
})
