/** Declares VolumeAttributesClass (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { attributesClassErrors, attributesClassUpdateErrors } from './storage-rules.ts'
import { map, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class VolumeAttributesClass extends object(
  'k8s.io.api.storage.v1.VolumeAttributesClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    driverName: req(2, string, { doc: 'CSI driver it is for; cannot be changed.' }),
    parameters: opt(3, map(string), { doc: 'Settings for the driver; cannot be changed.' }),
  },
  { doc: 'Settings of volumes that can be changed while they are in use.' },
) {}

export const volumeAttributesClasses = resource(VolumeAttributesClass, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  scope: 'Cluster',
  shortNames: ['vac'],
  columns: [
    nameColumn,
    { name: 'DriverName', type: 'string', description: 'The CSI driver it is for.', cell: (c) => c.driverName },
    ageColumn,
  ],
})

rulesFor(VolumeAttributesClass, { check: attributesClassErrors, checkUpdate: attributesClassUpdateErrors })
