/** Why a request is refused by the rules: what would allow it, which of the caller's rules come near, and who could grant it. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { ClusterRoleBinding, Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import type { ClusterRole, PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Attributes } from './authorizer.ts'
import { notCovered, ruleAllows } from './policy-rule.ts'
import { rbacAuthorizer, rightsOf, ruleResolver } from './rbac.ts'

/** All of a cluster's policy. */
export interface Policy {
  readonly roles: readonly Role[]
  readonly clusterRoles: readonly ClusterRole[]
  readonly roleBindings: readonly RoleBinding[]
  readonly clusterRoleBindings: readonly ClusterRoleBinding[]
}

export interface NamedRole {
  readonly kind: 'ClusterRole' | 'Role'
  readonly name: string
  /** Whether it allows much more than what is asked for: everything of some sort. */
  readonly isBroad: boolean
}

/** A rule the caller holds, or would hold elsewhere, that fails by one thing. */
export interface NearMiss {
  readonly binding: string
  readonly role: string
  readonly because: string
}

export interface Explanation {
  /** The smallest rule that would have allowed the request. */
  readonly rule: PolicyRule
  /** Roles there are that have such a rule, the smallest first, those of the system last. */
  readonly roles: readonly NamedRole[]
  readonly nearMisses: readonly NearMiss[]
  /** Who may bind one of those roles, or the smallest rule, where it counts; `system:masters` may always. */
  readonly grantors: readonly Subject[]
}

const RBAC = 'rbac.authorization.k8s.io'

/** Authorizers other than the rules are not looked at: whether the request is refused is asked of the server. */
export function explainDenial({ user, info }: Attributes, policy: Policy): Explanation {
  const rule = smallestRule(info)
  const roles = rolesThatAllow(info, policy)
  return { rule, roles, nearMisses: nearMisses(user, info, policy), grantors: grantorsOf(rule, roles, info, policy) }
}

