/** Nobody may give away more than they hold: the check of writes to roles and bindings. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { RoleRef } from '#api/rbac/v1/cluster-role-binding.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { forbidden, notFound } from '#apiserver/endpoints/errors.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Authorizer } from './authorizer.ts'
import { compactRules, notCovered, ruleText } from './policy-rule.ts'
import type { RuleResolver } from './rbac.ts'

const GROUP = 'rbac.authorization.k8s.io'

export interface EscalationParts {
  readonly authorizer: Authorizer
  readonly resolver: RuleResolver
}

/** The user's own rules must cover `rules`; answers what is missing, undefined when nothing is. */
export function confirmNoEscalation(
  user: UserInfo,
  namespace: string,
  rules: readonly PolicyRule[],
  resolver: RuleResolver,
): string | undefined {
  const held = resolver.rulesFor(user, namespace)
  const missing = notCovered(held.rules, rules)
  if (missing.length === 0) return undefined
  const groups = (user.groups ?? []).map((g) => JSON.stringify(g)).join(' ')
  const lines = [...new Set(compactRules(missing).map(ruleText))].toSorted()
  const errors = held.errors.length > 0 ? `; resolution errors: [${held.errors.join(', ')}]` : ''
  return `user ${JSON.stringify(user.username ?? '')} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${errors}`
}

interface Write {
  readonly user: UserInfo
  /** The request's; `name` must be set, also on create. */
  readonly info: RequestInfo
  readonly name: string
}

/**
 * Refuses (throws 403) a create or update of a Role or ClusterRole whose rules the user does not hold, unless it may `escalate` that role. Call it only
 * when the rules change.
 */
export async function checkRoleWrite(
  write: Write & { readonly rules: readonly PolicyRule[]; readonly aggregated?: boolean },
  parts: EscalationParts,
): Promise<void> {
  if (mayEverything(write.user) || (await allowed(write, { verb: 'escalate', name: write.name }, parts))) return
  // an aggregated role takes in whatever roles are labelled for it, so only who holds everything may declare one
  const lacks = (rules: readonly PolicyRule[]) => confirmNoEscalation(write.user, write.info.namespace, rules, parts.resolver)
  const missing =
    write.aggregated && lacks(EVERYTHING) !== undefined
      ? 'must have cluster-admin privileges to use the aggregationRule'
      : lacks(write.rules)
  if (missing !== undefined) throw forbidden({ group: GROUP, plural: write.info.resource }, write.name, missing)
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** Refuses (throws 403) a binding to a role whose rules the user does not hold, unless it may `bind` that role; 404 when there is no such role. */
export async function checkBindingWrite(write: Write & { readonly roleRef: RoleRef }, parts: EscalationParts): Promise<void> {
  const { roleRef, info } = write
  if (mayEverything(write.user)) return
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (await allowed(write, { verb: 'bind', resource, name: roleRef.name }, parts)) return
  const found = parts.resolver.rulesOf(roleRef, info.namespace)
  if ('error' in found) throw notFound({ group: GROUP, plural: resource.slice(0, -1) }, roleRef.name)
  const missing = confirmNoEscalation(write.user, info.namespace, found.rules, parts.resolver)
  if (missing !== undefined) throw forbidden({ group: GROUP, plural: info.resource }, write.name, missing)
}

const mayEverything = (user: UserInfo) => user.groups?.includes('system:masters') === true

async function allowed({ user, info }: Write, asked: Partial<RequestInfo>, { authorizer }: EscalationParts): Promise<boolean> {
  return (await authorizer.authorize({ user, info: { ...info, subresource: '', ...asked } })).type === 'allow'
}
