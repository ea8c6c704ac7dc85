/** Declares ClusterRoleBinding (rbac/v1). */

import { bindingErrors, bindingUpdateErrors, roleRefDefaults, subjectDefaults } from './rbac-rules.ts'
import { bindingColumns } from './binding-columns.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class Subject extends message(
  'k8s.io.api.rbac.v1.Subject',
  {
    kind: req(1, string),
    apiGroup: opt(2, string),
    name: req(3, string),
    namespace: opt(4, string),
  },
  { mapType: 'atomic' },
) {}

export class RoleRef extends message(
  'k8s.io.api.rbac.v1.RoleRef',
  {
    apiGroup: opt(1, string),
    kind: req(2, string),
    name: req(3, string),
  },
  { mapType: 'atomic' },
) {}

export class ClusterRoleBinding extends object('k8s.io.api.rbac.v1.ClusterRoleBinding', {
  metadata: val(1, ObjectMeta),
  subjects: opt(2, list(Subject, { listType: 'atomic' })),
  roleRef: req(3, RoleRef, { mapType: 'atomic' }),
}) {}

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
