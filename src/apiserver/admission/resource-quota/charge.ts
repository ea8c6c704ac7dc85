/** Decides what writes take of the quotas of their namespace, and which take too much. */

import type { LimitedResource } from './configuration.ts'
import { amountsText, beyond, exceeding, isNothing, only, plus, sameAmounts, type Amounts } from '#api/core/v1/quota/amounts.ts'
import { quotaEvaluator, quotaMatches, scopesOf, type QuotaEvaluator } from '#api/core/v1/quota/evaluator.ts'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '#api/core/v1/resource-quota.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** An object that is about to be, in place of the one it was. */
export interface Charge {
  readonly resource: Pick<Resource, 'group' | 'plural'>
  readonly object: KubeObject
  readonly oldObject?: KubeObject
}

export interface Charged {
  readonly quotas: readonly ResourceQuota[]
  /** Why it cannot be; the quotas are as they were then. */
  readonly refusal?: string
}

/** The quotas with the object's use added. */
export function decideCharge(quotas: readonly ResourceQuota[], charge: Charge, limited: readonly LimitedResource[], now: number): Charged {
  const { resource, object, oldObject } = charge
  const evaluator = quotaEvaluator(resource)
  const refuse = (refusal: string): Charged => ({ quotas, refusal })
  const covering = quotas.filter((quota) => quotaMatches(quota, evaluator, object))
  for (const quota of covering) {
    const { name } = quota.metadata
    const names = countedNames(quota, evaluator)
    const lacking = evaluator.constraint?.(object, names)
    if (lacking !== undefined) return refuse(`failed quota: ${name}: ${lacking}`)
    if (names.some((n) => quota.status.used?.[n] === undefined))
      return refuse(`status unknown for quota: ${name}, resources: ${names.toSorted().join(',')}`)
  }
  const uncovered = uncoveredRefusal(covering, evaluator, charge, limited, now)
  if (uncovered !== undefined) return refuse(uncovered)
  if (covering.length === 0) return { quotas }
  const whole = evaluator.usage(object, now)
  const more = oldObject === undefined ? whole : beyond(whole, evaluator.usage(oldObject, now))
  if (isNothing(more)) return { quotas }
  const next = new Map<ResourceQuota, ResourceQuota>()
  for (const quota of covering) {
    const { hard = {}, used = {} } = quota.status
    const requested = only(more, Object.keys(hard))
    const sum = plus(used, requested)
    const over = exceeding(only(sum, Object.keys(requested)), hard)
    if (over.length > 0) {
      const text = (amounts: Amounts) => amountsText(only(amounts, over))
      return refuse(`exceeded quota: ${quota.metadata.name}, requested: ${text(requested)}, used: ${text(used)}, limited: ${text(hard)}`)
    }
    if (!sameAmounts(sum, used)) next.set(quota, { ...quota, status: { ...quota.status, used: sum } })
  }
  return { quotas: quotas.map((quota) => next.get(quota) ?? quota) }
}

function countedNames(quota: ResourceQuota, evaluator: QuotaEvaluator): readonly string[] {
  return Object.keys(quota.status.hard ?? {}).filter(evaluator.counts)
}

/** What the operator wants counted in any case has to be, and where it is not, nobody may take any of it. */
function uncoveredRefusal(
  covering: readonly ResourceQuota[],
  evaluator: QuotaEvaluator,
  { resource, object }: Charge,
  limited: readonly LimitedResource[],
  now: number,
): string | undefined {
  const here = limited.filter((l) => (l.apiGroup ?? '') === resource.group && l.resource === resource.plural)
  const usage = here.length === 0 ? {} : evaluator.usage(object, now)
  const taken = Object.keys(usage).filter((name) => !isNothing({ [name]: usage[name]! }))
  const wanted = taken.filter((name) => here.some((l) => l.matchContains?.some((part) => name.includes(part))))
  const counted = new Set(covering.flatMap((quota) => countedNames(quota, evaluator)))
  const missing = wanted.filter((name) => !counted.has(name)).toSorted()
  if (missing.length > 0) return `insufficient quota to consume: ${missing.join(',')}`
  const inScope = (scope: ScopedResourceSelectorRequirement) => evaluator.inScope?.(object, scope) === true
  const scopes = limited.flatMap((l) => (l.matchScopes ?? []).filter(inScope))
  const covered = new Set(
    covering.flatMap((quota) =>
      scopesOf(quota)
        .filter(inScope)
        .map((s) => s.scopeName),
    ),
  )
  const bare = scopes.filter((scope) => !covered.has(scope.scopeName))
  return bare.length === 0 ? undefined : `insufficient quota to match these scopes: [${bare.map(scopeText).join(' ')}]`
}

function scopeText({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement): string {
  return `{${scopeName} ${operator} [${values.join(' ')}]}`
}
