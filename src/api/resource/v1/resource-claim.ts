/** Declares ResourceClaim (resource/v1). */

import { NodeSelector } from '#api/core/v1/node-selector.ts'
import { DeviceRequest, DeviceToleration } from './device-request.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, inline, list, map, message, opt, quantity, raw, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class DeviceConstraint extends message('k8s.io.api.resource.v1.DeviceConstraint', {
  requests: opt(1, list(string, { listType: 'atomic' })),
  matchAttribute: opt(2, string, { keepsZero: true }),
  distinctAttribute: opt(3, string, { keepsZero: true }),
}) {}

export class OpaqueDeviceConfiguration extends message('k8s.io.api.resource.v1.OpaqueDeviceConfiguration', {
  driver: req(1, string),
  parameters: req(2, raw),
}) {}

export class DeviceConfiguration extends message('k8s.io.api.resource.v1.DeviceConfiguration', {
  opaque: opt(1, OpaqueDeviceConfiguration),
}) {}

export class DeviceClaimConfiguration extends message('k8s.io.api.resource.v1.DeviceClaimConfiguration', {
  requests: opt(1, list(string, { listType: 'atomic' })),
  deviceConfiguration: inline(2, DeviceConfiguration),
}) {}

export class DeviceClaim extends message('k8s.io.api.resource.v1.DeviceClaim', {
  requests: opt(1, list(DeviceRequest, { listType: 'atomic' })),
  constraints: opt(2, list(DeviceConstraint, { listType: 'atomic' })),
  config: opt(3, list(DeviceClaimConfiguration, { listType: 'atomic' })),
}) {}

export class ResourceClaimSpec extends message('k8s.io.api.resource.v1.ResourceClaimSpec', {
  devices: opt(1, DeviceClaim),
}) {}

export class DeviceRequestAllocationResult extends message('k8s.io.api.resource.v1.DeviceRequestAllocationResult', {
  request: req(1, string),
  driver: req(2, string),
  pool: req(3, string),
  device: req(4, string),
  adminAccess: opt(5, bool, { keepsZero: true }),
  tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' })),
  bindingConditions: opt(7, list(string, { listType: 'atomic' })),
  bindingFailureConditions: opt(8, list(string, { listType: 'atomic' })),
  shareID: opt(9, string, { keepsZero: true }),
  consumedCapacity: opt(10, map(quantity)),
}) {}

export class DeviceAllocationConfiguration extends message('k8s.io.api.resource.v1.DeviceAllocationConfiguration', {
  source: req(1, string),
  requests: opt(2, list(string, { listType: 'atomic' })),
  deviceConfiguration: inline(3, DeviceConfiguration),
}) {}

export class DeviceAllocationResult extends message('k8s.io.api.resource.v1.DeviceAllocationResult', {
  results: opt(1, list(DeviceRequestAllocationResult, { listType: 'atomic' })),
  config: opt(2, list(DeviceAllocationConfiguration, { listType: 'atomic' })),
}) {}

export class AllocationResult extends message('k8s.io.api.resource.v1.AllocationResult', {
  devices: opt(1, DeviceAllocationResult),
  nodeSelector: opt(3, NodeSelector, { mapType: 'atomic' }),
  allocationTimestamp: opt(5, time),
}) {}

export class ResourceClaimConsumerReference extends message('k8s.io.api.resource.v1.ResourceClaimConsumerReference', {
  apiGroup: opt(1, string),
  resource: req(3, string),
  name: req(4, string),
  uid: req(5, string),
}) {}

export class NetworkDeviceData extends message('k8s.io.api.resource.v1.NetworkDeviceData', {
  interfaceName: opt(1, string),
  ips: opt(2, list(string, { listType: 'atomic' })),
  hardwareAddress: opt(3, string),
}) {}

export class AllocatedDeviceStatus extends message('k8s.io.api.resource.v1.AllocatedDeviceStatus', {
  driver: req(1, string),
  pool: req(2, string),
  device: req(3, string),
  shareID: opt(7, string, { keepsZero: true }),
  conditions: opt(4, list(Condition, { listType: 'map', keys: ['type'] })),
  data: opt(5, raw),
  networkData: opt(6, NetworkDeviceData),
}) {}

export class ResourceClaimStatus extends message('k8s.io.api.resource.v1.ResourceClaimStatus', {
  allocation: opt(1, AllocationResult),
  reservedFor: opt(
    2,
    list(ResourceClaimConsumerReference, { listType: 'map', keys: ['uid'], patch: { strategy: 'merge', mergeKey: 'uid' } }),
  ),
  devices: opt(4, list(AllocatedDeviceStatus, { listType: 'map', keys: ['driver', 'device', 'pool', 'shareID'] })),
}) {}

export class ResourceClaim extends object('k8s.io.api.resource.v1.ResourceClaim', {
  metadata: val(1, ObjectMeta),
  spec: req(2, ResourceClaimSpec),
  status: val(3, ResourceClaimStatus),
}) {}

export const resourceClaims = resource(ResourceClaim, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
