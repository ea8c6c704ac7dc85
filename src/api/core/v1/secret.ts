/** Declares Secret (core/v1). */

import { secretErrors, secretUpdateErrors } from './data-rules.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, bytes, map, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Secret extends object(
  'k8s.io.api.core.v1.Secret',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    immutable: opt(5, bool, { doc: 'When true, nothing but metadata can be changed any more.', keepsZero: true }),
    data: opt(2, map(bytes), { doc: 'Values as base64.' }),
    stringData: opt(4, map(string), { doc: 'Values as plain text; written into data and never read back.' }),
    type: opt(3, string, { doc: 'What it is for, such as kubernetes.io/tls; cannot be changed. Opaque by default.', default: 'Opaque' }),
  },
  { doc: 'Confidential data for pods, as key-value pairs.' },
) {}

export const secrets = resource(Secret, {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What it is for.', cell: (s) => s.type ?? '' },
    { name: 'Data', type: 'string', description: 'How many keys it holds.', cell: (s) => Object.keys(s.data ?? {}).length },
    ageColumn,
  ],
  selectable: { type: (s) => s.type ?? '' },
})

rulesFor(Secret, { check: secretErrors, checkUpdate: secretUpdateErrors })
