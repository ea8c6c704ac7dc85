/** Declares ServiceAccount (core/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { LocalObjectReference, ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, opt, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceAccount extends object(
  'k8s.io.api.core.v1.ServiceAccount',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    secrets: opt(2, list(ObjectReference, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Secrets pods with this account may use; not needed for tokens.',
    }),
    imagePullSecrets: opt(3, list(LocalObjectReference, { listType: 'atomic' }), {
      doc: 'Secrets for pulling images, given to pods that name none.',
    }),
    automountServiceAccountToken: opt(4, bool, {
      doc: "Whether pods get a token mounted. True by default; a pod's own word goes before it.",
      keepsZero: true,
    }),
  },
  { doc: 'An identity for processes in pods.' },
) {}

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
