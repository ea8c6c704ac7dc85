import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ClusterRoleBinding, Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import type { ClusterRole, PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import { authorize } from '#apiserver/filters/authorization.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { DEFAULT_BINDINGS, DEFAULT_ROLES } from './bootstrap-policy.ts'
import { clusterRoleOf, reconcileBootstrapRoles } from './bootstrap-roles.ts'
import { checkBindingWrite, checkRoleWrite } from './escalation.ts'
import { nodeAuthorizer } from './node-authorizer.ts'
import { rbacAuthorizer, rightsOf, ruleResolver, type Rights } from './rbac.ts'
import { reviewRules } from './rules-review.ts'
import { firstWithOpinion, privilegedGroups } from './union.ts'
import { may } from './may.ts'

const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace && { namespace }),
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
})
const role = (name: string, namespace: string, ...rules: PolicyRule[]): Role => ({ metadata: meta(name, namespace), rules })
const clusterRole = (name: string, ...rules: PolicyRule[]): ClusterRole => ({ metadata: meta(name), rules })
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
const binding = (name: string, namespace: string, kind: string, to: string, ...subjects: Subject[]): RoleBinding & ClusterRoleBinding => ({
  metadata: meta(name, namespace),
  roleRef: roleRef(kind, to),
  subjects,
})
const viewer: Subject = { kind: 'ServiceAccount', name: 'viewer', namespace: 'default' }
const joe: UserInfo = { username: 'joe', groups: ['dev', 'system:authenticated'] }

function listers(o: {
  roles?: Role[]
  clusterRoles?: ClusterRole[]
  roleBindings?: RoleBinding[]
  clusterRoleBindings?: ClusterRoleBinding[]
}): Rights {
  return rightsOf({
    roles: { get: (key) => o.roles?.find((r) => `${r.metadata.namespace}/${r.metadata.name}` === key) },
    clusterRoles: { get: (key) => o.clusterRoles?.find((r) => r.metadata.name === key) },
    roleBindings: { list: () => o.roleBindings ?? [] },
    clusterRoleBindings: { list: () => o.clusterRoleBindings ?? [] },
  })
}

const policy = listers({
  roles: [role('leader', 'default', may('get update', 'core', 'configmaps', 'lock'))],
  clusterRoles: [
    clusterRole('view', may('get list watch', 'core', 'pods pods/log')),
    clusterRole('metrics', { verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }, may('get update', '*', '*/scale')),
  ],
  roleBindings: [
    binding('view-it', 'default', 'ClusterRole', 'view', viewer),
    binding('lead', 'default', 'Role', 'leader', { kind: 'User', name: 'joe' }),
    binding('lost', 'lost', 'Role', 'gone', { kind: 'User', name: 'joe' }),
  ],
  clusterRoleBindings: [binding('metrics', '', 'ClusterRole', 'metrics', { kind: 'Group', name: 'dev' })],
})

const account: UserInfo = { username: 'system:serviceaccount:default:viewer', groups: ['system:serviceaccounts'] }

function ask(user: UserInfo, method: string, path: string, authorizer = rbacAuthorizer(policy)) {
  return authorize(authorizer, { user, info: parseRequestInfo(method, path, new URLSearchParams()) }).then(
    () => 'yes',
    (error: Error) => error.message,
  )
}

