import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { impersonate } from './impersonation.ts'
import { parseRequestInfo } from './request-info.ts'

const agent: UserInfo = {
  username: 'system:serviceaccount:ns:agent',
  groups: ['system:serviceaccounts'],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'], 'authentication.kubernetes.io/pod-name': ['p'] },
}

/** Acts as others where `allowed` has `verb group/resource name`, and remembers what was asked. */
function acting(...allowed: readonly string[]) {
  const asked: string[] = []
  const constraints: (string | undefined)[] = [] // for the audit log
  const authorizer = {
    authorize({ info }: { info: { verb: string; group: string; resource: string; subresource: string; name: string } }) {
      const what = `${info.verb} ${info.group}/${info.resource}${info.subresource && `/${info.subresource}`} ${info.name}`.trim()
      asked.push(what)
      return { type: allowed.includes(what) ? ('allow' as const) : ('no-opinion' as const), reason: '' }
    },
  }
  const as = async (headers: Readonly<Record<string, string>>, user: UserInfo = agent) => {
    const info = parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams())
    const found = await impersonate({ headers, user, info }, authorizer as never, true)
    constraints.push(found?.constraint)
    return found?.user
  }
  return { asked, as, constraints }
}

test('an account on a node acts as that node, for the requests it is allowed to', async () => {
  const { as, asked, constraints } = acting(
    'impersonate-on:associated-node:list /pods',
    'impersonate:associated-node authentication.k8s.io/nodes *',
  )
  deepEqual(await as({ 'impersonate-user': 'system:node:n1' }), {
    username: 'system:node:n1',
    groups: ['system:nodes', 'system:authenticated'],
  })
  deepEqual([asked.length, constraints], [2, ['impersonate:associated-node']])
  await rejects(as({ 'impersonate-user': 'system:node:n2' }), {
    message:
      'pods is forbidden: User "system:serviceaccount:ns:agent" cannot impersonate-on:arbitrary-node:list resource "pods" in API group "" at the cluster scope',
  })
})

test('users and accounts are asked for by their sort, each part of the identity', async () => {
  const users = acting(
    'impersonate-on:user-info:list /pods',
    'impersonate:user-info authentication.k8s.io/users joe',
    'impersonate:user-info authentication.k8s.io/groups *',
    'impersonate:user-info authentication.k8s.io/userextras/acme.io/x 1',
  )
  deepEqual(await users.as({ 'impersonate-user': 'joe', 'impersonate-group': 'a\nb\nc\nd', 'impersonate-extra-acme.io%2fx': '1' }), {
    username: 'joe',
    groups: ['a', 'b', 'c', 'd', 'system:authenticated'],
    extra: { 'acme.io/x': ['1'] },
  })
  const accounts = acting('impersonate-on:serviceaccount:list /pods', 'impersonate:serviceaccount authentication.k8s.io/serviceaccounts sa')
  deepEqual(await accounts.as({ 'impersonate-user': 'system:serviceaccount:ns:sa' }), {
    username: 'system:serviceaccount:ns:sa',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  })
})

test('nobody becomes an administrator this way, and the right to impersonate altogether still counts', async () => {
  const { as } = acting(
    'impersonate-on:user-info:list /pods',
    'impersonate:user-info authentication.k8s.io/users joe',
    'impersonate /users joe',
  )
  await rejects(as({ 'impersonate-user': 'joe', 'impersonate-group': 'system:masters' }), {
    message:
      'groups.authentication.k8s.io "system:masters" is forbidden: User "system:serviceaccount:ns:agent" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
  })
  deepEqual((await acting('impersonate /users joe').as({ 'impersonate-user': 'joe' }))?.username, 'joe')
  await rejects(as({ 'impersonate-group': 'a' }), {
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} without impersonating a user name',
  })
  equal(await as({}), undefined)
})
