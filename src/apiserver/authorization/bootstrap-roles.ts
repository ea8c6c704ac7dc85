/** Brings the default roles and bindings into a cluster, and back when somebody took from them. */

import { isDeepStrictEqual } from 'node:util'
import { clusterRoleBindings, type ClusterRoleBinding, type RoleRef } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles, type ClusterRole, type PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings, type RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { roles, type Role } from '#api/rbac/v1/role.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'
import { DEFAULT_BINDINGS, DEFAULT_ROLES, type DefaultBinding, type DefaultRole } from './bootstrap-policy.ts'
import { notCovered } from './policy-rule.ts'

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'
const MARKS = { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' }, annotations: { [AUTOUPDATE]: 'true' } }

type Writer = Pick<Client, 'list' | 'create' | 'update' | 'delete'>

/**
 * Creates what is missing and gives back rules, subjects, labels and what gathers an aggregated role's rules where they were taken away; what
 * was added stays, a binding to another role is made anew, and objects whose autoupdate annotation is "false" are left alone. All writes
 * run at once: on a first start they share the store's commits.
 */
export async function reconcileBootstrapRoles(client: Writer): Promise<void> {
  const isClusterWide = (d: { readonly namespace?: string }) => d.namespace === undefined
  const wide = DEFAULT_ROLES.filter(isClusterWide).map(clusterRoleOf)
  await Promise.all([
    reconcile(client, clusterRoles, wide, withRules),
    reconcile(
      client,
      roles,
      DEFAULT_ROLES.filter((r) => !isClusterWide(r)).map((r): Draft<Role> => ({ metadata: metadataOf(r), rules: r.rules })),
      withRules,
    ),
    reconcile(client, clusterRoleBindings, DEFAULT_BINDINGS.filter(isClusterWide).map(bindingOf), withSubjects),
    reconcile(client, roleBindings, DEFAULT_BINDINGS.filter((b) => !isClusterWide(b)).map(bindingOf), withSubjects),
  ])
}

/** An aggregating role starts with the rules it would be given, so that it is of use from the first request on. */
export function clusterRoleOf(role: DefaultRole): Draft<ClusterRole> {
  const { aggregates } = role
  if (aggregates === undefined) return { metadata: metadataOf(role), rules: role.rules }
  return {
    metadata: metadataOf(role),
    aggregationRule: { clusterRoleSelectors: aggregates.map((matchLabels) => ({ matchLabels })) },
    rules: aggregatedRules(aggregates),
  }
}

function aggregatedRules(selectors: NonNullable<DefaultRole['aggregates']>): readonly PolicyRule[] {
  const chosen = DEFAULT_ROLES.filter((r) => selectors.some((s) => Object.entries(s).every(([key, value]) => r.labels?.[key] === value)))
  const rules = new Map<string, PolicyRule>()
  for (const role of chosen.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    for (const rule of role.aggregates ? aggregatedRules(role.aggregates) : role.rules) rules.set(JSON.stringify(rule), rule)
  return [...rules.values()]
}

function bindingOf(binding: DefaultBinding): Draft<ClusterRoleBinding> & Draft<RoleBinding> {
  return { metadata: metadataOf(binding), roleRef: binding.roleRef, ...(binding.subjects.length > 0 && { subjects: binding.subjects }) }
}

function metadataOf(d: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> }) {
  return {
    name: d.name,
    ...(d.namespace !== undefined && { namespace: d.namespace }),
    annotations: MARKS.annotations,
    labels: { ...MARKS.labels, ...d.labels },
  }
}

async function reconcile<T extends KubeObject>(
  client: Writer,
  resource: Resource<T>,
  wanted: readonly Draft<T>[],
  complete: (found: T, wanted: Draft<T>) => T | undefined,
): Promise<void> {
  const { items } = await client.list(resource)
  const key = (m: { readonly name?: string; readonly namespace?: string }) => `${m.namespace ?? ''}/${m.name}`
  const there = new Map(items.map((o) => [key(o.metadata), o]))
  await Promise.all(
    wanted.map(async (draft) => {
      const found = there.get(key(draft.metadata))
      try {
        if (found === undefined) return void (await client.create(resource, draft))
        if (found.metadata.annotations?.[AUTOUPDATE] === 'false') return
        if (!isSameRole(found, draft)) {
          // which role a binding is to cannot be changed
          const { namespace, name, uid } = found.metadata
          await client.delete(resource, { name, ...(namespace !== undefined && { namespace }) }, { preconditions: { uid } })
          return void (await client.create(resource, draft))
        }
        const completed = complete(found, draft) ?? found
        const marked = withMarks(completed, draft)
        if (marked !== found) await client.update(resource, marked)
      } catch (error) {
        // another master starting at the same time does the same
        if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error
      }
    }),
  )
}

function isSameRole<T extends KubeObject>(found: T, wanted: Draft<T>): boolean {
  const role = (object: object) => (object as { readonly roleRef?: RoleRef }).roleRef
  return role(wanted) === undefined || isDeepStrictEqual(role(found), role(wanted))
}

/** The object itself when it has all labels and annotations; those it has in addition stay. */
function withMarks<T extends KubeObject>(found: T, wanted: Draft<T>): T {
  const { labels, annotations } = found.metadata
  const marks = { labels: { ...labels, ...wanted.metadata.labels }, annotations: { ...wanted.metadata.annotations, ...annotations } }
  const isMarked = isDeepStrictEqual(marks, { labels: labels ?? {}, annotations: annotations ?? {} })
  return isMarked ? found : { ...found, metadata: { ...found.metadata, ...marks } }
}

function withRules<T extends Role | ClusterRole>(found: T, wanted: Draft<T>): T | undefined {
  const gathers = (wanted as Partial<ClusterRole>).aggregationRule?.clusterRoleSelectors
  if (gathers !== undefined) return withSelectors(found as ClusterRole, gathers) as T | undefined // their rules are a controller's
  const missing = (wanted.rules as readonly PolicyRule[]).filter((r) => notCovered(found.rules ?? [], [r]).length > 0)
  return missing.length === 0 ? undefined : { ...found, rules: [...(found.rules ?? []), ...missing] }
}

type Selectors = NonNullable<NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']>

function withSelectors(found: ClusterRole, wanted: Selectors): ClusterRole | undefined {
  const present = found.aggregationRule?.clusterRoleSelectors ?? []
  const missing = wanted.filter((w) => !present.some((p) => isDeepStrictEqual(p, w)))
  return missing.length === 0 ? undefined : { ...found, aggregationRule: { clusterRoleSelectors: [...present, ...missing] } }
}

function withSubjects<T extends RoleBinding | ClusterRoleBinding>(found: T, wanted: Draft<T>): T | undefined {
  const missing = ((wanted.subjects ?? []) as NonNullable<T['subjects']>).filter(
    (s) => !found.subjects?.some((f) => f.kind === s.kind && f.name === s.name && (f.namespace ?? '') === (s.namespace ?? '')),
  )
  return missing.length === 0 ? undefined : { ...found, subjects: [...(found.subjects ?? []), ...missing] }
}
