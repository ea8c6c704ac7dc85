/** The answer of a SelfSubjectRulesReview, for `kubectl auth can-i --list`: what all authorizers together would allow a user. */

import type { SubjectRulesReviewStatus } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { ResolvedRules } from './authorizer.ts'

/** What could not be found out makes the answer incomplete. */
export function reviewRules({ rules, errors }: ResolvedRules): SubjectRulesReviewStatus {
  return {
    resourceRules: rules.flatMap((r) =>
      r.resources?.length
        ? [
            {
              verbs: r.verbs,
              apiGroups: r.apiGroups ?? [],
              resources: r.resources,
              ...(r.resourceNames?.length && { resourceNames: r.resourceNames }),
            },
          ]
        : [],
    ),
    nonResourceRules: rules.flatMap((r) => (r.nonResourceURLs?.length ? [{ verbs: r.verbs, nonResourceURLs: r.nonResourceURLs }] : [])),
    incomplete: errors.length > 0,
    ...(errors.length > 0 && { evaluationError: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` }),
  }
}
