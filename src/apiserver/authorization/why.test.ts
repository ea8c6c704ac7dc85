import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { may } from './may.ts'
import { explainDenial, type Policy } from './why.ts'

const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace && { namespace }),
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
})
const clusterRole = (name: string, ...rules: PolicyRule[]) => ({ metadata: meta(name), rules })
const binding = (name: string, namespace: string | undefined, kind: string, to: string, ...subjects: Subject[]) => ({
  metadata: meta(name, namespace),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
  subjects,
})
const user = (name: string): Subject => ({ kind: 'User', name })
const group = (name: string): Subject => ({ kind: 'Group', name })

const policy: Policy = {
  clusterRoles: [
    clusterRole('cluster-admin', may('*', '*', '*')),
    clusterRole('edit', may('get list watch create update patch delete', 'core', 'pods configmaps services secrets')),
    clusterRole('view', may('get list watch', 'core', 'pods configmaps services')),
    clusterRole('granter', may('create', 'rbac.authorization.k8s.io', 'rolebindings')),
    clusterRole(
      'bind-edit',
      may('create', 'rbac.authorization.k8s.io', 'rolebindings'),
      may('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'edit'),
    ),
    clusterRole('named', may('delete', 'core', 'pods', 'one')),
  ],
  roles: [{ metadata: meta('cleaner', 'team'), rules: [may('delete', 'core', 'pods')] }],
  clusterRoleBindings: [
    binding('admins', undefined, 'ClusterRole', 'cluster-admin', group('system:masters'), user('root')),
    binding('viewers', undefined, 'ClusterRole', 'view', user('joe'), user('granter')),
    binding('gone', undefined, 'ClusterRole', 'gone', user('joe')),
  ],
  roleBindings: [
    binding('editors', 'team', 'ClusterRole', 'edit', user('lead')),
    binding('granters', 'team', 'ClusterRole', 'granter', user('lead'), user('granter')),
    binding('binders', 'team', 'ClusterRole', 'bind-edit', { kind: 'ServiceAccount', name: 'bot' }),
    binding('others', 'other', 'ClusterRole', 'edit', user('joe')),
    binding('named', 'team', 'ClusterRole', 'named', group('dev')),
  ],
}

const why = (method: string, path: string, asking = { username: 'joe', groups: ['dev'] }) =>
  explainDenial({ user: asking, info: parseRequestInfo(method, path, new URLSearchParams()) }, policy)

test('a refusal names the rule, the roles that have it, what came near, and who could grant it', () => {
  deepEqual(why('DELETE', '/api/v1/namespaces/team/pods/p'), {
    rule: { verbs: ['delete'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] },
    roles: [
      { kind: 'Role', name: 'cleaner', isBroad: false },
      { kind: 'ClusterRole', name: 'edit', isBroad: false },
      { kind: 'ClusterRole', name: 'cluster-admin', isBroad: true },
    ],
    nearMisses: [
      { binding: 'ClusterRoleBinding viewers', role: 'ClusterRole view', because: 'it allows get, list, watch, not delete' },
      { binding: 'ClusterRoleBinding gone', role: 'ClusterRole gone', because: 'the role does not exist' },
      { binding: 'RoleBinding other/others', role: 'ClusterRole edit', because: 'it counts in the namespace other only' },
      { binding: 'RoleBinding team/named', role: 'ClusterRole named', because: 'it allows the names one only, not p' },
    ],
    grantors: [group('system:masters'), user('root'), user('lead'), { kind: 'ServiceAccount', name: 'bot', namespace: 'team' }],
  })
})

test('what is refused for the cluster only those can grant who may bind for the cluster', () => {
  const { rule, roles, nearMisses, grantors } = why('GET', '/api/v1/nodes/n/proxy', { username: 'lead', groups: [] })
  deepEqual(
    [rule, roles.map((r) => r.name), nearMisses, grantors],
    [
      { verbs: ['get'], apiGroups: [''], resources: ['nodes/proxy'], resourceNames: ['n'] },
      ['cluster-admin'],
      [],
      [group('system:masters'), user('root')],
    ],
  )
  deepEqual(why('GET', '/metrics').rule, { verbs: ['get'], nonResourceURLs: ['/metrics'] })
})

test('a subresource or another group is a near miss', () => {
  const misses = (path: string) =>
    why('GET', path)
      .nearMisses.filter((m) => m.role === 'ClusterRole view')
      .map((m) => m.because)
  deepEqual(
    [misses('/api/v1/namespaces/team/pods/p/log'), misses('/apis/apps/v1/namespaces/team/pods/p')],
    [['it allows pods, not pods/log'], ['it is about the API group "", not apps']],
  )
})
