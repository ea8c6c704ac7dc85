/** Declares Role (rbac/v1). */

import { ruleErrors } from './rbac-rules.ts'
import { createdAtColumn, nameColumn } from '#schema/table.ts'
import { PolicyRule } from './cluster-role.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, opt, rulesFor, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class Role extends object(
  'k8s.io.api.rbac.v1.Role',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    rules: opt(2, list(PolicyRule, { listType: 'atomic' }), { doc: 'What it allows.' }),
  },
  { doc: 'Permissions in one namespace that a RoleBinding can give.' },
) {}

export const roles = resource(Role, {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  columns: [nameColumn, createdAtColumn],
  nameProblems: segmentName,
})

rulesFor(Role, { check: ({ rules }) => ruleErrors(rules, true) })
