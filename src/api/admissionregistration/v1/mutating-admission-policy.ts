/** Declares MutatingAdmissionPolicy (admissionregistration/v1). */

import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ParamKind extends message(
  'k8s.io.api.admissionregistration.v1.ParamKind',
  {
    apiVersion: opt(1, string),
    kind: opt(2, string),
  },
  { mapType: 'atomic' },
) {}

export class Rule extends message('k8s.io.api.admissionregistration.v1.Rule', {
  apiGroups: opt(1, list(string, { listType: 'atomic' })),
  apiVersions: opt(2, list(string, { listType: 'atomic' })),
  resources: opt(3, list(string, { listType: 'atomic' })),
  scope: opt(4, string, { keepsZero: true }),
}) {}

export class RuleWithOperations extends message('k8s.io.api.admissionregistration.v1.RuleWithOperations', {
  operations: opt(1, list(string, { listType: 'atomic' })),
  rule: inline(2, Rule),
}) {}

export class NamedRuleWithOperations extends message(
  'k8s.io.api.admissionregistration.v1.NamedRuleWithOperations',
  {
    resourceNames: opt(1, list(string, { listType: 'atomic' })),
    ruleWithOperations: inline(2, RuleWithOperations),
  },
  { mapType: 'atomic' },
) {}

export class MatchResources extends message(
  'k8s.io.api.admissionregistration.v1.MatchResources',
  {
    namespaceSelector: opt(1, LabelSelector, { mapType: 'atomic' }),
    objectSelector: opt(2, LabelSelector, { mapType: 'atomic' }),
    resourceRules: opt(3, list(NamedRuleWithOperations, { listType: 'atomic' })),
    excludeResourceRules: opt(4, list(NamedRuleWithOperations, { listType: 'atomic' })),
    matchPolicy: opt(7, string, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class Variable extends message(
  'k8s.io.api.admissionregistration.v1.Variable',
  {
    name: req(1, string),
    expression: req(2, string),
  },
  { mapType: 'atomic' },
) {}

export class ApplyConfiguration extends message('k8s.io.api.admissionregistration.v1.ApplyConfiguration', {
  expression: opt(1, string),
}) {}

export class JSONPatch extends message('k8s.io.api.admissionregistration.v1.JSONPatch', {
  expression: opt(1, string),
}) {}

export class Mutation extends message('k8s.io.api.admissionregistration.v1.Mutation', {
  patchType: req(2, string),
  applyConfiguration: opt(3, ApplyConfiguration),
  jsonPatch: opt(4, JSONPatch),
}) {}

export class MatchCondition extends message('k8s.io.api.admissionregistration.v1.MatchCondition', {
  name: req(1, string),
  expression: req(2, string),
}) {}

export class MutatingAdmissionPolicySpec extends message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicySpec', {
  paramKind: opt(1, ParamKind, { mapType: 'atomic' }),
  matchConstraints: opt(2, MatchResources, { mapType: 'atomic' }),
  variables: opt(3, list(Variable, { listType: 'atomic' })),
  mutations: opt(4, list(Mutation, { listType: 'atomic' })),
  failurePolicy: opt(5, string, { keepsZero: true }),
  matchConditions: opt(6, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  reinvocationPolicy: opt(7, string, { keepsZero: true }),
}) {}

export class MutatingAdmissionPolicy extends object('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy', {
  metadata: val(1, ObjectMeta),
  spec: val(2, MutatingAdmissionPolicySpec),
}) {}

export const mutatingAdmissionPolicies = resource(MutatingAdmissionPolicy, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
})
