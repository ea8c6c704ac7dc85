/** Declares RoleBinding (rbac/v1). */

import { bindingErrors, bindingUpdateErrors } from './rbac-rules.ts'
import { bindingColumns } from './binding-columns.ts'
import { RoleRef, Subject } from './cluster-role-binding.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, opt, req, rulesFor, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class RoleBinding extends object(
  'k8s.io.api.rbac.v1.RoleBinding',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    subjects: opt(2, list(Subject, { listType: 'atomic' }), { doc: 'Who gets them.' }),
    roleRef: req(3, RoleRef, { doc: 'The Role of the namespace, or the ClusterRole; cannot be changed.', mapType: 'atomic' }),
  },
  { doc: 'Gives the permissions of a Role or ClusterRole to subjects, in one namespace.' },
) {}

export const roleBindings = resource(RoleBinding, {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  columns: bindingColumns,
  nameProblems: segmentName,
})

rulesFor(RoleBinding, { check: (binding) => bindingErrors(binding, ['Role', 'ClusterRole'], false), checkUpdate: bindingUpdateErrors })
