/** Declares TokenReview (authentication/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, map, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class TokenReviewSpec extends message(
  'k8s.io.api.authentication.v1.TokenReviewSpec',
  {
    token: req(1, string, { doc: 'The bearer token.' }),
    audiences: opt(2, list(string, { listType: 'atomic' }), { doc: 'Whom the token should be for. The API server by default.' }),
  },
  { doc: 'A token in question.' },
) {}

export class UserInfo extends message(
  'k8s.io.api.authentication.v1.UserInfo',
  {
    username: opt(1, string, { doc: 'Name that is unique among active users.' }),
    uid: opt(2, string, { doc: 'Identifier that is unique over time.' }),
    groups: opt(3, list(string, { listType: 'atomic' }), { doc: 'Groups the user is in.' }),
    extra: opt(4, map(list(string, { wrapped: true })), { doc: 'More that the authenticator knows.' }),
  },
  { doc: 'A user, as requests are made by.' },
) {}

export class TokenReviewStatus extends message(
  'k8s.io.api.authentication.v1.TokenReviewStatus',
  {
    authenticated: opt(1, bool, { doc: 'Whether the token is good for a known user.' }),
    user: val(2, UserInfo, { doc: 'The user it stands for.' }),
    audiences: opt(4, list(string, { listType: 'atomic' }), {
      doc: 'Those asked for that the token is indeed for; empty if the checker knows no audiences.',
    }),
    error: opt(3, string, { doc: 'Why the token could not be checked.' }),
  },
  { doc: 'Whom a token stands for.' },
) {}

export class TokenReview extends object(
  'k8s.io.api.authentication.v1.TokenReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, TokenReviewSpec, { doc: 'The token in question.' }),
    status: val(3, TokenReviewStatus, { doc: 'The answer.' }),
  },
  { doc: 'Asks whom a bearer token stands for.' },
) {}

export const tokenReviews = resource(TokenReview, {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
