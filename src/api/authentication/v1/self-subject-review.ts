/** Declares SelfSubjectReview (authentication/v1). */

import { UserInfo } from './token-review.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class SelfSubjectReviewStatus extends message(
  'k8s.io.api.authentication.v1.SelfSubjectReviewStatus',
  {
    userInfo: val(1, UserInfo, { doc: 'The user.' }),
  },
  { doc: 'The answer to a self subject review.' },
) {}

export class SelfSubjectReview extends object(
  'k8s.io.api.authentication.v1.SelfSubjectReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    status: val(2, SelfSubjectReviewStatus, { doc: 'Who the server takes the asker for.' }),
  },
  { doc: 'Tells who is asking.' },
) {}

export const selfSubjectReviews = resource(SelfSubjectReview, {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
