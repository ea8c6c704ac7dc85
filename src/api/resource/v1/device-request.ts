/** Declares device request (resource/v1). */

import { requestDefaults } from './claim-rules.ts'
import { bool, int64, list, map, message, opt, quantity, req, rulesFor, string } from '#schema/message.ts'

export class CELDeviceSelector extends message(
  'k8s.io.api.resource.v1.CELDeviceSelector',
  {
    expression: req(1, string, { doc: 'CEL expression over device that gives true or false, such as device.driver == "gpu.example.com".' }),
  },
  { doc: 'A demand on a device, in CEL.' },
) {}

export class DeviceSelector extends message(
  'k8s.io.api.resource.v1.DeviceSelector',
  {
    cel: opt(1, CELDeviceSelector, { doc: 'A demand in CEL.' }),
  },
  { doc: 'A demand on a device; exactly one must be set.' },
) {}

export class DeviceToleration extends message(
  'k8s.io.api.resource.v1.DeviceToleration',
  {
    key: opt(1, string, { doc: 'Taint key; empty, with Exists, matches every taint.' }),
    operator: opt(2, string, { doc: 'How the value is compared: Equal (the default) or Exists.' }),
    value: opt(3, string, { doc: 'Taint value to compare with; empty for Exists.' }),
    effect: opt(4, string, { doc: 'NoSchedule or NoExecute; empty matches every effect.' }),
    tolerationSeconds: opt(5, int64(), {
      doc: 'Seconds to keep a device with a NoExecute taint; forever when absent, 0 or less not at all.',
      keepsZero: true,
    }),
  },
  { doc: 'Lets a claim put up with matching taints of devices.' },
) {}

export class CapacityRequirements extends message(
  'k8s.io.api.resource.v1.CapacityRequirements',
  {
    requests: opt(1, map(quantity), { doc: 'Amounts by name of the capacity. What the device says by default.' }),
  },
  { doc: 'Capacity that is wanted of each device.' },
) {}

export class ExactDeviceRequest extends message(
  'k8s.io.api.resource.v1.ExactDeviceRequest',
  {
    deviceClassName: req(1, string, { doc: 'DeviceClass they are of.' }),
    selectors: opt(2, list(DeviceSelector, { listType: 'atomic' }), { doc: 'Further demands on each device; all must hold.' }),
    allocationMode: opt(3, string, { doc: 'ExactCount (the default), or All for every device of a pool that matches.' }),
    count: opt(4, int64(), { doc: 'Number of devices, for ExactCount. 1 by default.' }),
    adminAccess: opt(5, bool, { doc: 'Whether to look after devices that may be in use by others. False by default.', keepsZero: true }),
    tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' }), { doc: 'Taints of devices that are put up with; at most 16.' }),
    capacity: opt(7, CapacityRequirements, { doc: 'Capacity that is wanted of each device.' }),
  },
  { doc: 'Devices of one class.' },
) {}

export class DeviceSubRequest extends message(
  'k8s.io.api.resource.v1.DeviceSubRequest',
  {
    name: req(1, string, { doc: 'Name of the choice; the whole is called request/choice.', mayBeEmpty: true }),
    deviceClassName: req(2, string, { doc: 'DeviceClass they are of.' }),
    selectors: opt(3, list(DeviceSelector, { listType: 'atomic' }), { doc: 'Further demands on each device; all must hold.' }),
    allocationMode: opt(4, string, { doc: 'ExactCount (the default), or All for every device of a pool that matches.' }),
    count: opt(5, int64(), { doc: 'Number of devices, for ExactCount. 1 by default.' }),
    tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' }), { doc: 'Taints of devices that are put up with; at most 16.' }),
    capacity: opt(7, CapacityRequirements, { doc: 'Capacity that is wanted of each device.' }),
  },
  { doc: 'Devices of one class, as one choice of a request.' },
) {}

export class DeviceRequest extends message(
  'k8s.io.api.resource.v1.DeviceRequest',
  {
    name: req(1, string, { doc: 'Name of the request, unique in the claim.', mayBeEmpty: true }),
    exactly: opt(2, ExactDeviceRequest, { doc: 'Devices of one class.' }),
    firstAvailable: opt(3, list(DeviceSubRequest, { listType: 'atomic' }), {
      doc: 'Choices in order, at most 8; the first that can be had is taken.',
    }),
  },
  { doc: 'Devices that are wanted; exactly one of its members must be set.' },
) {}

rulesFor(DeviceToleration, { defaults: ({ operator }) => (operator ? undefined : { operator: 'Equal' }) })
rulesFor(ExactDeviceRequest, { defaults: requestDefaults })
rulesFor(DeviceSubRequest, { defaults: requestDefaults })
