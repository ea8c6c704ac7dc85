/** Declares ValidatingAdmissionPolicyBinding (admissionregistration/v1). */

import { MatchResources } from './mutating-admission-policy.ts'
import { ParamRef } from './mutating-admission-policy-binding.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ValidatingAdmissionPolicyBindingSpec extends message(
  'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  {
    policyName: req(1, string),
    paramRef: opt(2, ParamRef, { mapType: 'atomic' }),
    matchResources: opt(3, MatchResources, { mapType: 'atomic' }),
    validationActions: req(4, list(string, { listType: 'set' })),
  },
) {}

export class ValidatingAdmissionPolicyBinding extends object('k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding', {
  metadata: val(1, ObjectMeta),
  spec: req(2, ValidatingAdmissionPolicyBindingSpec),
}) {}

export const validatingAdmissionPolicyBindings = resource(ValidatingAdmissionPolicyBinding, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
})
