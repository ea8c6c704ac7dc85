/** Declares MutatingAdmissionPolicy (admissionregistration/v1). */

import { matchDefaults } from './match-rules.ts'
import { paramKindText } from './policy-columns.ts'
import { mutatingPolicyErrors } from './policy-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { inline, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ParamKind extends message(
  'k8s.io.api.admissionregistration.v1.ParamKind',
  {
    apiVersion: opt(1, string, { doc: 'Group and version of the kind.' }),
    kind: opt(2, string, { doc: 'The kind.' }),
  },
  { doc: 'Kind of the parameters of a policy.', mapType: 'atomic' },
) {}

export class Rule extends message(
  'k8s.io.api.admissionregistration.v1.Rule',
  {
    apiGroups: opt(1, list(string, { listType: 'atomic' }), { doc: 'API groups; * for all.' }),
    apiVersions: opt(2, list(string, { listType: 'atomic' }), { doc: 'API versions; * for all.' }),
    resources: opt(3, list(string, { listType: 'atomic' }), { doc: 'Resources, such as pods, pods/log, pods/*, */scale or */*.' }),
    scope: opt(4, string, { doc: 'Cluster, Namespaced or * (the default) for both.', keepsZero: true, default: '*' }),
  },
  { doc: 'Resources that match.' },
) {}

export class RuleWithOperations extends message(
  'k8s.io.api.admissionregistration.v1.RuleWithOperations',
  {
    operations: opt(1, list(string, { listType: 'atomic' }), { doc: 'CREATE, UPDATE, DELETE, CONNECT, or * for all.' }),
    rule: inline(2, Rule),
  },
  { doc: 'Operations and resources that match.' },
) {}

export class NamedRuleWithOperations extends message(
  'k8s.io.api.admissionregistration.v1.NamedRuleWithOperations',
  {
    resourceNames: opt(1, list(string, { listType: 'atomic' }), { doc: 'Names of single objects; all when empty.' }),
    ruleWithOperations: inline(2, RuleWithOperations),
  },
  { doc: 'Operations and resources, perhaps narrowed down to names.', mapType: 'atomic' },
) {}

export class MatchResources extends message(
  'k8s.io.api.admissionregistration.v1.MatchResources',
  {
    namespaceSelector: opt(1, LabelSelector, {
      doc: 'Chooses namespaces by their labels. All by default; always holds for cluster-scoped objects.',
      mapType: 'atomic',
    }),
    objectSelector: opt(2, LabelSelector, { doc: 'Chooses objects by their labels, new or old. All by default.', mapType: 'atomic' }),
    resourceRules: opt(3, list(NamedRuleWithOperations, { listType: 'atomic' }), {
      doc: 'Operations and resources that match; one is enough.',
    }),
    excludeResourceRules: opt(4, list(NamedRuleWithOperations, { listType: 'atomic' }), {
      doc: 'Operations and resources that do not match even so.',
    }),
    matchPolicy: opt(7, string, { doc: 'Equivalent (the default) to match other versions of a resource too, or Exact.', keepsZero: true }),
  },
  { doc: 'Requests that match, by what they are about.', mapType: 'atomic' },
) {}

export class Variable extends message(
  'k8s.io.api.admissionregistration.v1.Variable',
  {
    name: req(1, string, { doc: 'Name, to be used as variables.name.', mayBeEmpty: true }),
    expression: req(2, string, { doc: 'CEL expression; may use variables before it.', mayBeEmpty: true }),
  },
  { doc: 'An expression with a name.', mapType: 'atomic' },
) {}

export class ApplyConfiguration extends message(
  'k8s.io.api.admissionregistration.v1.ApplyConfiguration',
  {
    expression: opt(1, string, { doc: 'CEL expression that gives an Object{} with the fields to set.' }),
  },
  { doc: 'A change, by server-side apply.' },
) {}

export class JSONPatch extends message(
  'k8s.io.api.admissionregistration.v1.JSONPatch',
  {
    expression: opt(1, string, { doc: 'CEL expression that gives a list of JSONPatch{} operations.' }),
  },
  { doc: 'A change, by JSON patch.' },
) {}

export class Mutation extends message(
  'k8s.io.api.admissionregistration.v1.Mutation',
  {
    patchType: req(2, string, { doc: 'ApplyConfiguration or JSONPatch.' }),
    applyConfiguration: opt(3, ApplyConfiguration, { doc: 'A change, by server-side apply.' }),
    jsonPatch: opt(4, JSONPatch, { doc: 'A change, by JSON patch.' }),
  },
  { doc: 'A change; the member that the type names must be set.' },
) {}

export class MatchCondition extends message(
  'k8s.io.api.admissionregistration.v1.MatchCondition',
  {
    name: req(1, string, { doc: 'Name of the condition, unique in its list.' }),
    expression: req(2, string, {
      doc: 'CEL expression over object, oldObject, request and authorizer that gives true or false.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'A further demand on requests, in CEL.' },
) {}

export class MutatingAdmissionPolicySpec extends message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicySpec',
  {
    paramKind: opt(1, ParamKind, { doc: 'Kind of the parameters. None by default.', mapType: 'atomic' }),
    matchConstraints: opt(2, MatchResources, { doc: 'Requests it is for.', mapType: 'atomic' }),
    variables: opt(3, list(Variable, { listType: 'atomic' }), { doc: 'Expressions with names, for use in others by variables.name.' }),
    mutations: opt(4, list(Mutation, { listType: 'atomic' }), { doc: 'Changes, in order.' }),
    failurePolicy: opt(5, string, {
      doc: 'What to do when the policy cannot be evaluated: Fail (the default) or Ignore.',
      keepsZero: true,
    }),
    matchConditions: opt(6, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Further demands on requests, at most 64; all must hold.',
    }),
    reinvocationPolicy: opt(7, string, { doc: 'Whether to run again after later changes by others: Never or IfNeeded.', keepsZero: true }),
  },
  { doc: 'Which requests a policy changes, and how.' },
) {}

export class MutatingAdmissionPolicy extends object(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, MutatingAdmissionPolicySpec, { doc: 'Which requests, and what changes.' }),
  },
  { doc: 'Changes objects as they are admitted, by CEL.' },
) {}

export const mutatingAdmissionPolicies = resource(MutatingAdmissionPolicy, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'Mutations', type: 'integer', description: 'How many changes it makes.', cell: (p) => p.spec?.mutations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', description: 'Kind of its parameters.', cell: (p) => paramKindText(p.spec?.paramKind) },
    ageColumn,
  ],
})

rulesFor(MatchResources, { defaults: matchDefaults })
rulesFor(MutatingAdmissionPolicySpec, { defaults: ({ failurePolicy = 'Fail' }) => ({ failurePolicy }) })
rulesFor(MutatingAdmissionPolicy, { check: mutatingPolicyErrors })
