/** Declares SelfSubjectRulesReview (authorization/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class SelfSubjectRulesReviewSpec extends message('k8s.io.api.authorization.v1.SelfSubjectRulesReviewSpec', {
  namespace: opt(1, string),
}) {}

export class ResourceRule extends message('k8s.io.api.authorization.v1.ResourceRule', {
  verbs: req(1, list(string, { listType: 'atomic' })),
  apiGroups: opt(2, list(string, { listType: 'atomic' })),
  resources: opt(3, list(string, { listType: 'atomic' })),
  resourceNames: opt(4, list(string, { listType: 'atomic' })),
}) {}

export class NonResourceRule extends message('k8s.io.api.authorization.v1.NonResourceRule', {
  verbs: req(1, list(string, { listType: 'atomic' })),
  nonResourceURLs: opt(2, list(string, { listType: 'atomic' })),
}) {}

export class SubjectRulesReviewStatus extends message('k8s.io.api.authorization.v1.SubjectRulesReviewStatus', {
  resourceRules: req(1, list(ResourceRule, { listType: 'atomic' })),
  nonResourceRules: req(2, list(NonResourceRule, { listType: 'atomic' })),
  incomplete: req(3, bool),
  evaluationError: opt(4, string),
}) {}

export class SelfSubjectRulesReview extends object('k8s.io.api.authorization.v1.SelfSubjectRulesReview', {
  metadata: val(1, ObjectMeta),
  spec: req(2, SelfSubjectRulesReviewSpec),
  status: val(3, SubjectRulesReviewStatus),
}) {}

export const selfSubjectRulesReviews = resource(SelfSubjectRulesReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
