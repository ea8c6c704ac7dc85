/** Declares DeviceClass (resource/v1). */

import { classErrors } from './claim-rules.ts'
import { DeviceSelector } from './device-request.ts'
import { DeviceConfiguration } from './resource-claim.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class DeviceClassConfiguration extends message(
  'k8s.io.api.resource.v1.DeviceClassConfiguration',
  {
    deviceConfiguration: inline(1, DeviceConfiguration),
  },
  { doc: 'Settings for devices of a class.' },
) {}

export class DeviceClassSpec extends message(
  'k8s.io.api.resource.v1.DeviceClassSpec',
  {
    selectors: opt(1, list(DeviceSelector, { listType: 'atomic' }), { doc: 'Demands on a device; all must hold. At most 32.' }),
    config: opt(2, list(DeviceClassConfiguration, { listType: 'atomic' }), {
      doc: 'Settings for each device that is claimed by the class; at most 32.',
    }),
    extendedResourceName: opt(4, string, { doc: 'Extended resource that pods can ask for to get devices of the class.', keepsZero: true }),
  },
  { doc: 'Which devices a class holds, and how they are set up.' },
) {}

export class DeviceClass extends object(
  'k8s.io.api.resource.v1.DeviceClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, DeviceClassSpec, { doc: 'Which devices, and how they are set up.', mayBeEmpty: true }),
  },
  { doc: 'A sort of devices that claims can ask for.' },
) {}

export const deviceClasses = resource(DeviceClass, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  columns: [nameColumn, ageColumn],
})

rulesFor(DeviceClass, { check: classErrors })
