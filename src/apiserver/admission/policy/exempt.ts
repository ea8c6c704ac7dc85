/** What policies have no say in: themselves, which could otherwise lock everybody out, and reviews, which are questions. */

import type { AdmissionRequest } from '../admission.ts'
import { isExempt } from '#apiserver/webhook/admission-match.ts'
import { groupResource } from '#schema/resource.ts'

const QUESTIONS: ReadonlySet<string> = new Set([
  'bindings',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'tokenreviews.authentication.k8s.io',
])

export function isPolicyExempt(request: AdmissionRequest): boolean {
  return isExempt(request) || QUESTIONS.has(groupResource(request.resource))
}
