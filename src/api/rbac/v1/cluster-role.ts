/** Declares ClusterRole (rbac/v1). */

import { ruleErrors } from './rbac-rules.ts'
import { createdAtColumn, nameColumn } from '#schema/table.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class PolicyRule extends message('k8s.io.api.rbac.v1.PolicyRule', {
  verbs: req(1, list(string, { listType: 'atomic' }), { mayBeEmpty: true }),
  apiGroups: opt(2, list(string, { listType: 'atomic' })),
  resources: opt(3, list(string, { listType: 'atomic' })),
  resourceNames: opt(4, list(string, { listType: 'atomic' })),
  nonResourceURLs: opt(5, list(string, { listType: 'atomic' })),
}) {}

export class AggregationRule extends message('k8s.io.api.rbac.v1.AggregationRule', {
  clusterRoleSelectors: opt(1, list(LabelSelector, { listType: 'atomic' })),
}) {}

export class ClusterRole extends object('k8s.io.api.rbac.v1.ClusterRole', {
  metadata: val(1, ObjectMeta),
  rules: opt(2, list(PolicyRule, { listType: 'atomic' })),
  aggregationRule: opt(3, AggregationRule),
}) {}

export const clusterRoles = resource(ClusterRole, {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  columns: [nameColumn, createdAtColumn],
  nameProblems: segmentName,
})

rulesFor(ClusterRole, { check: ({ rules }) => ruleErrors(rules, false) })
