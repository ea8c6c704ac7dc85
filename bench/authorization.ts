/** RBAC alone: a decision among thousands of bindings, and the first one after a binding changed. */

import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { DEFAULT_BINDINGS, DEFAULT_ROLES } from '#apiserver/authorization/bootstrap-policy.ts'
import { clusterRoleOf } from '#apiserver/authorization/bootstrap-roles.ts'
import { rbacAuthorizer, rightsOf } from '#apiserver/authorization/rbac.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { median, percentile, type Figure } from './figures.ts'

const BINDINGS = 5000
const NAMESPACES = 100
const ROUNDS = 200
const DECISIONS = 500 // a round, so that the clock's grain does not matter
const CHANGES = 50

export async function benchAuthorization(): Promise<readonly Figure[]> {
  const metadata = (name: string, namespace?: string) => ({
    name,
    ...(namespace && { namespace }),
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '',
  })
  const roles = new Map(DEFAULT_ROLES.filter((r) => r.namespace === undefined).map((r) => [r.name, clusterRoleOf(r) as ClusterRole]))
  const bindings: RoleBinding[] = Array.from({ length: BINDINGS }, (_, i) => ({
    metadata: metadata(`binding-${i}`, `ns-${i % NAMESPACES}`),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: i % 2 === 0 ? 'edit' : 'view' },
    subjects: [
      { kind: 'User', name: `user-${i % 1000}` },
      { kind: 'Group', name: `team-${i % 200}` },
    ],
  }))
  const clusterRoleBindings = DEFAULT_BINDINGS.filter((b) => b.namespace === undefined).map((b) => ({
    metadata: metadata(b.name),
    roleRef: b.roleRef,
    subjects: b.subjects,
  }))
  let changes = 0
  const authorizer = rbacAuthorizer(
    rightsOf({
      roles: { get: () => undefined },
      clusterRoles: { get: (name) => roles.get(name) },
      roleBindings: { list: () => bindings, changes: () => changes },
      clusterRoleBindings: { list: () => clusterRoleBindings, changes: () => 0 },
    }),
  )
  const decide = (i: number) => {
    const info = parseRequestInfo('GET', `/api/v1/namespaces/ns-${i % NAMESPACES}/pods/p`, new URLSearchParams())
    const user = { username: `user-${i % 1000}`, groups: [`team-${i % 200}`, 'system:authenticated'] }
    return authorizer.authorize({ user, info })
  }
  const allowed = await Promise.all(Array.from({ length: BINDINGS }, (_, i) => decide(i)))
  if (!allowed.every((d) => d.type === 'allow')) throw new Error('a user is refused what its binding allows')

  const each: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    for (let i = 0; i < DECISIONS; i++) void decide(round * DECISIONS + i)
    each.push(((performance.now() - began) * 1000) / DECISIONS)
  }
  const afterChange: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    bindings[i] = { ...bindings[i]! }
    changes++
    const began = performance.now()
    void decide(i)
    afterChange.push(performance.now() - began)
  }
  const worst = percentile(each, 0.99)
  return [
    {
      what: 'RBAC decision with 5,000 bindings',
      measured: `${median(each).toFixed(1)} us, p99 of rounds ${worst.toFixed(1)} us; the first after a binding changed ${median(afterChange).toFixed(2)} ms`,
      budget: '50 us',
      met: worst < 50,
    },
  ]
}

if (import.meta.main) for (const { what, measured } of await benchAuthorization()) console.log(`${what}: ${measured}`)
