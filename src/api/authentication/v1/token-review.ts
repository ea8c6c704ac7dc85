/** Declares TokenReview (authentication/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, map, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class TokenReviewSpec extends message('k8s.io.api.authentication.v1.TokenReviewSpec', {
  token: req(1, string),
  audiences: opt(2, list(string, { listType: 'atomic' })),
}) {}

export class UserInfo extends message('k8s.io.api.authentication.v1.UserInfo', {
  username: opt(1, string),
  uid: opt(2, string),
  groups: opt(3, list(string, { listType: 'atomic' })),
  extra: opt(4, map(list(string, { wrapped: true }))),
}) {}

export class TokenReviewStatus extends message('k8s.io.api.authentication.v1.TokenReviewStatus', {
  authenticated: opt(1, bool),
  user: val(2, UserInfo),
  audiences: opt(4, list(string, { listType: 'atomic' })),
  error: opt(3, string),
}) {}

export class TokenReview extends object('k8s.io.api.authentication.v1.TokenReview', {
  metadata: val(1, ObjectMeta),
  spec: req(2, TokenReviewSpec),
  status: val(3, TokenReviewStatus),
}) {}

export const tokenReviews = resource(TokenReview, {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
