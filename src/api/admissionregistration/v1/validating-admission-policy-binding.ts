/** Declares ValidatingAdmissionPolicyBinding (admissionregistration/v1). */

import { MatchResources } from './mutating-admission-policy.ts'
import { ParamRef } from './mutating-admission-policy-binding.ts'
import { paramRefText } from './policy-columns.ts'
import { validatingBindingErrors } from './policy-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ValidatingAdmissionPolicyBindingSpec extends message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  {
    policyName: req(1, string, { doc: 'Name of the ValidatingAdmissionPolicy.' }),
    paramRef: opt(2, ParamRef, { doc: 'The parameters.', mapType: 'atomic' }),
    matchResources: opt(3, MatchResources, { doc: "Narrows the policy's own constraints down.", mapType: 'atomic' }),
    validationActions: req(4, list(string, { listType: 'set' }), {
      doc: 'What a failed validation does: Deny, Warn or Audit; not Deny and Warn together.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'Which policy is put in force, where, with what and how strictly.' },
) {}

export class ValidatingAdmissionPolicyBinding extends object(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ValidatingAdmissionPolicyBindingSpec, { doc: 'Which policy, where and with what.' }),
  },
  { doc: 'Puts a validating policy in force, with parameters.' },
) {}

export const validatingAdmissionPolicyBindings = resource(ValidatingAdmissionPolicyBinding, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', description: 'The policy.', cell: (b) => b.spec?.policyName ?? '' },
    { name: 'ParamRef', type: 'string', description: 'The parameters.', cell: (b) => paramRefText(b.spec?.paramRef) },
    ageColumn,
  ],
})

rulesFor(ValidatingAdmissionPolicyBinding, { check: validatingBindingErrors })
