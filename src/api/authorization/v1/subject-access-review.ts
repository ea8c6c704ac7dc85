/** Declares SubjectAccessReview (authorization/v1). */

import { FieldSelectorRequirement, LabelSelectorRequirement } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, map, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class FieldSelectorAttributes extends message(
  'k8s.io.api.authorization.v1.FieldSelectorAttributes',
  {
    rawSelector: opt(1, string, { doc: "The selector as in the request; not looked at by the API server's own reviews." }),
    requirements: opt(2, list(FieldSelectorRequirement, { listType: 'atomic' }), { doc: 'The demands of the selector; all must hold.' }),
  },
  { doc: 'Field selector of a request; exactly one form is set.' },
) {}

export class LabelSelectorAttributes extends message(
  'k8s.io.api.authorization.v1.LabelSelectorAttributes',
  {
    rawSelector: opt(1, string, { doc: "The selector as in the request; not looked at by the API server's own reviews." }),
    requirements: opt(2, list(LabelSelectorRequirement, { listType: 'atomic' }), { doc: 'The demands of the selector; all must hold.' }),
  },
  { doc: 'Label selector of a request; exactly one form is set.' },
) {}

export class ResourceAttributes extends message(
  'k8s.io.api.authorization.v1.ResourceAttributes',
  {
    namespace: opt(1, string, { doc: 'Namespace; empty for cluster-scoped resources, and for all namespaces of others.' }),
    verb: opt(2, string, { doc: 'Verb, such as get, list or create; * for all.' }),
    group: opt(3, string, { doc: 'API group; * for all.' }),
    version: opt(4, string, { doc: 'API version; * for all.' }),
    resource: opt(5, string, { doc: 'Resource in plural; * for all.' }),
    subresource: opt(6, string, { doc: 'Subresource; empty for none.' }),
    name: opt(7, string, { doc: 'Name of the object; empty for all.' }),
    fieldSelector: opt(8, FieldSelectorAttributes, { doc: 'Narrows it down by fields; for list, watch and deletecollection.' }),
    labelSelector: opt(9, LabelSelectorAttributes, { doc: 'Narrows it down by labels; for list, watch and deletecollection.' }),
  },
  { doc: 'Something to do with a resource.' },
) {}

export class NonResourceAttributes extends message(
  'k8s.io.api.authorization.v1.NonResourceAttributes',
  {
    path: opt(1, string, { doc: 'The path.' }),
    verb: opt(2, string, { doc: 'HTTP method in lower case.' }),
  },
  { doc: 'Something to do with a path that is no resource.' },
) {}

export class SubjectAccessReviewSpec extends message(
  'k8s.io.api.authorization.v1.SubjectAccessReviewSpec',
  {
    resourceAttributes: opt(1, ResourceAttributes, { doc: 'Something with a resource.' }),
    nonResourceAttributes: opt(2, NonResourceAttributes, { doc: 'Something with another path.' }),
    user: opt(3, string, { doc: 'Name of the user; with no user, groups must be named.' }),
    groups: opt(4, list(string, { listType: 'atomic' }), { doc: 'Groups of the user.' }),
    extra: opt(5, map(list(string, { wrapped: true })), { doc: 'What else the authenticator knew of the user.' }),
    uid: opt(6, string, { doc: 'UID of the user.' }),
  },
  { doc: 'Who wants to do what; exactly one kind of attributes must be set.' },
) {}

export class SubjectAccessReviewStatus extends message(
  'k8s.io.api.authorization.v1.SubjectAccessReviewStatus',
  {
    allowed: req(1, bool, { doc: 'Whether it is allowed.' }),
    denied: opt(4, bool, { doc: 'Whether it is forbidden for sure; if neither, nobody allowed it.' }),
    reason: opt(2, string, { doc: 'Why it is allowed or not.' }),
    evaluationError: opt(3, string, { doc: 'What went wrong in finding out; the answer may hold all the same.' }),
  },
  { doc: 'Whether a user may do something.' },
) {}

export class SubjectAccessReview extends object(
  'k8s.io.api.authorization.v1.SubjectAccessReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, SubjectAccessReviewSpec, { doc: 'The question.' }),
    status: val(3, SubjectAccessReviewStatus, { doc: 'The answer.' }),
  },
  { doc: 'Asks whether a user may do something.' },
) {}

export const subjectAccessReviews = resource(SubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
