/** Declares ConfigMap (core/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, bytes, map, opt, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ConfigMap extends object('k8s.io.api.core.v1.ConfigMap', {
  metadata: val(1, ObjectMeta),
  immutable: opt(4, bool, { keepsZero: true }),
  data: opt(2, map(string)),
  binaryData: opt(3, map(bytes)),
}) {}

export const configMaps = resource(ConfigMap, {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  shortNames: ['cm'],
})
