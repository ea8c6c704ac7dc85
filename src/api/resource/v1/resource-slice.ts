/** Declares ResourceSlice (resource/v1). */

import { NodeSelector } from '#api/core/v1/node-selector.ts'
import { sliceErrors, sliceUpdateErrors } from './slice-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int64, list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ResourcePool extends message(
  'k8s.io.api.resource.v1.ResourcePool',
  {
    name: req(1, string, { doc: 'Name of the pool.', mayBeEmpty: true }),
    generation: req(2, int64(), { doc: 'Grows with every change; slices of lower generations are out of date.' }),
    resourceSliceCount: req(3, int64(), { doc: 'How many slices make the pool.' }),
  },
  { doc: 'Names a pool of devices, and tells when its slices are complete.' },
) {}

export class DeviceAttribute extends message(
  'k8s.io.api.resource.v1.DeviceAttribute',
  {
    int: opt(2, int64(), { doc: 'A whole number.', keepsZero: true }),
    bool: opt(3, bool, { doc: 'True or false.', keepsZero: true }),
    string: opt(4, string, { doc: 'A text of up to 64 characters.', keepsZero: true }),
    version: opt(5, string, { doc: 'A semantic version of up to 64 characters.', keepsZero: true }),
    ints: opt(6, list(int64(), { listType: 'atomic' }), { doc: 'Several whole numbers.' }),
    bools: opt(7, list(bool, { listType: 'atomic' }), { doc: 'Several times true or false.' }),
    strings: opt(8, list(string, { listType: 'atomic' }), { doc: 'Several texts of up to 64 characters each.' }),
    versions: opt(9, list(string, { listType: 'atomic' }), { doc: 'Several semantic versions of up to 64 characters each.' }),
  },
  { doc: 'A fact about a device; exactly one must be set.' },
) {}

export class CapacityRequestPolicyRange extends message(
  'k8s.io.api.resource.v1.CapacityRequestPolicyRange',
  {
    min: req(1, quantity, { doc: 'Least amount; less is rounded up.' }),
    max: opt(2, quantity, { doc: 'Most amount. All there is by default.' }),
    step: opt(3, quantity, { doc: 'Distance between amounts; others are rounded up.' }),
  },
  { doc: 'A range of amounts.' },
) {}

export class CapacityRequestPolicy extends message(
  'k8s.io.api.resource.v1.CapacityRequestPolicy',
  {
    default: opt(1, quantity, { doc: 'Amount for requests that name none.' }),
    validValues: opt(3, list(quantity, { listType: 'atomic' }), {
      doc: 'Amounts there are, in ascending order and at most 10; others are rounded up.',
    }),
    validRange: opt(4, CapacityRequestPolicyRange, { doc: 'Range of amounts.' }),
  },
  { doc: 'Which amounts of a capacity can be asked for; at most one set of values is given.' },
) {}

export class DeviceCapacity extends message(
  'k8s.io.api.resource.v1.DeviceCapacity',
  {
    value: req(1, quantity, { doc: 'All there is.' }),
    requestPolicy: opt(2, CapacityRequestPolicy, { doc: 'Which amounts can be asked for; only where the device can be shared.' }),
  },
  { doc: 'How much a device has of something.' },
) {}

export class Counter extends message(
  'k8s.io.api.resource.v1.Counter',
  {
    value: req(1, quantity, { doc: 'The amount.' }),
  },
  { doc: 'An amount of something that devices share.' },
) {}

export class DeviceCounterConsumption extends message(
  'k8s.io.api.resource.v1.DeviceCounterConsumption',
  {
    counterSet: req(1, string, { doc: 'Name of the set.' }),
    counters: req(2, map(Counter), { doc: 'Amounts it takes, by name.' }),
  },
  { doc: 'What using a device takes of a set of shared counters.' },
) {}

export class DeviceTaint extends message(
  'k8s.io.api.resource.v1.DeviceTaint',
  {
    key: req(1, string, { doc: 'Taint key.' }),
    value: opt(2, string, { doc: 'Taint value.' }),
    effect: req(3, string, { doc: 'None, NoSchedule, or NoExecute, which also evicts pods.' }),
    timeAdded: opt(4, time, { doc: 'When it was put on the device.' }),
  },
  { doc: 'Keeps claims that do not tolerate it off a device.' },
) {}

export class NodeAllocatableResourceMapping extends message(
  'k8s.io.api.resource.v1.NodeAllocatableResourceMapping',
  {
    capacityKey: opt(1, string, { doc: 'Capacity of the device that counts. The number of devices by default.' }),
    allocationMultiplier: opt(2, quantity, { doc: 'What to multiply it by. 1 by default.' }),
  },
  { doc: 'What a device stands for of a resource of the node.' },
) {}

