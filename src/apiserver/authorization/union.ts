/** Authorizers asked in turn, and the ones that always say the same. */

import type { Authorizer } from './authorizer.ts'

/** The first with an opinion decides; if none has one the request is refused with their reasons. */
export function firstWithOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = []
      for (const a of authorizers) {
        const answer = a.authorize(attributes)
        const decision = answer instanceof Promise ? await answer : answer
        if (decision.type !== 'no-opinion') return decision
        if (decision.reason !== '') reasons.push(decision.reason)
      }
      return { type: 'no-opinion', reason: reasons.join('\n') }
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

export const alwaysAllow: Authorizer = { authorize: () => ({ type: 'allow', reason: '' }) }
