import { deepEqual } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DEFAULT_BINDINGS, DEFAULT_ROLES } from './bootstrap-policy.ts'
import { clusterRoleOf } from './bootstrap-roles.ts'
import { notCovered, ruleAllows } from './policy-rule.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { virtualResources } from '#apiserver/encode/known-kinds.ts'
import { servedResources } from '#apiserver/registry/served.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'

const LISTS = join(import.meta.dirname, '../../../../shared/reference/lists.md')
const reference = existsSync(LISTS) ? readFileSync(LISTS, 'utf8') : undefined

// Of kinds that are behind gates upstream and not served here.
const LEFT_OUT = [
  'evictionrequest-controller',
  'podgroup-protection-controller',
  'resourcepoolstatusrequest-controller',
  'storage-version-garbage-collector',
]

const served = [...servedResources({} as never).map((s) => s.resource), ...virtualResources]
const rulesOf = (name: string) =>
  (clusterRoleOf(DEFAULT_ROLES.find((r) => r.name === name && r.namespace === undefined)!).rules ?? []) as readonly PolicyRule[]

/** `{a, b}` and `x/-y` written out. */
function names(text: string): readonly string[] {
  const spread = text.replace(/([\w:.]+)\{([^}]*)\}/g, (_, prefix: string, inner: string) =>
    inner
      .split(', ')
      .map((n) => `${prefix}${n.replace('…', '').replace(/^:/, 'certificatesigningrequests:')}`)
      .join(', '),
  )
  return spread
    .split(', ')
    .map((n) => n.replace(/ \(.*\)$/, '').trim())
    .flatMap((n) => {
      const [first = '', ...more] = n.split('/')
      return [first, ...more.map((m) => first.replace(/-\w+$/, m))]
    })
}

