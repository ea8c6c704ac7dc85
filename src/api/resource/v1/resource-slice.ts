/** Declares ResourceSlice (resource/v1). */

import { NodeSelector } from '#api/core/v1/node-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int64, list, map, message, opt, quantity, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ResourcePool extends message('k8s.io.api.resource.v1.ResourcePool', {
  name: req(1, string),
  generation: req(2, int64()),
  resourceSliceCount: req(3, int64()),
}) {}

export class DeviceAttribute extends message('k8s.io.api.resource.v1.DeviceAttribute', {
  int: opt(2, int64(), { keepsZero: true }),
  bool: opt(3, bool, { keepsZero: true }),
  string: opt(4, string, { keepsZero: true }),
  version: opt(5, string, { keepsZero: true }),
  ints: opt(6, list(int64(), { listType: 'atomic' })),
  bools: opt(7, list(bool, { listType: 'atomic' })),
  strings: opt(8, list(string, { listType: 'atomic' })),
  versions: opt(9, list(string, { listType: 'atomic' })),
}) {}

export class CapacityRequestPolicyRange extends message('k8s.io.api.resource.v1.CapacityRequestPolicyRange', {
  min: req(1, quantity),
  max: opt(2, quantity),
  step: opt(3, quantity),
}) {}

export class CapacityRequestPolicy extends message('k8s.io.api.resource.v1.CapacityRequestPolicy', {
  default: opt(1, quantity),
  validValues: opt(3, list(quantity, { listType: 'atomic' })),
  validRange: opt(4, CapacityRequestPolicyRange),
}) {}

export class DeviceCapacity extends message('k8s.io.api.resource.v1.DeviceCapacity', {
  value: req(1, quantity),
  requestPolicy: opt(2, CapacityRequestPolicy),
}) {}

export class Counter extends message('k8s.io.api.resource.v1.Counter', {
  value: req(1, quantity),
}) {}

export class DeviceCounterConsumption extends message('k8s.io.api.resource.v1.DeviceCounterConsumption', {
  counterSet: req(1, string),
  counters: req(2, map(Counter)),
}) {}

export class DeviceTaint extends message('k8s.io.api.resource.v1.DeviceTaint', {
  key: req(1, string),
  value: opt(2, string),
  effect: req(3, string),
  timeAdded: opt(4, time),
}) {}

export class NodeAllocatableResourceMapping extends message('k8s.io.api.resource.v1.NodeAllocatableResourceMapping', {
  capacityKey: opt(1, string),
  allocationMultiplier: opt(2, quantity),
}) {}

export class Device extends message('k8s.io.api.resource.v1.Device', {
  name: req(1, string),
  attributes: opt(2, map(DeviceAttribute)),
  capacity: opt(3, map(DeviceCapacity)),
  consumesCounters: opt(4, list(DeviceCounterConsumption, { listType: 'atomic' })),
  nodeName: opt(5, string, { keepsZero: true }),
  nodeSelector: opt(6, NodeSelector, { mapType: 'atomic' }),
  allNodes: opt(7, bool, { keepsZero: true }),
  taints: opt(8, list(DeviceTaint, { listType: 'atomic' })),
  bindsToNode: opt(9, bool, { keepsZero: true }),
  bindingConditions: opt(10, list(string, { listType: 'atomic' })),
  bindingFailureConditions: opt(11, list(string, { listType: 'atomic' })),
  allowMultipleAllocations: opt(12, bool, { keepsZero: true }),
  nodeAllocatableResourceMappings: opt(13, map(NodeAllocatableResourceMapping)),
}) {}

export class CounterSet extends message('k8s.io.api.resource.v1.CounterSet', {
  name: req(1, string),
  counters: req(2, map(Counter)),
}) {}

export class ResourceSliceSpec extends message('k8s.io.api.resource.v1.ResourceSliceSpec', {
  driver: req(1, string),
  pool: req(2, ResourcePool),
  nodeName: opt(3, string, { keepsZero: true }),
  nodeSelector: opt(4, NodeSelector, { mapType: 'atomic' }),
  allNodes: opt(5, bool, { keepsZero: true }),
  devices: opt(6, list(Device, { listType: 'atomic' })),
  perDeviceNodeSelection: opt(7, bool, { keepsZero: true }),
  sharedCounters: opt(8, list(CounterSet, { listType: 'atomic' })),
}) {}

export class ResourceSlice extends object('k8s.io.api.resource.v1.ResourceSlice', {
  metadata: val(1, ObjectMeta),
  spec: req(2, ResourceSliceSpec),
}) {}

export const resourceSlices = resource(ResourceSlice, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
})
