/** Declares ValidatingAdmissionPolicy (admissionregistration/v1). */

import { MatchCondition, MatchResources, ParamKind, Variable } from './mutating-admission-policy.ts'
import { paramKindText } from './policy-columns.ts'
import { policyStatusErrors, validatingPolicyErrors } from './policy-rules.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class Validation extends message(
  'k8s.io.api.admissionregistration.v1.Validation',
  {
    expression: req(1, string, {
      doc: 'CEL expression over object, oldObject, request, params and others that gives true or false.',
      mayBeEmpty: true,
    }),
    message: opt(2, string, { doc: 'What to say when it does not hold; on a single line. The expression by default.' }),
    reason: opt(3, string, { doc: 'Reason and so status code of the answer, such as Forbidden. Invalid by default.', keepsZero: true }),
    messageExpression: opt(4, string, { doc: 'CEL expression that gives what to say; goes before message.' }),
  },
  { doc: 'A demand, in CEL.' },
) {}

export class AuditAnnotation extends message(
  'k8s.io.api.admissionregistration.v1.AuditAnnotation',
  {
    key: req(1, string, { doc: "Key of the annotation, put after the policy's name.", mayBeEmpty: true }),
    valueExpression: req(2, string, { doc: 'CEL expression that gives the text, or null for no annotation.', mayBeEmpty: true }),
  },
  { doc: 'A note for the audit log.' },
) {}

export class ValidatingAdmissionPolicySpec extends message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  {
    paramKind: opt(1, ParamKind, { doc: 'Kind of the parameters. None by default.', mapType: 'atomic' }),
    matchConstraints: opt(2, MatchResources, { doc: 'Requests it is for.', mapType: 'atomic' }),
    validations: opt(3, list(Validation, { listType: 'atomic' }), { doc: 'Demands; all must hold.' }),
    failurePolicy: opt(4, string, {
      doc: 'What to do when the policy cannot be evaluated: Fail (the default) or Ignore.',
      keepsZero: true,
    }),
    auditAnnotations: opt(5, list(AuditAnnotation, { listType: 'atomic' }), { doc: 'Notes for the audit log.' }),
    matchConditions: opt(6, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Further demands on requests, at most 64; all must hold.',
    }),
    variables: opt(7, list(Variable, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Expressions with names, for use in others by variables.name.',
    }),
  },
  { doc: 'Which requests a policy checks, and how.' },
) {}

export class ExpressionWarning extends message(
  'k8s.io.api.admissionregistration.v1.ExpressionWarning',
  {
    fieldRef: req(2, string, { doc: 'Path of the field that holds the expression.' }),
    warning: req(3, string, { doc: 'What is doubtful, in words.' }),
  },
  { doc: 'What is doubtful about an expression.' },
) {}

export class TypeChecking extends message(
  'k8s.io.api.admissionregistration.v1.TypeChecking',
  {
    expressionWarnings: opt(1, list(ExpressionWarning, { listType: 'atomic' }), { doc: 'What is doubtful, by expression.' }),
  },
  { doc: 'What was found in checking the types of a policy.' },
) {}

export class ValidatingAdmissionPolicyStatus extends message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation that this status reflects.' }),
    typeChecking: opt(2, TypeChecking, { doc: 'What was found in checking types; present once that is done.' }),
    conditions: opt(3, list(Condition, { listType: 'map', keys: ['type'] }), { doc: 'What is observed of it.' }),
  },
  { doc: 'What is observed of a validating policy.' },
) {}

export class ValidatingAdmissionPolicy extends object(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ValidatingAdmissionPolicySpec, { doc: 'Which requests, and what is demanded.' }),
    status: val(3, ValidatingAdmissionPolicyStatus, { doc: 'What is observed of the policy.' }),
  },
  { doc: 'Lets objects in or not, by CEL.' },
) {}

export const validatingAdmissionPolicies = resource(ValidatingAdmissionPolicy, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'Validations', type: 'integer', description: 'How many demands it makes.', cell: (p) => p.spec?.validations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', description: 'Kind of its parameters.', cell: (p) => paramKindText(p.spec?.paramKind) },
    ageColumn,
  ],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(ValidatingAdmissionPolicySpec, { defaults: ({ failurePolicy = 'Fail' }) => ({ failurePolicy }) })
rulesFor(ValidatingAdmissionPolicy, {
  check: validatingPolicyErrors,
  checkUpdate: (policy, _old, _path, subresource) => (subresource === 'status' ? policyStatusErrors(policy) : []),
})
