/** Declares ResourceClaim (resource/v1). */

import { NodeSelector } from '#api/core/v1/node-selector.ts'
import { claimStatusErrors, specUpdateErrors } from './claim-rules.ts'
import { DeviceRequest, DeviceToleration } from './device-request.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, inline, list, map, message, opt, quantity, raw, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class DeviceConstraint extends message(
  'k8s.io.api.resource.v1.DeviceConstraint',
  {
    requests: opt(1, list(string, { listType: 'atomic' }), { doc: 'Requests whose devices it is on; all when empty.' }),
    matchAttribute: opt(2, string, { doc: 'Attribute that must be the same on all devices.', keepsZero: true }),
    distinctAttribute: opt(3, string, { doc: 'Attribute that must differ on all devices.', keepsZero: true }),
  },
  { doc: 'A demand on several devices together; exactly one attribute must be set.' },
) {}

export class OpaqueDeviceConfiguration extends message(
  'k8s.io.api.resource.v1.OpaqueDeviceConfiguration',
  {
    driver: req(1, string, { doc: 'Name of the driver.' }),
    parameters: req(2, raw, { doc: "The settings, as an object of the driver's own kind; up to 10 KiB." }),
  },
  { doc: 'Settings that only a driver understands.' },
) {}

export class DeviceConfiguration extends message(
  'k8s.io.api.resource.v1.DeviceConfiguration',
  {
    opaque: opt(1, OpaqueDeviceConfiguration, { doc: 'Settings that only the driver understands.' }),
  },
  { doc: 'Settings for devices; exactly one must be set.' },
) {}

export class DeviceClaimConfiguration extends message(
  'k8s.io.api.resource.v1.DeviceClaimConfiguration',
  {
    requests: opt(1, list(string, { listType: 'atomic' }), { doc: 'Requests they are for; all when empty.' }),
    deviceConfiguration: inline(2, DeviceConfiguration),
  },
  { doc: 'Settings for devices of a claim.' },
) {}

export class DeviceClaim extends message(
  'k8s.io.api.resource.v1.DeviceClaim',
  {
    requests: opt(1, list(DeviceRequest, { listType: 'atomic' }), { doc: 'The devices, each request to be met; at most 32.' }),
    constraints: opt(2, list(DeviceConstraint, { listType: 'atomic' }), {
      doc: 'Demands on devices of several requests together; at most 32.',
    }),
    config: opt(3, list(DeviceClaimConfiguration, { listType: 'atomic' }), { doc: 'Settings for the devices; at most 32.' }),
  },
  { doc: 'Devices that are wanted.' },
) {}

export class ResourceClaimSpec extends message(
  'k8s.io.api.resource.v1.ResourceClaimSpec',
  {
    devices: opt(1, DeviceClaim, { doc: 'The devices.' }),
  },
  { doc: 'What is wanted of a claim.' },
) {}

export class DeviceRequestAllocationResult extends message(
  'k8s.io.api.resource.v1.DeviceRequestAllocationResult',
  {
    request: req(1, string, { doc: 'Name of the request, or request/choice.' }),
    driver: req(2, string, { doc: 'Name of the driver.' }),
    pool: req(3, string, { doc: 'Pool of the device.' }),
    device: req(4, string, { doc: 'Name of the device in the pool.' }),
    adminAccess: opt(5, bool, { doc: 'Whether it was given for looking after it. False by default.', keepsZero: true }),
    tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' }), { doc: 'Tolerations the request had when it was given.' }),
    bindingConditions: opt(7, list(string, { listType: 'atomic' }), {
      doc: 'Conditions that must be true before a pod is bound; at most 4.',
    }),
    bindingFailureConditions: opt(8, list(string, { listType: 'atomic' }), {
      doc: 'Conditions any of which, when true, means that binding failed; at most 4.',
    }),
    shareID: opt(9, string, { doc: 'Share of the device, where it is shared.', keepsZero: true }),
    consumedCapacity: opt(10, map(quantity), { doc: 'Capacity that is taken, by name, where the device is shared.' }),
  },
  { doc: 'A device that was given to a request.' },
) {}

export class DeviceAllocationConfiguration extends message(
  'k8s.io.api.resource.v1.DeviceAllocationConfiguration',
  {
    source: req(1, string, { doc: 'FromClass or FromClaim.' }),
    requests: opt(2, list(string, { listType: 'atomic' }), { doc: 'Requests they are for; all when empty.' }),
    deviceConfiguration: inline(3, DeviceConfiguration),
  },
  { doc: 'Settings for given devices, and where they come from.' },
) {}

