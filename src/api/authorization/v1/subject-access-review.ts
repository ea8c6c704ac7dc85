/** Declares SubjectAccessReview (authorization/v1). */

import { FieldSelectorRequirement, LabelSelectorRequirement } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, map, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class FieldSelectorAttributes extends message('k8s.io.api.authorization.v1.FieldSelectorAttributes', {
  rawSelector: opt(1, string),
  requirements: opt(2, list(FieldSelectorRequirement, { listType: 'atomic' })),
}) {}

export class LabelSelectorAttributes extends message('k8s.io.api.authorization.v1.LabelSelectorAttributes', {
  rawSelector: opt(1, string),
  requirements: opt(2, list(LabelSelectorRequirement, { listType: 'atomic' })),
}) {}

export class ResourceAttributes extends message('k8s.io.api.authorization.v1.ResourceAttributes', {
  namespace: opt(1, string),
  verb: opt(2, string),
  group: opt(3, string),
  version: opt(4, string),
  resource: opt(5, string),
  subresource: opt(6, string),
  name: opt(7, string),
  fieldSelector: opt(8, FieldSelectorAttributes),
  labelSelector: opt(9, LabelSelectorAttributes),
}) {}

export class NonResourceAttributes extends message('k8s.io.api.authorization.v1.NonResourceAttributes', {
  path: opt(1, string),
  verb: opt(2, string),
}) {}

export class SubjectAccessReviewSpec extends message('k8s.io.api.authorization.v1.SubjectAccessReviewSpec', {
  resourceAttributes: opt(1, ResourceAttributes),
  nonResourceAttributes: opt(2, NonResourceAttributes),
  user: opt(3, string),
  groups: opt(4, list(string, { listType: 'atomic' })),
  extra: opt(5, map(list(string, { wrapped: true }))),
  uid: opt(6, string),
}) {}

export class SubjectAccessReviewStatus extends message('k8s.io.api.authorization.v1.SubjectAccessReviewStatus', {
  allowed: req(1, bool),
  denied: opt(4, bool),
  reason: opt(2, string),
  evaluationError: opt(3, string),
}) {}

export class SubjectAccessReview extends object('k8s.io.api.authorization.v1.SubjectAccessReview', {
  metadata: val(1, ObjectMeta),
  spec: req(2, SubjectAccessReviewSpec),
  status: val(3, SubjectAccessReviewStatus),
}) {}

export const subjectAccessReviews = resource(SubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
