/** Declares MutatingAdmissionPolicy and its binding in admissionregistration/v1alpha1, where they are as in v1, whose rules of requests they use. */

import { mutatingAdmissionPolicies as policies } from '../v1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBindings as bindings } from '../v1/mutating-admission-policy-binding.ts'
import { inVersion } from '#schema/in-version.ts'

const v1alpha1 = inVersion('k8s.io.api.admissionregistration.v1', 'v1alpha1', { RuleWithOperations: 'kept', Variable: 'granular' })

export const mutatingAdmissionPolicies = v1alpha1(policies)
export const mutatingAdmissionPolicyBindings = v1alpha1(bindings)