test('rules are read as upstream reads them, and refusals say what it says', async () => {
  deepEqual(
    [
      await ask(account, 'GET', '/api/v1/namespaces/default/pods'),
      await ask(account, 'GET', '/api/v1/namespaces/default/pods/x/log'),
      await ask(account, 'DELETE', '/api/v1/namespaces/default/pods/x'),
      await ask(account, 'DELETE', '/api/v1/namespaces/default/pods'),
      await ask(account, 'GET', '/api/v1/namespaces/default/pods/x/status'),
      await ask(account, 'GET', '/api/v1/namespaces/other/pods'),
      await ask(account, 'GET', '/apis/apps/v1/deployments'),
      await ask(account, 'GET', '/x'),
      await ask(joe, 'GET', '/logs/today'),
      await ask(joe, 'GET', '/metrics/slis'),
      await ask(joe, 'PUT', '/apis/apps/v1/namespaces/default/deployments/d/scale'),
      await ask(joe, 'PUT', '/api/v1/namespaces/default/configmaps/lock'),
      await ask(joe, 'PUT', '/api/v1/namespaces/default/configmaps/other'),
      await ask(joe, 'GET', '/api/v1/namespaces/lost/pods'),
    ],
    [
      'yes',
      'yes',
      'pods "x" is forbidden: User "system:serviceaccount:default:viewer" cannot delete resource "pods" in API group "" in the namespace "default"',
      'pods is forbidden: User "system:serviceaccount:default:viewer" cannot deletecollection resource "pods" in API group "" in the namespace "default"',
      'pods "x" is forbidden: User "system:serviceaccount:default:viewer" cannot get resource "pods/status" in API group "" in the namespace "default"',
      'pods is forbidden: User "system:serviceaccount:default:viewer" cannot list resource "pods" in API group "" in the namespace "other"',
      'deployments.apps is forbidden: User "system:serviceaccount:default:viewer" cannot list resource "deployments" in API group "apps" at the cluster scope',
      'forbidden: User "system:serviceaccount:default:viewer" cannot get path "/x"',
      'yes',
      'forbidden: User "joe" cannot get path "/metrics/slis"',
      'yes',
      'yes',
      'configmaps "other" is forbidden: User "joe" cannot update resource "configmaps" in API group "" in the namespace "default"',
      'pods is forbidden: User "joe" cannot list resource "pods" in API group "" in the namespace "lost": RBAC: role.rbac.authorization.k8s.io "gone" not found',
    ],
  )
})

test('an allowed request says by which binding', () => {
  const info = parseRequestInfo('GET', '/api/v1/namespaces/default/pods', new URLSearchParams())
  deepEqual(rbacAuthorizer(policy).authorize({ user: account, info }), {
    type: 'allow',
    reason: 'RBAC: allowed by RoleBinding "view-it/default" of ClusterRole "view" to ServiceAccount "viewer/default"',
  })
})

test('administrators may do everything, whatever the rules', async () => {
  const authorizer = firstWithOpinion([privilegedGroups('system:masters'), rbacAuthorizer(listers({}))])
  equal(await ask({ username: 'a', groups: ['system:masters'] }, 'DELETE', '/api/v1/nodes', authorizer), 'yes')
})

test('the rules of a user are listed for a namespace', () => {
  deepEqual(reviewRules(ruleResolver(policy).rulesFor(joe, 'lost')), {
    resourceRules: [{ verbs: ['get', 'update'], apiGroups: ['*'], resources: ['*/scale'] }],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }],
    incomplete: true,
    evaluationError: 'role.rbac.authorization.k8s.io "gone" not found',
  })
})

test('nobody grants more than they hold, unless they may escalate or bind', async () => {
  const parts = { authorizer: rbacAuthorizer(policy), resolver: ruleResolver(policy) }
  const info = (path: string) => parseRequestInfo('POST', path, new URLSearchParams())
  const roles = info('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles')
  await checkRoleWrite({ user: joe, info: roles, name: 'r', rules: [may('get', 'core', 'configmaps', 'lock')] }, parts)
  await rejects(
    checkRoleWrite(
      { user: joe, info: roles, name: 'r', rules: [may('get delete', 'core', 'pods'), may('get', 'core', 'configmaps')] },
      parts,
    ),
    {
      message:
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "joe" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["configmaps"], Verbs:["get"]}\n{APIGroups:[""], Resources:["pods"], Verbs:["get" "delete"]}',
    },
  )
  const bindings = info('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings')
  await checkBindingWrite({ user: joe, info: bindings, name: 'b', roleRef: roleRef('Role', 'leader') }, parts)
  await rejects(checkBindingWrite({ user: joe, info: bindings, name: 'b', roleRef: roleRef('ClusterRole', 'view') }, parts), { code: 403 })
  await rejects(checkBindingWrite({ user: joe, info: bindings, name: 'b', roleRef: roleRef('Role', 'none') }, parts), {
    message: 'role.rbac.authorization.k8s.io "none" not found',
  })
  const binder = {
    ...parts,
    authorizer: rbacAuthorizer(
      listers({
        clusterRoles: [clusterRole('b', may('bind', 'rbac.authorization.k8s.io', 'clusterroles'))],
        clusterRoleBindings: [binding('b', '', 'ClusterRole', 'b', { kind: 'User', name: 'joe' })],
      }),
    ),
  }
  await checkBindingWrite({ user: joe, info: bindings, name: 'b', roleRef: roleRef('ClusterRole', 'view') }, binder)
})

