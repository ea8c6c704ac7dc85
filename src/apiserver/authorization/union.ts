/** Authorizers asked in turn, and the ones that always say the same. */

import type { Authorizer, Decision } from './authorizer.ts'

/** The first with an opinion decides; if none has one the request is refused with their reasons. */
export function firstWithOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = []
      const errors: string[] = []
      for (const a of authorizers) {
        const answer = a.authorize(attributes)
        const decision: Decision = answer instanceof Promise ? await answer : answer
        if (decision.type !== 'no-opinion') return decision
        if (decision.reason !== '') reasons.push(decision.reason)
        if (decision.error !== undefined) errors.push(decision.error)
      }
      const error = errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]
      return { type: 'no-opinion', reason: reasons.join('\n'), ...(error !== undefined && { error }) }
    },
    rulesFor(user, namespace) {
      const resolved = authorizers.flatMap((a) => a.rulesFor?.(user, namespace) ?? [])
      return { rules: resolved.flatMap((r) => r.rules), errors: resolved.flatMap((r) => r.errors) }
    },
  }
}

/** Members of these groups may do everything; the way back in when the rules are broken. */
export function privilegedGroups(...groups: readonly string[]): Authorizer {
  return {
    authorize: ({ user }) =>
      user.groups?.some((g) => groups.includes(g)) ? { type: 'allow', reason: '' } : { type: 'no-opinion', reason: '' },
  }
}

export const alwaysAllow: Authorizer = {
  authorize: () => ({ type: 'allow', reason: '' }),
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    errors: [],
  }),
}

export const alwaysDeny: Authorizer = { authorize: () => ({ type: 'no-opinion', reason: 'Everything is forbidden.' }) }
