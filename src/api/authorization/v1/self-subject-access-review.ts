/** Declares SelfSubjectAccessReview (authorization/v1). */

import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from './subject-access-review.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class SelfSubjectAccessReviewSpec extends message(
  'k8s.io.api.authorization.v1.SelfSubjectAccessReviewSpec',
  {
    resourceAttributes: opt(1, ResourceAttributes, { doc: 'Something with a resource.' }),
    nonResourceAttributes: opt(2, NonResourceAttributes, { doc: 'Something with another path.' }),
  },
  { doc: 'What the asker wants to do; exactly one must be set.' },
) {}

export class SelfSubjectAccessReview extends object(
  'k8s.io.api.authorization.v1.SelfSubjectAccessReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, SelfSubjectAccessReviewSpec, { doc: 'The question.' }),
    status: val(3, SubjectAccessReviewStatus, { doc: 'The answer.' }),
  },
  { doc: 'Asks whether the asker may do something.' },
) {}

export const selfSubjectAccessReviews = resource(SelfSubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