test("every role upstream's list has is there, and no other", { skip: reference === undefined }, () => {
  const wide = DEFAULT_ROLES.filter((r) => r.namespace === undefined).map((r) => r.name)
  const [, plain = ''] = /^ClusterRoles \(non-controller, \d+\): (.*?)\. All labelled/m.exec(reference!) ?? []
  deepEqual(wide.filter((n) => !n.startsWith('system:controller:')).toSorted(), names(plain).toSorted())
  const [, controllers = ''] = /^Controller ClusterRoles .*?`system:controller:` (.*?) \(\+/m.exec(reference!) ?? []
  deepEqual(
    wide
      .filter((n) => n.startsWith('system:controller:'))
      .map((n) => n.slice('system:controller:'.length))
      .toSorted(),
    names(controllers)
      .filter((n) => !LEFT_OUT.includes(n))
      .toSorted(),
  )
  const [, namespaced = ''] = /^Namespaced roles \+ bindings : (.*)\.$/m.exec(reference!) ?? []
  const wanted = namespaced.split('; ').flatMap((part) => {
    const space = part.indexOf(' ')
    return names(part.slice(space + 1)).map((name) => `${part.slice(0, space)} ${name}`)
  })
  deepEqual(
    DEFAULT_ROLES.filter((r) => r.namespace !== undefined)
      .map((r) => `${r.namespace} ${r.name}`)
      .toSorted(),
    wanted.toSorted(),
  )
})

test('roles that nobody has from the start are those that administrators give', () => {
  const bound = new Set(DEFAULT_BINDINGS.map((b) => `${b.namespace ?? ''} ${b.roleRef.name}`))
  const unbound = DEFAULT_ROLES.filter((r) => !bound.has(`${r.namespace ?? ''} ${r.name}`)).map((r) => r.name)
  deepEqual(unbound.toSorted(), [
    'admin',
    'edit',
    'system:aggregate-to-admin',
    'system:aggregate-to-edit',
    'system:aggregate-to-view',
    'system:auth-delegator',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    'system:certificates.k8s.io:kube-apiserver-client-approver',
    'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
    'system:certificates.k8s.io:kubelet-serving-approver',
    'system:certificates.k8s.io:legacy-unknown-approver',
    'system:heapster',
    'system:kube-aggregator',
    'system:kubelet-api-admin',
    'system:node-bootstrapper',
    'system:node-problem-detector',
    'system:persistent-volume-provisioner',
    'view',
  ])
})

test('rules are for resources that exist, where their group is served', () => {
  const known = new Set(
    served.flatMap((r) => [r.plural, ...r.subresources.map((s) => `${r.plural}/${s.name}`)].map((n) => `${r.group} ${n}`)),
  )
  const groups = new Set(served.map((r) => r.group))
  // only ever named in rules, the parts of nodes answered by kubelets, or gone since
  const PERMISSIONS =
    /\/(finalizers|binding|restricted)$|^signers$|^certificatesigningrequests\/(self)?nodeclient$|^nodes\/|^leasecandidates$|^deployments\/rollback$|^services\/proxy$|^pods\/proxy$/
  const strange = DEFAULT_ROLES.flatMap((role) =>
    role.rules.flatMap((rule) =>
      (rule.apiGroups ?? []).flatMap((group) =>
        (rule.resources ?? [])
          .filter((r) => groups.has(group) && !r.includes('*') && !PERMISSIONS.test(r) && !known.has(`${group} ${r}`))
          .map((r) => `${role.name}: ${group} ${r}`),
      ),
    ),
  )
  deepEqual(strange, [])
})

test('admin, edit and view know every namespaced kind, but for those that are told', () => {
  // several versions of a kind count once
  const covered = (name: string, verb: string) => [
    ...new Set(
      served
        .filter((r) => r.scope === 'Namespaced' && r.verbs.includes('list'))
        .filter(
          (r) =>
            !rulesOf(name).some((rule) =>
              ruleAllows(rule, {
                isResourceRequest: true,
                verb,
                group: r.group,
                resource: r.plural,
                subresource: '',
                name: '',
              } as RequestInfo),
            ),
        )
        .map((r) => (r.group === '' ? r.plural : `${r.plural}.${r.group}`)),
    ),
  ]
  const never = [
    'podtemplates',
    'csistoragecapacities.storage.k8s.io',
    'events.events.k8s.io',
    'podcertificaterequests.certificates.k8s.io',
  ]
  const roles = ['roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io']
  const kept = ['endpoints', 'limitranges', 'resourcequotas', 'controllerrevisions.apps', 'endpointslices.discovery.k8s.io']
  deepEqual(covered('view', 'get').toSorted(), [...never, ...roles, 'secrets', 'leases.coordination.k8s.io'].toSorted())
  deepEqual(covered('edit', 'get').toSorted(), [...never, ...roles].toSorted())
  deepEqual(covered('edit', 'create').toSorted(), [...never, ...roles, ...kept].toSorted())
  deepEqual(covered('admin', 'create').toSorted(), [...never, ...kept].toSorted())
})

test('a few that are easily too wide or too narrow', () => {
  const may = (verbs: string, apiGroup: string, resource: string, ...resourceNames: string[]): PolicyRule => ({
    verbs: verbs.split(' '),
    apiGroups: [apiGroup],
    resources: [resource],
    ...(resourceNames.length > 0 && { resourceNames }),
  })
  const missing = (role: string, ...rules: PolicyRule[]) => notCovered(rulesOf(role), rules).length
  const signers = may('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving')
  deepEqual(missing('system:controller:certificate-controller', signers), 1)
  deepEqual(missing('system:controller:certificate-controller', { ...signers, verbs: ['sign'] }), 0)
  deepEqual(missing('system:kube-scheduler', may('update', '', 'persistentvolumes')), 1)
  deepEqual(missing('system:kube-scheduler', may('create delete update', 'resource.k8s.io', 'resourceclaims')), 0)
  deepEqual(missing('system:controller:namespace-controller', may('deletecollection list watch', 'example.com', 'things')), 0)
  deepEqual(missing('system:controller:resource-claim-controller', may('create', 'resource.k8s.io', 'resourceclaims')), 0)
  deepEqual(missing('system:node', may('list', 'resource.k8s.io', 'resourceslices')), 1)
})
