/** Declares ServiceAccount (core/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { LocalObjectReference, ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, opt, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceAccount extends object('k8s.io.api.core.v1.ServiceAccount', {
  metadata: val(1, ObjectMeta),
  secrets: opt(2, list(ObjectReference, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  imagePullSecrets: opt(3, list(LocalObjectReference, { listType: 'atomic' })),
  automountServiceAccountToken: opt(4, bool, { keepsZero: true }),
}) {}

export const serviceAccounts = resource(ServiceAccount, {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  scope: 'Namespaced',
  shortNames: ['sa'],
  subresources: [{ name: 'token', verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } }],
  columns: [
    nameColumn,
    { name: 'Secrets', type: 'string', description: 'How many secrets it names.', cell: (s) => s.secrets?.length ?? 0 },
    ageColumn,
  ],
})
