/** Declares VolumeAttributesClass (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { map, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class VolumeAttributesClass extends object('k8s.io.api.storage.v1.VolumeAttributesClass', {
  metadata: val(1, ObjectMeta),
  driverName: req(2, string),
  parameters: opt(3, map(string)),
}) {}

export const volumeAttributesClasses = resource(VolumeAttributesClass, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  scope: 'Cluster',
  shortNames: ['vac'],
})
