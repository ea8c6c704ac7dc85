import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { openApi, type Listers } from './api.ts'
import type { TokenToIssue } from './authentication/token-issuer.ts'
import { rbacAuthorizer, rightsOf, ruleResolver } from './authorization/rbac.ts'
import { firstWithOpinion, privilegedGroups } from './authorization/union.ts'
import { processAuthenticator } from './authentication/authenticator.ts'
import { createHandler } from './filters/handler.ts'
import { inProcessTransport } from './server/in-process.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog as log } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import type { Client } from '#client/client.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** The API behind its filters, with RBAC, and clients in the same process. */
async function openCluster() {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const store = openMemoryStore({ clock })
  const rbac = ({ lister }: Listers) => ({
    roles: lister(roles),
    clusterRoles: lister(clusterRoles),
    roleBindings: lister(roleBindings),
    clusterRoleBindings: lister(clusterRoleBindings),
  })
  const issued: TokenToIssue[] = []
  const api = await openApi({
    store,
    clock,
    random,
    log,
    authorizer: (listers) => firstWithOpinion([privilegedGroups('system:masters'), rbacAuthorizer(rightsOf(rbac(listers)))]),
    resolver: (listers) => ruleResolver(rightsOf(rbac(listers))),
    tokenIssuer: {
      issuer: 'https://issuer',
      issuers: ['https://issuer'],
      audiences: ['api'],
      keys: [],
      async issue(wanted) {
        issued.push(wanted)
        return { token: 't', expirationTimestamp: '2026-01-01T01:00:00Z', audiences: wanted.audiences }
      },
      jwks: async () => ({ keys: [] }),
      discovery: () => ({}),
    },
  })
  const handler = createHandler({ api, authenticator: processAuthenticator, authorizer: api.authorizer, clock, random, log })
  const as = (username: string, ...groups: string[]): Client => createClient(inProcessTransport(handler, { username, groups }))
  const admin = as('admin', 'system:masters')
  await admin.create(serviceAccounts, { metadata: { name: 'default', namespace: 'default' } })
  return {
    api,
    clock,
    random,
    admin,
    as,
    issued,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

const container = { name: 'c', image: 'i' }
const draft = (name: string) => ({ metadata: { name, namespace: 'default' }, spec: { containers: [container] } }) as unknown as Pod

test('an informer sees what a client in the same process writes', async () => {
  await using cluster = await openCluster()
  const { admin, clock, random } = cluster
  const stop = new AbortController()
  const informers = createInformers({ client: admin, clock, random, log })
  const seen: string[] = []
  informers.for(pods).subscribe(({ type, object }) => void seen.push(`${type} ${object.metadata.name} ${object.status.phase}`))
  informers.start(stop.signal)
  await informers.synced(stop.signal)
  await admin.create(pods, draft('a'))
  await admin.patch(
    pods,
    { namespace: 'default', name: 'a' },
    'application/merge-patch+json',
    { status: { phase: 'Running' } },
    { subresource: 'status' },
  )
  await admin.delete(pods, { namespace: 'default', name: 'a' })
  await clock.advance(10)
  deepEqual(seen, ['added a Pending', 'updated a Running', 'deleted a Running'])
  stop.abort()
})

test('who holds nothing gets nothing, and nobody grants what they do not hold', async () => {
  await using cluster = await openCluster()
  const { admin } = cluster
  const bob = cluster.as('bob', 'system:authenticated')
  await rejects(bob.list(pods, { namespace: 'default' }), {
    message: 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
  })
  const rules = [{ verbs: ['*'], apiGroups: [RBAC], resources: ['roles'] }]
  await admin.create(clusterRoles, { metadata: { name: 'role-writer' }, rules })
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: 'role-writer' }
  await admin.create(clusterRoleBindings, { metadata: { name: 'bob' }, roleRef, subjects: [{ apiGroup: RBAC, kind: 'User', name: 'bob' }] })
  const escalation = { metadata: { name: 'r', namespace: 'default' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] }
  // The wildcard verb includes `escalate`, so a narrower writer is needed to see the refusal.
  await admin.update(clusterRoles, {
    ...(await admin.get(clusterRoles, { name: 'role-writer' })),
    rules: [{ ...rules[0]!, verbs: ['create'] }],
  })
  await rejects(bob.create(roles, escalation), (error: Error) => {
    equal(
      error.message,
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
    )
    return true
  })
})

test('a kubelet gets tokens for the pods it runs and no others', async () => {
  await using cluster = await openCluster()
  const { admin, issued } = cluster
  const { metadata } = await admin.create(pods, draft('a'))
  const request = {
    spec: { audiences: ['vault'], expirationSeconds: 600, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'a', uid: metadata.uid } },
  }
  const ask = (client: Client, body: object) =>
    client.createSubresource<{ status: object }>(serviceAccounts, { namespace: 'default', name: 'default' }, 'token', body)
  const { status } = await ask(admin, request)
  deepEqual(status, { token: 't', expirationTimestamp: '2026-01-01T01:00:00Z' })
  const { uid } = (await admin.get(serviceAccounts, { namespace: 'default', name: 'default' })).metadata
  deepEqual(issued, [
    {
      serviceAccount: { namespace: 'default', name: 'default', uid },
      audiences: ['vault'],
      expirationSeconds: 600,
      pod: { name: 'a', uid: metadata.uid },
    },
  ])
  await rejects(ask(admin, { spec: { expirationSeconds: 60 } }), (error: Error) => {
    ok(error.message.endsWith('spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes'))
    return true
  })
  const kubelet = cluster.as('system:node:n1', 'system:nodes', 'system:masters')
  await rejects(ask(kubelet, request), {
    message: 'serviceaccounts "default" is forbidden: node requested token bound to a pod scheduled on a different node',
  })
  await admin.createSubresource(pods, { namespace: 'default', name: 'a' }, 'binding', { target: { kind: 'Node', name: 'n1' } })
  await ask(kubelet, request)
  await rejects(kubelet.create(pods, draft('b')), {
    message: 'pods "b" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  })
})
