/** Keeps the rules of aggregated cluster roles the union of the roles that their selectors choose. */

import { isDeepStrictEqual } from 'node:util'
import { clusterRoles, type ClusterRole, type PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { labelSelectorOf } from '#schema/selector.ts'
import { nothing, update, type Controller } from './controller.ts'

interface Aggregated {
  readonly role: ClusterRole
  readonly others: readonly ClusterRole[]
}

export const clusterRoleAggregationController: Controller<Aggregated> = {
  name: 'clusterrole-aggregation',
  primary: clusterRoles,
  // Any role may be, or have been, part of any aggregate
  watches: [
    {
      resource: clusterRoles,
      keys: (_, cache) =>
        cache
          .of(clusterRoles)
          .list()
          .filter((r) => r.aggregationRule !== undefined)
          .map((r) => r.metadata.name),
    },
  ],
  read(key, cache) {
    const role = cache.get(clusterRoles, key)
    if (role?.aggregationRule === undefined) return undefined
    const others = cache.of(clusterRoles).list()
    return { role, others: others.filter((o) => o.metadata.name !== key) }
  },
  decide({ role, others }) {
    const rules: PolicyRule[] = []
    const sorted = others.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
      const { matches } = labelSelectorOf(selector)
      for (const other of sorted)
        if (matches(other.metadata.labels))
          for (const rule of other.rules ?? []) if (!rules.some((r) => isDeepStrictEqual(r, rule))) rules.push(rule)
    }
    if (isDeepStrictEqual(rules, role.rules ?? [])) return nothing
    return { actions: [update(clusterRoles, { ...role, rules })] }
  },
}
