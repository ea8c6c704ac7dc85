/** The roles and bindings every cluster has, as upstream's default policy says. */

import type { RoleRef, Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { CONTROLLER_ROLES } from './controller-policy.ts'
import { EVENTS, may, READ, WRITE } from './may.ts'

export interface DefaultRole {
  readonly name: string
  /** Absent: a ClusterRole. */
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly rules: readonly PolicyRule[]
  /** The labels of the roles it takes its rules from. */
  readonly aggregates?: readonly Readonly<Record<string, string>>[]
}

export interface DefaultBinding {
  readonly name: string
  readonly namespace?: string
  readonly roleRef: RoleRef
  readonly subjects: readonly Subject[]
}

const GROUP = 'rbac.authorization.k8s.io'
const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-'

const mayUrls = (verbs: string, ...nonResourceURLs: readonly string[]): PolicyRule => ({ verbs: verbs.split(' '), nonResourceURLs })

// What admins, editors and viewers of a namespace work with beside the core: read by all three, written by the first two.
const WORKLOADS: readonly (readonly [group: string, written: string, alsoRead: string])[] = [
  [
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    'controllerrevisions daemonsets/status deployments/status replicasets/status statefulsets/status',
  ],
  ['autoscaling', 'horizontalpodautoscalers', 'horizontalpodautoscalers/status'],
  ['batch', 'cronjobs jobs', 'cronjobs/status jobs/status'],
  [
    'extensions',
    'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
    'daemonsets/status deployments/status ingresses/status replicasets/status',
  ],
  ['policy', 'poddisruptionbudgets', 'poddisruptionbudgets/status'],
  ['networking.k8s.io', 'ingresses networkpolicies', 'ingresses/status'],
]

const reading: readonly PolicyRule[] = [
  may(
    READ,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  may(
    READ,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  may(READ, 'core', 'namespaces'),
  may(READ, 'discovery.k8s.io', 'endpointslices'),
  ...WORKLOADS.map(([group, written, alsoRead]) => {
    // rolling back is a verb of its own and cannot be read
    const names = `${written} ${alsoRead}`.split(' ').filter((r) => r !== 'deployments/rollback')
    return may(READ, group, names.toSorted().join(' '))
  }),
  may(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
]

const editing: readonly PolicyRule[] = [
  may(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  may('impersonate', 'core', 'serviceaccounts'),
  may(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  may('create', 'core', 'pods/eviction'),
  may(
    WRITE,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  may('create', 'core', 'serviceaccounts/token'),
  ...WORKLOADS.map(([group, written]) => may(WRITE, group, written)),
  may(`${WRITE} ${READ}`, 'coordination.k8s.io', 'leases'),
  may(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
]

const administering: readonly PolicyRule[] = [
  may('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  may(`${WRITE} ${READ}`, GROUP, 'rolebindings roles'),
]

/** What a component's leader election uses in kube-system. */
const LEADER_LOCKING: readonly PolicyRule[] = [
  may('create get list update watch', 'coordination.k8s.io', 'leases'),
  may('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
]

export const DEFAULT_ROLES: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: [may('*', '*', '*'), mayUrls('*', '*')] },
  {
    name: 'system:discovery',
    rules: [
      mayUrls(
        'get',
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [
      mayUrls('get', '/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*'),
      mayUrls('get', '/flagz'),
      mayUrls('get', '/statusz'),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      may('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      may('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  { name: 'system:public-info-viewer', rules: [mayUrls('get', '/healthz', '/livez', '/readyz', '/version', '/version/')] },
  { name: 'admin', rules: [], aggregates: [{ [`${AGGREGATE}admin`]: 'true' }] },
  { name: 'edit', rules: [], aggregates: [{ [`${AGGREGATE}edit`]: 'true' }], labels: { [`${AGGREGATE}admin`]: 'true' } },
  { name: 'view', rules: [], aggregates: [{ [`${AGGREGATE}view`]: 'true' }], labels: { [`${AGGREGATE}edit`]: 'true' } },
  { name: 'system:aggregate-to-admin', labels: { [`${AGGREGATE}admin`]: 'true' }, rules: administering },
  { name: 'system:aggregate-to-edit', labels: { [`${AGGREGATE}edit`]: 'true' }, rules: editing },
  { name: 'system:aggregate-to-view', labels: { [`${AGGREGATE}view`]: 'true' }, rules: reading },
  { name: 'system:heapster', rules: [may(READ, 'core', 'events namespaces nodes pods'), may(READ, 'extensions', 'deployments')] },
  // the node authorizer decides what kubelets may; the role is there for what refers to it by name
  { name: 'system:node', rules: nodeRules() },
  { name: 'system:node-problem-detector', rules: [may('get', 'core', 'nodes'), may('patch', 'core', 'nodes/status'), EVENTS] },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      may(READ, 'core', 'nodes'),
      may('proxy', 'core', 'nodes'),
      may('*', 'core', 'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats'),
    ],
  },
  { name: 'system:node-bootstrapper', rules: [may(`create ${READ}`, 'certificates.k8s.io', 'certificatesigningrequests')] },
  {
    name: 'system:auth-delegator',
    rules: [may('create', 'authentication.k8s.io', 'tokenreviews'), may('create', 'authorization.k8s.io', 'subjectaccessreviews')],
  },
  { name: 'system:kube-aggregator', rules: [may(READ, 'core', 'endpoints services'), may(READ, 'discovery.k8s.io', 'endpointslices')] },
  {
    name: 'system:kube-controller-manager',
    rules: [
      EVENTS,
      may('create', 'coordination.k8s.io', 'leases'),
      may('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
      may('create', 'core', 'secrets serviceaccounts'),
      may('delete', 'core', 'secrets'),
      may('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
      may('update', 'core', 'secrets serviceaccounts'),
      may('create', 'authentication.k8s.io', 'tokenreviews'),
      may('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      may('list watch', '*', '*'),
      may('create', 'core', 'serviceaccounts/token'),
    ],
  },
  { name: 'system:kube-dns', rules: [may('list watch', 'core', 'endpoints services')] },
  {
    name: 'system:kube-scheduler',
    rules: [
      EVENTS,
      may('create', 'coordination.k8s.io', 'leases'),
      may('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
      may(`${WRITE} ${READ}`, 'coordination.k8s.io', 'leasecandidates'),
      may(READ, 'core', 'nodes'),
      may(`delete ${READ}`, 'core', 'pods'),
      may('create', 'core', 'bindings pods/binding'),
      may('patch update', 'core', 'pods/status'),
      may(READ, 'core', 'replicationcontrollers services'),
      may(READ, 'apps extensions', 'replicasets'),
      may(READ, 'apps', 'statefulsets'),
      may(READ, 'policy', 'poddisruptionbudgets'),
      // writing them, and reading storage classes, is system:volume-scheduler's
      may(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
      may('create', 'authentication.k8s.io', 'tokenreviews'),
      may('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      may(READ, 'storage.k8s.io', 'csinodes'),
      may(READ, 'storage.k8s.io', 'volumeattachments'),
      may(READ, 'core', 'namespaces'),
      may(READ, 'storage.k8s.io', 'csidrivers'),
      may(READ, 'storage.k8s.io', 'csistoragecapacities'),
      may(READ, 'resource.k8s.io', 'deviceclasses'),
      may(`${READ} patch update`, 'resource.k8s.io', 'resourceclaims'),
      may(`${READ} patch update`, 'resource.k8s.io', 'resourceclaims/status'),
      may(`${READ} patch update`, 'core', 'pods/finalizers'),
      may(READ, 'resource.k8s.io', 'resourceslices'),
      may('create delete', 'resource.k8s.io', 'resourceclaims'),
      may('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
      may(READ, 'resource.k8s.io', 'devicetaintrules'),
    ],
  },
  {
    name: 'system:node-proxier',
    rules: [
      may('list watch', 'core', 'endpoints services'),
      may('get list watch', 'core', 'nodes'),
      EVENTS,
      may('list watch', 'discovery.k8s.io', 'endpointslices'),
      may('list watch', 'networking.k8s.io', 'servicecidrs'),
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      may(`${READ} patch update`, 'core', 'persistentvolumes'),
      may(READ, 'storage.k8s.io', 'storageclasses'),
      may(`${READ} patch update`, 'core', 'persistentvolumeclaims'),
    ],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      may('create delete get list watch', 'core', 'persistentvolumes'),
      may('get list update watch', 'core', 'persistentvolumeclaims'),
      may(READ, 'storage.k8s.io', 'storageclasses'),
      may('watch', 'core', 'events'),
      EVENTS,
    ],
  },
  {
    name: 'system:cluster-trust-bundle-discovery',
    rules: [may(READ, 'certificates.k8s.io', 'clustertrustbundles')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      mayUrls('get', '/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'),
    ],
  },
  ...[
    'kube-apiserver-client-approver',
    'kube-apiserver-client-kubelet-approver',
    'kubelet-serving-approver',
    'legacy-unknown-approver',
  ].map((name) => ({
    name: `system:certificates.k8s.io:${name}`,
    rules: [may('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${name.replace('-approver', '')}`)],
  })),
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [may('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [may('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  },
  ...CONTROLLER_ROLES.map(([name, ...rules]) => ({ name: `system:controller:${name}`, rules })),

  {
    name: 'extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    rules: [may(READ, 'core', 'configmaps', 'extension-apiserver-authentication')],
  },
  { name: 'system:controller:bootstrap-signer', namespace: 'kube-system', rules: [may(READ, 'core', 'secrets')] },
  { name: 'system:controller:cloud-provider', namespace: 'kube-system', rules: [may('create get list watch', 'core', 'configmaps')] },
  { name: 'system:controller:token-cleaner', namespace: 'kube-system', rules: [may('delete get list watch', 'core', 'secrets'), EVENTS] },
  { name: 'system::leader-locking-kube-controller-manager', namespace: 'kube-system', rules: LEADER_LOCKING },
  { name: 'system::leader-locking-kube-scheduler', namespace: 'kube-system', rules: LEADER_LOCKING },
  {
    name: 'system:controller:bootstrap-signer',
    namespace: 'kube-public',
    rules: [may(READ, 'core', 'configmaps'), may('update', 'core', 'configmaps', 'cluster-info'), EVENTS],
  },
]

function nodeRules(): readonly PolicyRule[] {
  return [
    may('create', 'authentication.k8s.io', 'tokenreviews'),
    may('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
    may(READ, 'core', 'services'),
    may(`create ${READ}`, 'core', 'nodes'),
    may('patch update', 'core', 'nodes/status'),
    may('patch update', 'core', 'nodes'),
    EVENTS,
    may(READ, 'core', 'pods'),
    may('create delete', 'core', 'pods'),
    may('patch update', 'core', 'pods/status'),
    may('create', 'core', 'pods/eviction'),
    may(READ, 'core', 'configmaps secrets'),
    may('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    may('get', 'core', 'endpoints'),
    may(`create ${READ}`, 'certificates.k8s.io', 'certificatesigningrequests'),
    may('create delete get patch update', 'coordination.k8s.io', 'leases'),
    may('get', 'storage.k8s.io', 'volumeattachments'),
    may('create', 'core', 'serviceaccounts/token'),
    may('get patch update', 'core', 'persistentvolumeclaims/status'),
    may(READ, 'storage.k8s.io', 'csidrivers'),
    may('create delete get patch update', 'storage.k8s.io', 'csinodes'),
    may(READ, 'node.k8s.io', 'runtimeclasses'),
    may('get', 'resource.k8s.io', 'resourceclaims'),
    // its own slices one by one is the node authorizer's to allow
    may('deletecollection', 'resource.k8s.io', 'resourceslices'),
    may(READ, 'certificates.k8s.io', 'clustertrustbundles'),
    may(`create ${READ}`, 'certificates.k8s.io', 'podcertificaterequests'),
    may('get', 'core', 'serviceaccounts'),
  ]
}

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: GROUP, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: GROUP, name })
const account = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', name, namespace })
const clusterRole = (name: string): RoleRef => ({ apiGroup: GROUP, kind: 'ClusterRole', name })
const role = (name: string): RoleRef => ({ apiGroup: GROUP, kind: 'Role', name })
const same = (name: string, ...subjects: readonly Subject[]): DefaultBinding => ({ name, roleRef: clusterRole(name), subjects })
const sameIn = (namespace: string, name: string, ...subjects: readonly Subject[]): DefaultBinding => ({
  name,
  namespace,
  roleRef: role(name),
  subjects,
})

const manager = user('system:kube-controller-manager')
const scheduler = user('system:kube-scheduler')

export const DEFAULT_BINDINGS: readonly DefaultBinding[] = [
  same('cluster-admin', group('system:masters')),
  same('system:monitoring', group('system:monitoring')),
  same('system:discovery', group('system:authenticated')),
  same('system:basic-user', group('system:authenticated')),
  same('system:public-info-viewer', group('system:authenticated'), group('system:unauthenticated')),
  same('system:node-proxier', user('system:kube-proxy')),
  same('system:kube-controller-manager', manager),
  same('system:kube-dns', account('kube-system', 'kube-dns')),
  same('system:kube-scheduler', scheduler),
  { name: 'system:volume-scheduler', roleRef: clusterRole('system:volume-scheduler'), subjects: [scheduler] },
  { name: 'system:node', roleRef: clusterRole('system:node'), subjects: [] },
  {
    name: 'system:service-account-issuer-discovery',
    roleRef: clusterRole('system:service-account-issuer-discovery'),
    subjects: [group('system:serviceaccounts')],
  },
  {
    name: 'system:cluster-trust-bundle-discovery',
    roleRef: clusterRole('system:cluster-trust-bundle-discovery'),
    subjects: [group('system:serviceaccounts')],
  },
  ...CONTROLLER_ROLES.map(([name]) => same(`system:controller:${name}`, account('kube-system', name))),
  {
    name: 'system::extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    roleRef: role('extension-apiserver-authentication-reader'),
    subjects: [manager, scheduler],
  },
  sameIn('kube-system', 'system:controller:bootstrap-signer', account('kube-system', 'bootstrap-signer')),
  sameIn('kube-system', 'system:controller:cloud-provider', account('kube-system', 'cloud-provider')),
  sameIn('kube-system', 'system:controller:token-cleaner', account('kube-system', 'token-cleaner')),
  sameIn('kube-system', 'system::leader-locking-kube-controller-manager', manager, account('kube-system', 'kube-controller-manager')),
  sameIn('kube-system', 'system::leader-locking-kube-scheduler', scheduler, account('kube-system', 'kube-scheduler')),
  sameIn('kube-public', 'system:controller:bootstrap-signer', account('kube-system', 'bootstrap-signer')),
]
