/** How quotas count the objects of a resource: which names of a quota are about them, and what one object takes. */

import { only, plus, sameAmounts, type Amounts } from './amounts.ts'
import { claimEvaluator } from './claim-usage.ts'
import { podEvaluator } from './pod-usage.ts'
import { deviceClaimEvaluator } from './resource-claim-usage.ts'
import { serviceEvaluator } from './service-usage.ts'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../resource-quota.ts'
import { groupResource, type KubeObject } from '#schema/resource.ts'

export interface QuotaEvaluator {
  /** Of the names of a quota those that count these objects. */
  readonly counts: (name: string) => boolean
  readonly usage: (object: KubeObject, now: number) => Amounts
  /** Whether an object is in a scope; absent: none is in any. */
  readonly inScope?: (object: KubeObject, scope: ScopedResourceSelectorRequirement) => boolean
  /** Why an object cannot be counted against a quota that counts these names. */
  readonly constraint?: (object: KubeObject, names: readonly string[]) => string | undefined
  /** Which writes can take more: creating is all unless said otherwise. */
  readonly charges?: (write: ChargedWrite) => boolean
}

export interface ChargedWrite {
  readonly operation: string
  readonly subresource: string
  readonly object?: KubeObject
  readonly oldObject?: KubeObject
}

/** The name under which every resource can be counted, such as `count/deployments.apps`. */
export function countName(resource: { readonly group: string; readonly plural: string }): string {
  return `count/${groupResource(resource)}`
}

const OWN: Readonly<Record<string, QuotaEvaluator>> = {
  pods: podEvaluator,
  services: serviceEvaluator,
  persistentvolumeclaims: claimEvaluator,
  'resourceclaims.resource.k8s.io': deviceClaimEvaluator,
}
/** Counted under their plain names, too. */
const PLAIN_NAMES: ReadonlySet<string> = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'])

export function quotaEvaluator(resource: { readonly group: string; readonly plural: string }): QuotaEvaluator {
  const name = groupResource(resource)
  const own = OWN[name]
  if (own !== undefined) return own
  const counted = countName(resource)
  const names = PLAIN_NAMES.has(name) ? [counted, name] : [counted]
  const one = Object.fromEntries(names.map((n) => [n, '1']))
  return { counts: (n) => names.includes(n), usage: () => one }
}

export function chargesFor({ charges }: QuotaEvaluator, write: ChargedWrite): boolean {
  return charges === undefined ? write.operation === 'CREATE' && write.subresource === '' : charges(write)
}

/** The scopes of a quota in one form. */
export function scopesOf({ spec }: ResourceQuota): readonly ScopedResourceSelectorRequirement[] {
  const plain = (spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }) as ScopedResourceSelectorRequirement)
  return [...plain, ...(spec.scopeSelector?.matchExpressions ?? [])]
}

/** Whether a quota counts the object at all. */
export function quotaMatches(quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): boolean {
  return (
    Object.keys(quota.status.hard ?? {}).some(evaluator.counts) && scopesOf(quota).every((s) => evaluator.inScope?.(object, s) === true)
  )
}

/** What objects take together of what a quota counts of their kind: all its names, be it nothing. */
export function usageOf(quota: ResourceQuota, evaluator: QuotaEvaluator, objects: readonly KubeObject[], now: number): Amounts {
  const names = Object.keys(quota.spec.hard ?? {}).filter(evaluator.counts)
  const scopes = scopesOf(quota)
  const none = Object.fromEntries(names.map((name) => [name, '0']))
  const counted = objects.filter((object) => scopes.every((s) => evaluator.inScope?.(object, s) === true))
  return counted.reduce<Amounts>((sum, object) => plus(sum, only(evaluator.usage(object, now), names)), none)
}

/** Whether a change of an object gives something back, or takes what admission did not see. */
export function usageChanges(evaluator: QuotaEvaluator, object: KubeObject, old: KubeObject, now: number): boolean {
  return !sameAmounts(evaluator.usage(object, now), evaluator.usage(old, now))
}
