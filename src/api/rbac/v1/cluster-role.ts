/** Declares ClusterRole (rbac/v1). */

import { ruleErrors } from './rbac-rules.ts'
import { createdAtColumn, nameColumn } from '#schema/table.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class PolicyRule extends message(
  'k8s.io.api.rbac.v1.PolicyRule',
  {
    verbs: req(1, list(string, { listType: 'atomic' }), { doc: 'Verbs, such as get, list or create; * for all.', mayBeEmpty: true }),
    apiGroups: opt(2, list(string, { listType: 'atomic' }), { doc: 'API groups of the resources; "" for the core group, * for all.' }),
    resources: opt(3, list(string, { listType: 'atomic' }), { doc: 'Resources, such as pods or pods/log; * for all.' }),
    resourceNames: opt(4, list(string, { listType: 'atomic' }), { doc: 'Names of single objects; all when empty.' }),
    nonResourceURLs: opt(5, list(string, { listType: 'atomic' }), {
      doc: 'Paths that are no resources, where * may stand as the last segment; only in ClusterRoles.',
    }),
  },
  { doc: 'What may be done with which resources or paths.' },
) {}

export class AggregationRule extends message(
  'k8s.io.api.rbac.v1.AggregationRule',
  {
    clusterRoleSelectors: opt(1, list(LabelSelector, { listType: 'atomic' }), {
      doc: 'Choose ClusterRoles by their labels; all their rules are taken over.',
    }),
  },
  { doc: 'How the rules of a ClusterRole are put together.' },
) {}

export class ClusterRole extends object(
  'k8s.io.api.rbac.v1.ClusterRole',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    rules: opt(2, list(PolicyRule, { listType: 'atomic' }), {
      doc: 'What it allows; written by the controller where there is an aggregationRule.',
    }),
    aggregationRule: opt(3, AggregationRule, { doc: 'Takes the rules over from other ClusterRoles.' }),
  },
  { doc: 'Permissions that a RoleBinding or ClusterRoleBinding can give.' },
) {}

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
