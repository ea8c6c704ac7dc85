/** Declares MutatingAdmissionPolicyBinding (admissionregistration/v1). */

import { MatchResources } from './mutating-admission-policy.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ParamRef extends message(
  'k8s.io.api.admissionregistration.v1.ParamRef',
  {
    name: opt(1, string),
    namespace: opt(2, string),
    selector: opt(3, LabelSelector, { mapType: 'atomic' }),
    parameterNotFoundAction: opt(4, string, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class MutatingAdmissionPolicyBindingSpec extends message('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec', {
  policyName: opt(1, string),
  paramRef: opt(2, ParamRef, { mapType: 'atomic' }),
  matchResources: opt(3, MatchResources, { mapType: 'atomic' }),
}) {}

export class MutatingAdmissionPolicyBinding extends object('k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding', {
  metadata: val(1, ObjectMeta),
  spec: val(2, MutatingAdmissionPolicyBindingSpec),
}) {}

export const mutatingAdmissionPolicyBindings = resource(MutatingAdmissionPolicyBinding, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
})