export class Device extends message(
  'k8s.io.api.resource.v1.Device',
  {
    name: req(1, string, { doc: 'Name, unique in the pool.', mayBeEmpty: true }),
    attributes: opt(2, map(DeviceAttribute), { doc: 'Facts to choose it by; at most 32 together with capacity.' }),
    capacity: opt(3, map(DeviceCapacity), { doc: 'How much it has of something, by name.' }),
    consumesCounters: opt(4, list(DeviceCounterConsumption, { listType: 'atomic' }), {
      doc: 'What using it takes of shared counters; at most 2 sets.',
    }),
    nodeName: opt(5, string, { doc: 'Node that can use it; only with perDeviceNodeSelection.', keepsZero: true }),
    nodeSelector: opt(6, NodeSelector, { doc: 'Nodes that can use it, in one term; only with perDeviceNodeSelection.', mapType: 'atomic' }),
    allNodes: opt(7, bool, { doc: 'Whether every node can use it; only with perDeviceNodeSelection.', keepsZero: true }),
    taints: opt(8, list(DeviceTaint, { listType: 'atomic' }), { doc: 'Keeps off claims that do not tolerate them; at most 16.' }),
    bindsToNode: opt(9, bool, { doc: 'Whether its claim is then tied to the node that was chosen.', keepsZero: true }),
    bindingConditions: opt(10, list(string, { listType: 'atomic' }), {
      doc: 'Conditions that must be true before a pod is bound; at most 4.',
    }),
    bindingFailureConditions: opt(11, list(string, { listType: 'atomic' }), {
      doc: 'Conditions any of which, when true, means that binding failed; at most 4.',
    }),
    allowMultipleAllocations: opt(12, bool, { doc: 'Whether several requests can share it. False by default.', keepsZero: true }),
    nodeAllocatableResourceMappings: opt(13, map(NodeAllocatableResourceMapping), {
      doc: "What it stands for of the node's own resources, such as cpu, by resource.",
    }),
  },
  { doc: 'A device of a pool.' },
) {}

export class CounterSet extends message(
  'k8s.io.api.resource.v1.CounterSet',
  {
    name: req(1, string, { doc: 'Name of the set, unique in the pool.' }),
    counters: req(2, map(Counter), { doc: 'The amounts, by name.' }),
  },
  { doc: 'Named amounts that devices of a pool share.' },
) {}

export class ResourceSliceSpec extends message(
  'k8s.io.api.resource.v1.ResourceSliceSpec',
  {
    driver: req(1, string, { doc: 'Name of the driver; cannot be changed.' }),
    pool: req(2, ResourcePool, { doc: 'The pool.', mayBeEmpty: true }),
    nodeName: opt(3, string, { doc: 'Node that can use them; cannot be changed.', keepsZero: true }),
    nodeSelector: opt(4, NodeSelector, { doc: 'Nodes that can use them, in one term.', mapType: 'atomic' }),
    allNodes: opt(5, bool, { doc: 'Whether every node can use them.', keepsZero: true }),
    devices: opt(6, list(Device, { listType: 'atomic' }), {
      doc: 'The devices; at most 128, or 64 with taints or counters. Not with sharedCounters.',
    }),
    perDeviceNodeSelection: opt(7, bool, { doc: 'Whether each device says who can use it.', keepsZero: true }),
    sharedCounters: opt(8, list(CounterSet, { listType: 'atomic' }), {
      doc: 'Amounts that devices of the pool share; at most 8 sets. Not with devices.',
    }),
  },
  { doc: 'Devices of a pool, and who can use them; exactly one way to choose nodes must be set.' },
) {}

export class ResourceSlice extends object(
  'k8s.io.api.resource.v1.ResourceSlice',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ResourceSliceSpec, { doc: 'The devices, and who can use them.' }),
  },
  { doc: 'Devices that a driver offers, all or some of a pool.' },
) {}

export const resourceSlices = resource(ResourceSlice, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  columns: [
    nameColumn,
    { name: 'Node', type: 'string', description: 'Node that can use them.', cell: (s) => s.spec?.nodeName ?? '' },
    { name: 'Driver', type: 'string', description: 'Who offers them.', cell: (s) => s.spec?.driver ?? '' },
    { name: 'Pool', type: 'string', description: 'The pool.', cell: (s) => s.spec?.pool?.name ?? '' },
    ageColumn,
  ],
  selectable: { 'spec.nodeName': (s) => s.spec?.nodeName ?? '', 'spec.driver': (s) => s.spec?.driver ?? '' },
})

rulesFor(ResourceSlice, { check: sliceErrors, checkUpdate: sliceUpdateErrors })
