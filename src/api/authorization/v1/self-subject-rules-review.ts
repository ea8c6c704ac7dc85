/** Declares SelfSubjectRulesReview (authorization/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class SelfSubjectRulesReviewSpec extends message(
  'k8s.io.api.authorization.v1.SelfSubjectRulesReviewSpec',
  {
    namespace: opt(1, string, { doc: 'The namespace.' }),
  },
  { doc: 'Where the asker wants to do something.' },
) {}

export class ResourceRule extends message(
  'k8s.io.api.authorization.v1.ResourceRule',
  {
    verbs: req(1, list(string, { listType: 'atomic' }), { doc: 'Verbs, such as get or list; * for all.' }),
    apiGroups: opt(2, list(string, { listType: 'atomic' }), { doc: 'API groups; * for all.' }),
    resources: opt(3, list(string, { listType: 'atomic' }), { doc: 'Resources, such as pods or pods/log; * for all.' }),
    resourceNames: opt(4, list(string, { listType: 'atomic' }), { doc: 'Names of single objects; all when empty.' }),
  },
  { doc: 'What may be done with resources.' },
) {}

export class NonResourceRule extends message(
  'k8s.io.api.authorization.v1.NonResourceRule',
  {
    verbs: req(1, list(string, { listType: 'atomic' }), { doc: 'HTTP methods in lower case, such as get; * for all.' }),
    nonResourceURLs: opt(2, list(string, { listType: 'atomic' }), {
      doc: 'Paths; a * stands for everything, alone or as the last segment.',
    }),
  },
  { doc: 'What may be done with paths that are no resources.' },
) {}

export class SubjectRulesReviewStatus extends message(
  'k8s.io.api.authorization.v1.SubjectRulesReviewStatus',
  {
    resourceRules: req(1, list(ResourceRule, { listType: 'atomic' }), { doc: 'With resources, in no certain order.' }),
    nonResourceRules: req(2, list(NonResourceRule, { listType: 'atomic' }), {
      doc: 'With paths that are no resources, in no certain order.',
    }),
    incomplete: req(3, bool, { doc: 'Whether rules may be missing from the answer.' }),
    evaluationError: opt(4, string, { doc: 'What went wrong in finding them.' }),
  },
  { doc: 'What a user may do.' },
) {}

export class SelfSubjectRulesReview extends object(
  'k8s.io.api.authorization.v1.SelfSubjectRulesReview',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, SelfSubjectRulesReviewSpec, { doc: 'The question.' }),
    status: val(3, SubjectRulesReviewStatus, { doc: 'The answer.' }),
  },
  { doc: 'Asks what the asker may do in a namespace; for user interfaces, not to decide by.' },
) {}

export const selfSubjectRulesReviews = resource(SelfSubjectRulesReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  verbs: ['create'],
})
