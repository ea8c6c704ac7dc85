/** Declares device request (resource/v1). */

import { bool, int64, list, map, message, opt, quantity, req, string } from '#schema/message.ts'

export class CELDeviceSelector extends message('k8s.io.api.resource.v1.CELDeviceSelector', {
  expression: req(1, string),
}) {}

export class DeviceSelector extends message('k8s.io.api.resource.v1.DeviceSelector', {
  cel: opt(1, CELDeviceSelector),
}) {}

export class DeviceToleration extends message('k8s.io.api.resource.v1.DeviceToleration', {
  key: opt(1, string),
  operator: opt(2, string),
  value: opt(3, string),
  effect: opt(4, string),
  tolerationSeconds: opt(5, int64(), { keepsZero: true }),
}) {}

export class CapacityRequirements extends message('k8s.io.api.resource.v1.CapacityRequirements', {
  requests: opt(1, map(quantity)),
}) {}

export class ExactDeviceRequest extends message('k8s.io.api.resource.v1.ExactDeviceRequest', {
  deviceClassName: req(1, string),
  selectors: opt(2, list(DeviceSelector, { listType: 'atomic' })),
  allocationMode: opt(3, string),
  count: opt(4, int64()),
  adminAccess: opt(5, bool, { keepsZero: true }),
  tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' })),
  capacity: opt(7, CapacityRequirements),
}) {}

export class DeviceSubRequest extends message('k8s.io.api.resource.v1.DeviceSubRequest', {
  name: req(1, string),
  deviceClassName: req(2, string),
  selectors: opt(3, list(DeviceSelector, { listType: 'atomic' })),
  allocationMode: opt(4, string),
  count: opt(5, int64()),
  tolerations: opt(6, list(DeviceToleration, { listType: 'atomic' })),
  capacity: opt(7, CapacityRequirements),
}) {}

export class DeviceRequest extends message('k8s.io.api.resource.v1.DeviceRequest', {
  name: req(1, string),
  exactly: opt(2, ExactDeviceRequest),
  firstAvailable: opt(3, list(DeviceSubRequest, { listType: 'atomic' })),
}) {}
