/** Policies with the bindings that put them in force, each compiled once. */

import { matcherOf, type Matcher } from './policy-match.ts'
import type { MatchResources } from '#api/admissionregistration/v1/mutating-admission-policy.ts'

interface AnyPolicy {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly matchConstraints?: MatchResources }
}

interface AnyBinding {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly policyName?: string; readonly matchResources?: MatchResources }
}

export interface Bound<P, B, C> {
  readonly policy: P
  readonly compiled: C
  readonly matches: Matcher
  readonly bindings: readonly { readonly binding: B; readonly matches: Matcher }[]
}

/** Reads both lists anew each time; what did not change is not made again. Policies nobody bound are left out. */
export function boundPolicies<P extends AnyPolicy, B extends AnyBinding, C>(
  policies: () => readonly P[],
  bindings: () => readonly B[],
  compile: (policy: P) => C,
): () => readonly Bound<P, B, C>[] {
  const compiled = new WeakMap<P, { readonly compiled: C; readonly matches: Matcher }>()
  const matchers = new WeakMap<B, Matcher>()
  const ofPolicy = (policy: P) => {
    const known = compiled.get(policy)
    if (known) return known
    const made = { compiled: compile(policy), matches: matcherOf(policy.spec?.matchConstraints) }
    compiled.set(policy, made)
    return made
  }
  const ofBinding = (binding: B) => {
    const known = matchers.get(binding)
    if (known) return known
    const made = matcherOf(binding.spec?.matchResources)
    matchers.set(binding, made)
    return made
  }
  return () => {
    const all = bindings()
    if (all.length === 0) return []
    const byPolicy = Map.groupBy(all, (binding) => binding.spec?.policyName ?? '')
    return policies().flatMap((policy) => {
      const own = byPolicy.get(policy.metadata.name)
      if (own === undefined) return []
      return [{ policy, ...ofPolicy(policy), bindings: own.map((binding) => ({ binding, matches: ofBinding(binding) })) }]
    })
  }
}
