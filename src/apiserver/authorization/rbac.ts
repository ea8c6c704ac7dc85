/** Role-based access control: what the bindings of the caller allow, read live. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { ClusterRoleBinding, RoleRef, Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import type { ClusterRole, PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { Lister } from '#client/informer.ts'
import type { Authorizer, ResolvedRules } from './authorizer.ts'
import { bindingIndex, type BindingIndex, type BindingLister } from './binding-index.ts'
import { ruleAllows } from './policy-rule.ts'

export interface RbacListers {
  readonly roles: Pick<Lister<Role>, 'get'>
  readonly clusterRoles: Pick<Lister<ClusterRole>, 'get'>
  readonly roleBindings: BindingLister<RoleBinding>
  readonly clusterRoleBindings: BindingLister<ClusterRoleBinding>
}

/** What a user's rights are looked up in; the bindings are found by whom they are for. */
export interface Rights {
  readonly roles: RbacListers['roles']
  readonly clusterRoles: RbacListers['clusterRoles']
  readonly roleBindings: BindingIndex<RoleBinding>
  readonly clusterRoleBindings: BindingIndex<ClusterRoleBinding>
}

export function rightsOf(listers: RbacListers): Rights {
  return {
    ...listers,
    roleBindings: bindingIndex(listers.roleBindings),
    clusterRoleBindings: bindingIndex(listers.clusterRoleBindings),
  }
}

export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules
  /** The rules of the role that a binding in `namespace` refers to; undefined with the reason when there is none. */
  rulesOf(ref: RoleRef, namespace: string): { readonly rules: readonly PolicyRule[] } | { readonly error: string }
}

export function rbacAuthorizer(rights: Rights): Authorizer {
  const { rulesFor } = ruleResolver(rights)
  return {
    rulesFor,
    authorize({ user, info }) {
      const errors: string[] = []
      for (const grant of grants(rights, user, info.namespace)) {
        if ('error' in grant) errors.push(grant.error)
        else if (grant.rules.some((rule) => ruleAllows(rule, info))) return { type: 'allow', reason: `RBAC: allowed by ${grant.by()}` }
      }
      const text = errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]
      return { type: 'no-opinion', reason: text === undefined ? '' : `RBAC: ${text}` }
    },
  }
}

export function ruleResolver(rights: Rights): RuleResolver {
  return {
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = []
      const errors: string[] = []
      for (const grant of grants(rights, user, namespace)) {
        if ('error' in grant) errors.push(grant.error)
        else rules.push(...grant.rules)
      }
      return { rules, errors }
    },
    rulesOf: (ref, namespace) => rulesOf(rights, ref, namespace),
  }
}

type Grant = { readonly rules: readonly PolicyRule[]; readonly by: () => string } | { readonly error: string }

/** The user's bindings with their rules: those of the cluster first, then those of the namespace. */
function* grants(rights: Rights, user: UserInfo, namespace: string): Generator<Grant> {
  for (const binding of rights.clusterRoleBindings.of(user, '')) {
    const subject = binding.subjects?.find((s) => appliesTo(s, user, ''))
    if (subject === undefined) continue
    const found = rulesOf(rights, binding.roleRef, '')
    if ('error' in found) yield found
    else
      yield {
        rules: found.rules,
        by: () =>
          `ClusterRoleBinding ${quoted(binding.metadata.name)} of ClusterRole ${quoted(binding.roleRef.name)} to ${described(subject)}`,
      }
  }
  if (namespace === '') return
  for (const binding of rights.roleBindings.of(user, namespace)) {
    const subject = binding.subjects?.find((s) => appliesTo(s, user, namespace))
    if (subject === undefined) continue
    const found = rulesOf(rights, binding.roleRef, namespace)
    if ('error' in found) yield found
    else
      yield {
        rules: found.rules,
        by: () =>
          `RoleBinding ${quoted(`${binding.metadata.name}/${namespace}`)} of ${binding.roleRef.kind} ${quoted(binding.roleRef.name)} to ${described(subject)}`,
      }
  }
}

function rulesOf(
  listers: Pick<Rights, 'roles' | 'clusterRoles'>,
  ref: RoleRef,
  namespace: string,
): { readonly rules: readonly PolicyRule[] } | { readonly error: string } {
  if (ref.kind === 'ClusterRole') {
    const role = listers.clusterRoles.get(ref.name)
    return role ? { rules: role.rules ?? [] } : { error: `clusterrole.rbac.authorization.k8s.io ${quoted(ref.name)} not found` }
  }
  if (ref.kind === 'Role') {
    const role = listers.roles.get(`${namespace}/${ref.name}`)
    return role ? { rules: role.rules ?? [] } : { error: `role.rbac.authorization.k8s.io ${quoted(ref.name)} not found` }
  }
  return { error: `unsupported role reference kind: ${quoted(ref.kind)}` }
}

function appliesTo(subject: Subject, user: UserInfo, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.username
    case 'Group':
      return user.groups?.includes(subject.name) === true
    case 'ServiceAccount': {
      const from = subject.namespace || namespace
      return from !== '' && user.username === `system:serviceaccount:${from}:${subject.name}`
    }
    default:
      return false
  }
}

const quoted = (text: string) => JSON.stringify(text)

function described(subject: Subject): string {
  return subject.kind === 'ServiceAccount'
    ? `ServiceAccount ${quoted(`${subject.name}/${subject.namespace ?? ''}`)}`
    : `${subject.kind} ${quoted(subject.name)}`
}