test('a node reads what its own pods use, and writes only its own things', async () => {
  const pod = (name: string, nodeName: string, spec: object): Pod =>
    ({ metadata: meta(name, 'ns'), spec: { containers: [], nodeName, serviceAccountName: 'sa', ...spec }, status: {} }) as never
  const pods = [
    pod('a', 'n1', {
      volumes: [
        { name: 'v', secret: { secretName: 's1' } },
        { name: 'c', persistentVolumeClaim: { claimName: 'c1' } },
      ],
      resourceClaims: [{ name: 'd', resourceClaimName: 'd1' }],
    }),
    {
      ...pod('mirror', 'n1', { volumes: [{ name: 'v', secret: { secretName: 's3' } }] }),
      metadata: { ...meta('mirror', 'ns'), annotations: { 'kubernetes.io/config.mirror': 'x' } },
    },
    pod('b', 'n2', { volumes: [{ name: 'v', secret: { secretName: 's2' } }], serviceAccountName: 'other' }),
  ]
  const one = (name: string, spec: object) =>
    ({ get: (key: string) => (key === name ? { metadata: meta(name), spec } : undefined) }) as never
  const authorizer = nodeAuthorizer({
    pods: {
      get: (key) => pods.find((p) => `ns/${p.metadata.name}` === key),
      by: (index, value) => pods.filter((p) => index === 'spec.nodeName' && p.spec.nodeName === value),
    },
    claims: one('ns/c1', { volumeName: 'pv' }),
    volumes: one('pv', {
      claimRef: { namespace: 'ns', name: 'c1' },
      csi: {
        driver: 'd',
        volumeHandle: 'h',
        nodeStageSecretRef: { namespace: 'storage', name: 'stage' },
        controllerExpandSecretRef: { namespace: 'storage', name: 'expand' },
      },
    }),
    certificateRequests: one('ns/r1', { nodeName: 'n1' }),
    attachments: one('va', { nodeName: 'n1' }),
    slices: one('slice', { nodeName: 'n1' }),
  })
  const n1: UserInfo = { username: 'system:node:n1', groups: ['system:nodes'] }
  const may_ = (method: string, url: string) => {
    const [path = '', query = ''] = url.split('?')
    return (
      (authorizer.authorize({ user: n1, info: parseRequestInfo(method, path, new URLSearchParams(query)) }) as { type: string }).type ===
      'allow'
    )
  }
  deepEqual(
    [
      ['GET', '/api/v1/namespaces/ns/secrets/s1', true],
      ['GET', '/api/v1/namespaces/ns/secrets?watch=1&fieldSelector=metadata.name%3Ds1', true],
      ['GET', '/api/v1/namespaces/ns/secrets/s2', false],
      ['GET', '/api/v1/namespaces/ns/secrets', false],
      ['GET', '/api/v1/namespaces/ns/secrets/s3', false],
      ['GET', '/api/v1/namespaces/storage/secrets/stage', true],
      ['GET', '/api/v1/namespaces/storage/secrets/expand', false],
      ['GET', '/api/v1/namespaces/ns/persistentvolumeclaims/c1', true],
      ['GET', '/api/v1/namespaces/ns/persistentvolumeclaims?fieldSelector=metadata.name%3Dc1', false],
      ['PATCH', '/api/v1/namespaces/ns/persistentvolumeclaims/c1/status', true],
      ['GET', '/api/v1/namespaces/ns/serviceaccounts/sa', true],
      ['GET', '/api/v1/namespaces/ns/serviceaccounts/other', false],
      ['POST', '/apis/certificates.k8s.io/v1beta1/namespaces/ns/podcertificaterequests', true],
      ['GET', '/apis/certificates.k8s.io/v1beta1/namespaces/ns/podcertificaterequests/r1', true],
      ['GET', '/apis/certificates.k8s.io/v1beta1/namespaces/ns/podcertificaterequests/r2', false],
      ['GET', '/apis/certificates.k8s.io/v1beta1/podcertificaterequests?fieldSelector=spec.nodeName%3Dn1', true],
      ['GET', '/apis/certificates.k8s.io/v1beta1/podcertificaterequests', false],
      ['DELETE', '/apis/certificates.k8s.io/v1beta1/namespaces/ns/podcertificaterequests/r1', false],
      ['DELETE', '/api/v1/nodes/n1', false],
      ['GET', '/api/v1/nodes', false],
      ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3Dn1', true],
      ['GET', '/api/v1/nodes/n1/proxy/metrics', false],
      ['PUT', '/api/v1/namespaces/ns/secrets/s1', false],
      ['POST', '/api/v1/namespaces/ns/serviceaccounts/sa/token', true],
      ['POST', '/api/v1/namespaces/ns/serviceaccounts/other/token', false],
      ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1', true],
      ['GET', '/api/v1/pods?fieldSelector=spec.nodeName!%3Dn1', false],
      ['GET', '/api/v1/pods', false],
      ['GET', '/api/v1/namespaces/ns/pods/a', true],
      ['GET', '/api/v1/namespaces/ns/pods/b', false],
      ['PATCH', '/api/v1/namespaces/ns/pods/a/status', true],
      ['GET', '/api/v1/nodes/n1', true],
      ['GET', '/api/v1/nodes/n2', false],
      ['PATCH', '/api/v1/nodes/n1/status', true],
      ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1', true],
      ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2', false],
      ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/n1', false],
      ['GET', '/api/v1/services', true],
      ['GET', '/api/v1/persistentvolumes/pv', true],
      ['GET', '/api/v1/persistentvolumes/other', false],
      ['GET', '/api/v1/persistentvolumes', false],
      ['GET', '/apis/storage.k8s.io/v1/volumeattachments/va', true],
      ['GET', '/apis/storage.k8s.io/v1/volumeattachments/other', false],
      ['GET', '/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/d1', true],
      ['GET', '/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/d2', false],
      ['PUT', '/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/d1', false],
      ['POST', '/apis/resource.k8s.io/v1/resourceslices', true],
      ['PUT', '/apis/resource.k8s.io/v1/resourceslices/slice', true],
      ['PUT', '/apis/resource.k8s.io/v1/resourceslices/other', false],
      ['GET', '/apis/resource.k8s.io/v1/resourceslices', false],
      ['DELETE', '/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dn1', true],
      ['DELETE', '/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dn2', false],
      ['GET', '/apis/certificates.k8s.io/v1/clustertrustbundles', true],
      ['POST', '/apis/certificates.k8s.io/v1/clustertrustbundles', false],
      ['POST', '/apis/apps/v1/namespaces/ns/deployments', false],
    ].map(([method, url, expected]) => [method, url, may_(method as string, url as string), expected]).filter(([, , got, expected]) => got !== expected),
    [],
  ) // prettier-ignore
})