export class DeviceAllocationResult extends message(
  'k8s.io.api.resource.v1.DeviceAllocationResult',
  {
    results: opt(1, list(DeviceRequestAllocationResult, { listType: 'atomic' }), { doc: 'The devices; at most 32.' }),
    config: opt(2, list(DeviceAllocationConfiguration, { listType: 'atomic' }), { doc: 'Settings for them, those of classes first.' }),
  },
  { doc: 'Devices a claim was given.' },
) {}

export class AllocationResult extends message(
  'k8s.io.api.resource.v1.AllocationResult',
  {
    devices: opt(1, DeviceAllocationResult, { doc: 'The devices.' }),
    nodeSelector: opt(3, NodeSelector, { doc: 'Nodes on which they can be used. All when absent.', mapType: 'atomic' }),
    allocationTimestamp: opt(5, time, { doc: 'When they were given.' }),
  },
  { doc: 'What a claim was given.' },
) {}

export class ResourceClaimConsumerReference extends message(
  'k8s.io.api.resource.v1.ResourceClaimConsumerReference',
  {
    apiGroup: opt(1, string, { doc: 'API group of the object; empty for the core group.' }),
    resource: req(3, string, { doc: 'Resource of the object, such as pods.' }),
    name: req(4, string, { doc: 'Name of the object.' }),
    uid: req(5, string, { doc: 'UID of the object.' }),
  },
  { doc: 'Names an object that uses a claim.' },
) {}

export class NetworkDeviceData extends message(
  'k8s.io.api.resource.v1.NetworkDeviceData',
  {
    interfaceName: opt(1, string, { doc: 'Name of the interface in the pod.' }),
    ips: opt(2, list(string, { listType: 'atomic' }), { doc: 'Addresses with prefix lengths, such as 192.0.2.5/24.' }),
    hardwareAddress: opt(3, string, { doc: 'Hardware (MAC) address.' }),
  },
  { doc: 'Facts about a network device.' },
) {}

export class AllocatedDeviceStatus extends message(
  'k8s.io.api.resource.v1.AllocatedDeviceStatus',
  {
    driver: req(1, string, { doc: 'Name of the driver.' }),
    pool: req(2, string, { doc: 'Pool of the device.' }),
    device: req(3, string, { doc: 'Name of the device in the pool.' }),
    shareID: opt(7, string, { doc: 'Share of the device, where it is shared.', keepsZero: true }),
    conditions: opt(4, list(Condition, { listType: 'map', keys: ['type'] }), {
      doc: 'What is observed of the device, such as Ready; at most 8.',
    }),
    data: opt(5, raw, { doc: 'Whatever the driver wants to tell; up to 10 KiB.' }),
    networkData: opt(6, NetworkDeviceData, { doc: 'Facts about a network device.' }),
  },
  { doc: 'What a driver tells of an allocated device.' },
) {}

export class ResourceClaimStatus extends message(
  'k8s.io.api.resource.v1.ResourceClaimStatus',
  {
    allocation: opt(1, AllocationResult, { doc: 'What it was given; absent until then.' }),
    reservedFor: opt(
      2,
      list(ResourceClaimConsumerReference, { listType: 'map', keys: ['uid'], patch: { strategy: 'merge', mergeKey: 'uid' } }),
      { doc: 'Who may use it; at most 256. While anybody may, it is not taken back.' },
    ),
    devices: opt(4, list(AllocatedDeviceStatus, { listType: 'map', keys: ['driver', 'device', 'pool', 'shareID'] }), {
      doc: 'What drivers tell of the devices.',
    }),
  },
  { doc: 'What a claim was given, and who uses it.' },
) {}

export class ResourceClaim extends object(
  'k8s.io.api.resource.v1.ResourceClaim',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ResourceClaimSpec, { doc: 'What is wanted; cannot be changed.', mayBeEmpty: true }),
    status: val(3, ResourceClaimStatus, { doc: 'What was given, and to whom.' }),
  },
  { doc: 'Asks for devices and, once they are given, holds them.' },
) {}

export const resourceClaims = resource(ResourceClaim, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [nameColumn, { name: 'State', type: 'string', description: 'How far it has come.', cell: stateText }, ageColumn],
})

function stateText({ metadata, status }: ResourceClaim): string {
  const gone = metadata.deletionTimestamp !== undefined
  const states = [
    gone && 'deleted',
    status.allocation === undefined && !gone && 'pending',
    status.allocation !== undefined && 'allocated',
    status.allocation !== undefined && (status.reservedFor?.length ?? 0) > 0 && 'reserved',
  ]
  return states.filter((state) => state !== false).join(',')
}

rulesFor(ResourceClaim, {
  checkUpdate: (claim, old, _path, subresource) =>
    subresource === 'status' ? claimStatusErrors(claim, old) : specUpdateErrors(claim, old),
})
