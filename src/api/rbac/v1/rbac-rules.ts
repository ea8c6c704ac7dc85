/** What the server adds to roles and bindings and what it refuses in them. */

import type { PolicyRule } from './cluster-role.ts'
import type { RoleRef, Subject } from './cluster-role-binding.ts'
import { invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Subdomain, pathSegment } from '#schema/names.ts'
import { sameJson } from '#schema/json-patch.ts'

export const RBAC_GROUP = 'rbac.authorization.k8s.io'

export function roleRefDefaults(ref: RoleRef): Partial<RoleRef> | undefined {
  return ref.apiGroup ? undefined : { apiGroup: RBAC_GROUP }
}

export function subjectDefaults(subject: Subject): Partial<Subject> | undefined {
  if (subject.apiGroup || (subject.kind !== 'User' && subject.kind !== 'Group')) return undefined
  return { apiGroup: RBAC_GROUP }
}

export function bindingErrors(
  binding: { readonly roleRef: RoleRef; readonly subjects?: readonly Subject[] },
  kinds: readonly string[],
  namespaced: boolean,
): FieldError[] {
  const { roleRef } = binding
  // That it is missing is the declaration's to say.
  if (roleRef === undefined) return []
  const errors: FieldError[] = []
  if (roleRef.apiGroup !== RBAC_GROUP) errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [RBAC_GROUP]))
  if (roleRef.kind !== '' && !kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, kinds))
  if (roleRef.name !== '') errors.push(...invalidEach('roleRef.name', roleRef.name, pathSegment(roleRef.name)))
  for (const [index, subject] of (binding.subjects ?? []).entries())
    errors.push(...subjectErrors(subject, `subjects[${index}]`, namespaced))
  return errors
}

function subjectErrors(subject: Subject, at: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  const group = subject.apiGroup ?? ''
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name !== '') errors.push(...invalidEach(`${at}.name`, subject.name, dns1123Subdomain(subject.name)))
      if (group !== '') errors.push(notSupported(`${at}.apiGroup`, group, ['']))
      if (!namespaced && !subject.namespace) errors.push(required(`${at}.namespace`))
      return errors
    case 'User':
    case 'Group':
      return group === RBAC_GROUP ? errors : [notSupported(`${at}.apiGroup`, group, [RBAC_GROUP])]
    default:
      return subject.kind === '' ? errors : [notSupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group'])]
  }
}

export function bindingUpdateErrors(binding: { readonly roleRef: RoleRef }, old: { readonly roleRef: RoleRef }): FieldError[] {
  return sameJson(binding.roleRef, old.roleRef) ? [] : [invalid('roleRef', binding.roleRef, 'cannot change roleRef')]
}

export function ruleErrors(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = `rules[${index}]`
    const errors: FieldError[] = []
    const urls = rule.nonResourceURLs ?? []
    const { verbs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
    if (verbs.length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'))
    if (urls.length > 0) {
      if (namespaced) errors.push(invalid(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'))
      if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
        errors.push(invalid(`${at}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
      return errors
    }
    if (apiGroups.length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
    if (resources.length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
    return errors
  })
}
