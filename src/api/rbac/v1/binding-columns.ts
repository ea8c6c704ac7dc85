/** What `kubectl get` shows of role bindings. */

import type { RoleRef, Subject } from './cluster-role-binding.ts'
import type { Column, KubeObject } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

type Binding = KubeObject & { readonly roleRef: RoleRef; readonly subjects?: readonly Subject[] }

const subjects = (binding: Binding, kind: string) =>
  (binding.subjects ?? [])
    .filter((s) => s.kind === kind)
    .map((s) => (kind === 'ServiceAccount' ? `${s.namespace ?? ''}/${s.name}` : s.name))
    .join(', ')

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  {
    name: 'Role',
    type: 'string',
    description: 'The role that is bound.',
    cell: (b) => `${b.roleRef?.kind ?? ''}/${b.roleRef?.name ?? ''}`,
  },
  ageColumn,
  { name: 'Users', type: 'string', priority: 1, description: 'Users it is bound to.', cell: (b) => subjects(b, 'User') },
  { name: 'Groups', type: 'string', priority: 1, description: 'Groups it is bound to.', cell: (b) => subjects(b, 'Group') },
  {
    name: 'ServiceAccounts',
    type: 'string',
    priority: 1,
    description: 'Service accounts it is bound to.',
    cell: (b) => subjects(b, 'ServiceAccount'),
  },
]