test('every default binding has its role, and admin, edit and view start with the rules they would be given', () => {
  deepEqual(
    DEFAULT_BINDINGS.filter(
      (b) => !DEFAULT_ROLES.some((r) => r.name === b.roleRef.name && (b.roleRef.kind === 'ClusterRole' || r.namespace === b.namespace)),
    ),
    [],
  )
  const rulesOf = (name: string) => clusterRoleOf(DEFAULT_ROLES.find((r) => r.name === name)!).rules ?? []
  const names = (name: string) =>
    new Set(rulesOf(name).flatMap((r) => r.verbs!.flatMap((v) => (r.resources ?? []).map((x) => `${v} ${x}`))))
  deepEqual(
    ['view', 'edit', 'admin'].map((name) =>
      ['get pods', 'get secrets', 'delete pods', 'create rolebindings', 'create pods/exec', 'get pods/log'].map((x) => names(name).has(x)),
    ),
    [
      [true, false, false, false, false, true],
      [true, true, true, false, true, true],
      [true, true, true, true, true, true],
    ],
  )
})

test('reconciling creates what is missing, gives back what was taken, and lets additions and opt-outs be', async () => {
  const calls: string[] = []
  const byName = <T extends { readonly name: string }>(list: readonly T[], name: string) => list.find((o) => o.name === name)!
  const discovery = byName(DEFAULT_ROLES, 'system:discovery')
  const marked = (name: string, annotations: object = {}) => ({
    ...meta(name),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true', ...annotations },
  })
  const there: Readonly<Record<string, readonly object[]>> = {
    clusterroles: [
      { metadata: marked('system:discovery'), rules: [{ verbs: ['get'], nonResourceURLs: ['/mine'] }] },
      { metadata: marked('system:basic-user', { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }), rules: [] },
      { metadata: marked('cluster-admin'), rules: [may('*', '*', '*'), { verbs: ['*'], nonResourceURLs: ['*'] }] },
      { metadata: meta('view'), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { mine: 'yes' } }] }, rules: [] },
    ],
    clusterrolebindings: [
      { metadata: marked('system:discovery'), roleRef: roleRef('ClusterRole', 'cluster-admin'), subjects: [] },
      { metadata: marked('system:basic-user'), roleRef: roleRef('ClusterRole', 'system:basic-user'), subjects: [viewer] },
    ],
  }
  const updated = new Map<string, object>()
  await reconcileBootstrapRoles({
    list: async (r: { plural: string }) => ({ items: there[r.plural] ?? [], resourceVersion: '1' }),
    create: async (r: { plural: string }, o: { metadata: { name: string } }) => void calls.push(`create ${r.plural} ${o.metadata.name}`),
    update: async (r: { plural: string }, o: { metadata: { name: string } }) => {
      calls.push(`update ${r.plural} ${o.metadata.name}`)
      updated.set(`${r.plural} ${o.metadata.name}`, o)
    },
    delete: async (r: { plural: string }, { name }: { name: string }, options: object) =>
      void calls.push(`delete ${r.plural} ${name} ${JSON.stringify(options)}`),
  } as never)
  deepEqual(calls.filter((c) => !c.startsWith('create')).toSorted(), [
    'delete clusterrolebindings system:discovery {"preconditions":{"uid":"system:discovery"}}',
    'update clusterrolebindings system:basic-user',
    'update clusterroles system:discovery',
    'update clusterroles view',
  ])
  deepEqual(updated.get('clusterroles system:discovery'), {
    metadata: marked('system:discovery'),
    rules: [{ verbs: ['get'], nonResourceURLs: ['/mine'] }, ...discovery.rules],
  })
  deepEqual(updated.get('clusterroles view'), {
    metadata: {
      ...marked('view'),
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...byName(DEFAULT_ROLES, 'view').labels },
    },
    aggregationRule: {
      clusterRoleSelectors: [{ matchLabels: { mine: 'yes' } }, { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }],
    },
    rules: [],
  })
  equal(calls.filter((c) => c.startsWith('create')).length, DEFAULT_ROLES.length + DEFAULT_BINDINGS.length - 5)
})