function smallestRule(info: RequestInfo): PolicyRule {
  if (!info.isResourceRequest) return { verbs: [info.verb], nonResourceURLs: [info.path] }
  return {
    verbs: [info.verb],
    apiGroups: [info.group],
    resources: [info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`],
    ...(info.name !== '' && info.verb !== 'create' && { resourceNames: [info.name] }),
  }
}

function rolesThatAllow(info: RequestInfo, { roles, clusterRoles }: Policy): readonly NamedRole[] {
  const allows = (role: Role | ClusterRole) => role.rules?.some((r) => ruleAllows(r, info)) === true
  const size = (role: Role | ClusterRole) => (role.rules ?? []).reduce((sum, r) => sum + sizeOf(r), 0)
  const here = roles.filter((r) => info.namespace !== '' && r.metadata.namespace === info.namespace)
  const found = [
    ...here.map((role) => ({ kind: 'Role' as const, role })),
    ...clusterRoles.map((role) => ({ kind: 'ClusterRole' as const, role })),
  ].filter(({ role }) => allows(role))
  return (
    found
      // those of the system are made for its components, or to be gathered into others
      .toSorted((a, b) => Number(isSystem(a.role)) - Number(isSystem(b.role)) || size(a.role) - size(b.role))
      .map(({ kind, role }) => ({ kind, name: role.metadata.name, isBroad: role.rules!.some(isBroad) }))
  )
}

const isSystem = (role: Role | ClusterRole) => role.metadata.name.startsWith('system:')
const isBroad = (rule: PolicyRule) => rule.resources?.includes('*') === true || rule.verbs.includes('*')
const STAR_SIZE = 1000 // a star is more than anything that can be listed

function sizeOf({ verbs, resources = [], nonResourceURLs = [] }: PolicyRule): number {
  const count = (list: readonly string[]) => list.reduce((sum, entry) => sum + (entry === '*' ? STAR_SIZE : 1), 0)
  return count(verbs) * (count(resources) + count(nonResourceURLs))
}

function nearMisses(user: UserInfo, info: RequestInfo, policy: Policy): readonly NearMiss[] {
  const misses: NearMiss[] = []
  const look = (binding: RoleBinding | ClusterRoleBinding) => {
    const { name, namespace = '' } = binding.metadata
    if (!binding.subjects?.some((s) => isOf(s, user, namespace))) return
    const shown = namespace === '' ? `ClusterRoleBinding ${name}` : `RoleBinding ${namespace}/${name}`
    const role = `${binding.roleRef.kind} ${binding.roleRef.name}`
    const rules = rulesOf(binding, policy)
    const miss = (because: string) => void misses.push({ binding: shown, role, because })
    if (rules === undefined) return miss('the role does not exist')
    if (namespace !== '' && namespace !== info.namespace) {
      if (rules.some((r) => ruleAllows(r, info))) miss(`it counts in the namespace ${namespace} only`)
      return
    }
    for (const rule of rules) {
      const because = failsBy(rule, info)
      if (because !== undefined) miss(because)
    }
  }
  policy.clusterRoleBindings.forEach(look)
  policy.roleBindings.forEach(look)
  return misses
}

/** The one thing that keeps the rule from allowing the request; undefined when it is more than one. */
function failsBy(rule: PolicyRule, info: RequestInfo): string | undefined {
  if (ruleAllows({ ...rule, verbs: ['*'] }, info)) return `it allows ${rule.verbs.join(', ')}, not ${info.verb}`
  if (!info.isResourceRequest) return undefined
  const { resourceNames, ...unnamed } = rule
  if (resourceNames?.length && ruleAllows(unnamed, info))
    return `it allows the names ${resourceNames.join(', ')} only${info.name === '' ? ', and no name is given' : `, not ${info.name}`}`
  if (rule.apiGroups && ruleAllows({ ...rule, apiGroups: ['*'] }, info))
    return `it is about the API group ${shownGroup(rule.apiGroups)}, not ${shownGroup([info.group])}`
  if (info.subresource !== '' && ruleAllows(rule, { ...info, subresource: '' }))
    return `it allows ${info.resource}, not ${info.resource}/${info.subresource}`
  return undefined
}

const shownGroup = (groups: readonly string[]) => groups.map((g) => (g === '' ? '""' : g)).join(', ')

function rulesOf({ roleRef, metadata }: RoleBinding | ClusterRoleBinding, policy: Policy): readonly PolicyRule[] | undefined {
  const role =
    roleRef.kind === 'ClusterRole'
      ? policy.clusterRoles.find((r) => r.metadata.name === roleRef.name)
      : policy.roles.find((r) => r.metadata.name === roleRef.name && r.metadata.namespace === metadata.namespace)
  return role && (role.rules ?? [])
}

function isOf(subject: Subject, user: UserInfo, namespace: string): boolean {
  if (subject.kind === 'User') return subject.name === user.username
  if (subject.kind === 'Group') return user.groups?.includes(subject.name) === true
  return user.username === `system:serviceaccount:${subject.namespace || namespace}:${subject.name}`
}

/**
 * Those of the bindings' subjects that may create a binding where the request was refused, and hold the rule themselves or may bind one of
 * the roles that have it.
 */
function grantorsOf(rule: PolicyRule, roles: readonly NamedRole[], info: RequestInfo, policy: Policy): readonly Subject[] {
  const listers = {
    roles: { get: (key: string) => policy.roles.find((r) => `${r.metadata.namespace}/${r.metadata.name}` === key) },
    clusterRoles: { get: (name: string) => policy.clusterRoles.find((r) => r.metadata.name === name) },
    roleBindings: { list: () => policy.roleBindings, changes: () => 0 },
    clusterRoleBindings: { list: () => policy.clusterRoleBindings, changes: () => 0 },
  }
  const rights = rightsOf(listers)
  const authorizer = rbacAuthorizer(rights)
  const resolver = ruleResolver(rights)
  const where = info.isResourceRequest ? info.namespace : ''
  const about = (user: UserInfo, verb: string, resource: string, name: string) => {
    const asked = { ...info, isResourceRequest: true, verb, group: RBAC, version: 'v1', resource, subresource: '', namespace: where, name }
    return (authorizer.authorize({ user, info: asked }) as { readonly type: string }).type === 'allow'
  }
  const subjects = new Map<string, Subject>()
  for (const binding of [...policy.clusterRoleBindings, ...policy.roleBindings])
    for (const s of binding.subjects ?? []) {
      const { namespace = s.kind === 'ServiceAccount' ? binding.metadata.namespace : undefined } = s
      const subject: Subject = { kind: s.kind, name: s.name, ...(namespace !== undefined && { namespace }) }
      subjects.set(JSON.stringify(subject), subject)
    }
  return [...subjects.values()].filter((subject) => {
    if (subject.kind === 'Group' && subject.name === 'system:masters') return true
    const user = userOf(subject)
    if (!about(user, 'create', where === '' ? 'clusterrolebindings' : 'rolebindings', '')) return false
    const held = resolver.rulesFor(user, where).rules
    if (notCovered(held, [rule]).length === 0) return true
    return roles.some((role) => about(user, 'bind', role.kind === 'Role' ? 'roles' : 'clusterroles', role.name))
  })
}

function userOf({ kind, name, namespace = '' }: Subject): UserInfo {
  if (kind === 'Group') return { username: '', groups: [name] }
  if (kind === 'User') return { username: name, groups: ['system:authenticated'] }
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
}
