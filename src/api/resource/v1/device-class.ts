/** Declares DeviceClass (resource/v1). */

import { DeviceSelector } from './device-request.ts'
import { DeviceConfiguration } from './resource-claim.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class DeviceClassConfiguration extends message('k8s.io.api.resource.v1.DeviceClassConfiguration', {
  deviceConfiguration: inline(1, DeviceConfiguration),
}) {}

export class DeviceClassSpec extends message('k8s.io.api.resource.v1.DeviceClassSpec', {
  selectors: opt(1, list(DeviceSelector, { listType: 'atomic' })),
  config: opt(2, list(DeviceClassConfiguration, { listType: 'atomic' })),
  extendedResourceName: opt(4, string, { keepsZero: true }),
}) {}

export class DeviceClass extends object('k8s.io.api.resource.v1.DeviceClass', {
  metadata: val(1, ObjectMeta),
  spec: req(2, DeviceClassSpec),
}) {}

export const deviceClasses = resource(DeviceClass, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
})
