/** Declares MutatingAdmissionPolicyBinding (admissionregistration/v1). */

import { MatchResources } from './mutating-admission-policy.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { paramRefText } from './policy-columns.ts'
import { mutatingBindingErrors } from './policy-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ParamRef extends message(
  'k8s.io.api.admissionregistration.v1.ParamRef',
  {
    name: opt(1, string, { doc: 'Name of the object.' }),
    namespace: opt(2, string, { doc: 'Namespace to look in. That of the request by default.' }),
    selector: opt(3, LabelSelector, { doc: 'Chooses objects by their labels; the policy is evaluated with each.', mapType: 'atomic' }),
    parameterNotFoundAction: opt(4, string, {
      doc: 'What to do when there are none: Allow to pass the request, or Deny to act by failurePolicy.',
      keepsZero: true,
    }),
  },
  { doc: 'Names the parameters of a policy; exactly one of name and selector must be set.', mapType: 'atomic' },
) {}

export class MutatingAdmissionPolicyBindingSpec extends message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  {
    policyName: opt(1, string, { doc: 'Name of the MutatingAdmissionPolicy.' }),
    paramRef: opt(2, ParamRef, { doc: 'The parameters.', mapType: 'atomic' }),
    matchResources: opt(3, MatchResources, { doc: "Narrows the policy's own constraints down.", mapType: 'atomic' }),
  },
  { doc: 'Which policy is put in force, where and with what.' },
) {}

export class MutatingAdmissionPolicyBinding extends object(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, MutatingAdmissionPolicyBindingSpec, { doc: 'Which policy, where and with what.' }),
  },
  { doc: 'Puts a mutating policy in force, with parameters.' },
) {}

export const mutatingAdmissionPolicyBindings = resource(MutatingAdmissionPolicyBinding, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', description: 'The policy.', cell: (b) => b.spec?.policyName ?? '' },
    { name: 'ParamRef', type: 'string', description: 'The parameters.', cell: (b) => paramRefText(b.spec?.paramRef) },
    ageColumn,
  ],
})

rulesFor(MutatingAdmissionPolicyBinding, { check: mutatingBindingErrors })
