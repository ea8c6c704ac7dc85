/** Declares LocalSubjectAccessReview (authorization/v1). */

import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './subject-access-review.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { req, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class LocalSubjectAccessReview extends object(
  'k8s.io.api.authorization.v1.LocalSubjectAccessReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, SubjectAccessReviewSpec, { doc: 'The question; its namespace must be the one it is asked in.' }),
    status: val(3, SubjectAccessReviewStatus, { doc: 'The answer.' }),
  },
  { doc: 'Asks whether a user may do something in one namespace.' },
) {}

export const localSubjectAccessReviews = resource(LocalSubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  verbs: ['create'],
})
