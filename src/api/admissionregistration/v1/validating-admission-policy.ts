/** Declares ValidatingAdmissionPolicy (admissionregistration/v1). */

import { MatchCondition, MatchResources, ParamKind, Variable } from './mutating-admission-policy.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Validation extends message('k8s.io.api.admissionregistration.v1.Validation', {
  expression: req(1, string),
  message: opt(2, string),
  reason: opt(3, string, { keepsZero: true }),
  messageExpression: opt(4, string),
}) {}

export class AuditAnnotation extends message('k8s.io.api.admissionregistration.v1.AuditAnnotation', {
  key: req(1, string),
  valueExpression: req(2, string),
}) {}

export class ValidatingAdmissionPolicySpec extends message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec', {
  paramKind: opt(1, ParamKind, { mapType: 'atomic' }),
  matchConstraints: opt(2, MatchResources, { mapType: 'atomic' }),
  validations: opt(3, list(Validation, { listType: 'atomic' })),
  failurePolicy: opt(4, string, { keepsZero: true }),
  auditAnnotations: opt(5, list(AuditAnnotation, { listType: 'atomic' })),
  matchConditions: opt(6, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  variables: opt(7, list(Variable, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export class ExpressionWarning extends message('k8s.io.api.admissionregistration.v1.ExpressionWarning', {
  fieldRef: req(2, string),
  warning: req(3, string),
}) {}

export class TypeChecking extends message('k8s.io.api.admissionregistration.v1.TypeChecking', {
  expressionWarnings: opt(1, list(ExpressionWarning, { listType: 'atomic' })),
}) {}

export class ValidatingAdmissionPolicyStatus extends message('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus', {
  observedGeneration: opt(1, int64()),
  typeChecking: opt(2, TypeChecking),
  conditions: opt(3, list(Condition, { listType: 'map', keys: ['type'] })),
}) {}

export class ValidatingAdmissionPolicy extends object('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ValidatingAdmissionPolicySpec),
  status: val(3, ValidatingAdmissionPolicyStatus),
}) {}

export const validatingAdmissionPolicies = resource(ValidatingAdmissionPolicy, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
