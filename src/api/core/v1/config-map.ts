/** Declares ConfigMap (core/v1). */

import { configMapErrors, configMapUpdateErrors } from './data-rules.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, bytes, map, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ConfigMap extends object(
  'k8s.io.api.core.v1.ConfigMap',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    immutable: opt(4, bool, { doc: 'When true, nothing but metadata can be changed any more.', keepsZero: true }),
    data: opt(2, map(string), { doc: 'Values that are UTF-8 text; keys must not occur in binaryData.' }),
    binaryData: opt(3, map(bytes), { doc: 'Values that are any bytes, in base64; keys must not occur in data.' }),
  },
  { doc: 'Configuration for pods, as key-value pairs.' },
) {}

export const configMaps = resource(ConfigMap, {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  shortNames: ['cm'],
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'How many keys it holds.',
      cell: (c) => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length,
    },
    ageColumn,
  ],
})

rulesFor(ConfigMap, { check: configMapErrors, checkUpdate: configMapUpdateErrors })
