/** Declares MutatingAdmissionPolicy and its binding in admissionregistration/v1beta1, where they are as in v1, whose rules of requests they use. */

import { mutatingAdmissionPolicies as policies } from '../v1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBindings as bindings } from '../v1/mutating-admission-policy-binding.ts'
import { inVersion } from '#schema/in-version.ts'

const v1beta1 = inVersion('k8s.io.api.admissionregistration.v1', 'v1beta1', { RuleWithOperations: 'kept' })

export const mutatingAdmissionPolicies = v1beta1(policies)
export const mutatingAdmissionPolicyBindings = v1beta1(bindings)
