/** Declares ClusterRoleBinding (rbac/v1). */

import { bindingErrors, bindingUpdateErrors, roleRefDefaults, subjectDefaults } from './rbac-rules.ts'
import { bindingColumns } from './binding-columns.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class Subject extends message(
  'k8s.io.api.rbac.v1.Subject',
  {
    kind: req(1, string, { doc: 'User, Group or ServiceAccount.' }),
    apiGroup: opt(2, string, {
      doc: 'rbac.authorization.k8s.io for users and groups, empty for service accounts; filled in by the server.',
    }),
    name: req(3, string, { doc: 'Name of the subject.' }),
    namespace: opt(4, string, { doc: 'Namespace of the service account; empty for users and groups.' }),
  },
  { doc: 'Who gets the permissions of a role.', mapType: 'atomic' },
) {}

export class RoleRef extends message(
  'k8s.io.api.rbac.v1.RoleRef',
  {
    apiGroup: opt(1, string, { doc: 'API group of the role: rbac.authorization.k8s.io.' }),
    kind: req(2, string, { doc: 'Role or ClusterRole.' }),
    name: req(3, string, { doc: 'Name of the role.' }),
  },
  { doc: 'Names a role.', mapType: 'atomic' },
) {}

export class ClusterRoleBinding extends object(
  'k8s.io.api.rbac.v1.ClusterRoleBinding',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    subjects: opt(2, list(Subject, { listType: 'atomic' }), { doc: 'Who gets them.' }),
    roleRef: req(3, RoleRef, { doc: 'The ClusterRole; cannot be changed.', mapType: 'atomic' }),
  },
  { doc: 'Gives the permissions of a ClusterRole to subjects, in the whole cluster.' },
) {}

export const clusterRoleBindings = resource(ClusterRoleBinding, {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  columns: bindingColumns,
  nameProblems: segmentName,
})

rulesFor(RoleRef, { defaults: roleRefDefaults })
rulesFor(Subject, { defaults: subjectDefaults })
rulesFor(ClusterRoleBinding, { check: (binding) => bindingErrors(binding, ['ClusterRole'], false), checkUpdate: bindingUpdateErrors })
