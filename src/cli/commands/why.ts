/** `k8ts why`: says why somebody may not do something, which rule would allow it, and who could grant it. */

import { selfSubjectReviews } from '#api/authentication/v1/self-subject-review.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { subjectAccessReviews, type SubjectAccessReviewStatus } from '#api/authorization/v1/subject-access-review.ts'
import { clusterRoleBindings, type Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { ruleText } from '#apiserver/authorization/policy-rule.ts'
import { explainDenial, type Explanation } from '#apiserver/authorization/why.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import { settings, UsageError } from '#base/settings.ts'
import type { Client } from '#client/client.ts'
import { command, OperatorError, type Environment } from '../command.ts'
import { connect } from '../cluster/connection.ts'
import { findResource, type FoundResource } from '../cluster/find-resource.ts'
import { ClusterRecords } from '../cluster/record.ts'
import { noCluster } from './kubeconfig.ts'

const SHOWN_MAX = 10 // roles, near misses and grantors each; a screen is enough to act on

export const why = command({
  usage: 'can-i VERB (TYPE[.GROUP][/NAME] | /PATH) [-n NAMESPACE] [--subresource NAME] [--as USER] [--as-group GROUP]',
  description:
    'Says whether a user may do something and, if not, which rule would allow it, which of the rules they have come near, and who could grant it. Ends with 0 when they may.',
  takesWords: true,
  settings: settings({
    as: { type: 'string', flag: 'as', help: 'The user, or system:serviceaccount:NAMESPACE:NAME; by default you' },
    asGroups: { type: 'list', flag: 'as-group', help: 'Groups of the user' },
    namespace: { type: 'string', flag: 'namespace', short: 'n', help: 'Where; all namespaces with -A', default: 'default' },
    allNamespaces: { type: 'bool', flag: 'all-namespaces', short: 'A', help: 'In all namespaces' },
    subresource: { type: 'string', flag: 'subresource', help: 'Such as log or exec', default: '' },
    kubeconfig: { type: 'string', flag: 'kubeconfig', help: 'Of the cluster to ask; by default that of the one started last' },
  }),
  async run({ values, words }, environment) {
    const [question, verb, what, ...more] = words
    if (question !== 'can-i' || verb === undefined || what === undefined || more.length > 0)
      throw new UsageError('expected: k8ts why can-i VERB TYPE[/NAME] or k8ts why can-i VERB /PATH')
    const client = await connect(values.kubeconfig ?? kubeconfigOf(environment))
    const user = await whoIs(client, values.as, values.asGroups)
    const info = await infoOf(client, verb, what, values.allNamespaces ? '' : values.namespace, values.subresource)
    const status = await ask(client, user, info)
    if (status.allowed) {
      environment.out(`yes${status.reason ? `: ${status.reason}` : ''}\n`)
      return 0
    }
    const [allRoles, allClusterRoles, bindings, clusterBindings] = await Promise.all([
      client.list(roles),
      client.list(clusterRoles),
      client.list(roleBindings),
      client.list(clusterRoleBindings),
    ])
    const explanation = explainDenial(
      { user, info },
      {
        roles: allRoles.items,
        clusterRoles: allClusterRoles.items,
        roleBindings: bindings.items,
        clusterRoleBindings: clusterBindings.items,
      },
    )
    environment.out(render(user, info, status, explanation))
    return 1
  },
})

function kubeconfigOf(environment: Environment): string {
  const path = environment.variables['KUBECONFIG'] || new ClusterRecords(environment.home).current()?.kubeconfig
  if (path === undefined) throw new OperatorError(noCluster(undefined))
  return path
}

const ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/

/** Service accounts have their groups whether one says so or not. */
async function whoIs(client: Client, name: string | undefined, groups: readonly string[]): Promise<UserInfo> {
  if (name === undefined) return (await client.create(selfSubjectReviews, { metadata: {} } as never)).status.userInfo ?? {}
  const [, namespace] = ACCOUNT.exec(name) ?? []
  const own = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  return { username: name, groups: [...new Set([...own, ...groups, 'system:authenticated'])] }
}

async function infoOf(client: Client, verb: string, what: string, namespace: string, subresource: string): Promise<RequestInfo> {
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', rest: '' }
  if (what.startsWith('/')) return { ...none, isResourceRequest: false, path: what, verb }
  const slash = what.indexOf('/')
  const type = slash < 0 ? what : what.slice(0, slash)
  const name = slash < 0 ? '' : what.slice(slash + 1)
  const found: FoundResource | undefined = await findResource(client, type)
  if (found === undefined) throw new OperatorError(`the server doesn't have a resource type ${JSON.stringify(type)}`)
  const { group, version, plural, namespaced } = found
  return {
    ...none,
    isResourceRequest: true,
    path: '',
    verb,
    group,
    version,
    resource: plural,
    subresource,
    name,
    namespace: namespaced ? namespace : '',
  }
}

async function ask(client: Client, user: UserInfo, info: RequestInfo): Promise<SubjectAccessReviewStatus> {
  const { verb, path, namespace, group, version, resource, subresource, name } = info
  const { username = '', groups = [], uid, extra } = user
  const spec = {
    ...(info.isResourceRequest
      ? { resourceAttributes: { verb, namespace, group, version, resource, subresource, name } }
      : { nonResourceAttributes: { verb, path } }),
    user: username,
    groups,
    ...(uid && { uid }),
    ...(extra && { extra }),
  }
  return (await client.create(subjectAccessReviews, { metadata: {}, spec } as never)).status
}

function render(user: UserInfo, info: RequestInfo, status: SubjectAccessReviewStatus, found: Explanation): string {
  const lines = [`no: user ${JSON.stringify(user.username ?? '')} cannot ${asked(info)}`]
  if (status.reason) lines.push(`    ${status.reason.replaceAll('\n', '\n    ')}`)
  if (status.evaluationError) lines.push(`    it could not be found out: ${status.evaluationError}`)
  if (status.denied) {
    lines.push('', 'An authorizer forbids it outright: no rule can allow it.')
    return `${lines.join('\n')}\n`
  }
  lines.push('', 'This rule would allow it:', `  ${ruleText(found.rule)}`)
  const narrow = found.roles.filter((r) => !r.isBroad)
  lines.push(
    '',
    ...section(
      'Roles that have it',
      (narrow.length > 0 ? narrow : found.roles).map((r) => `${r.kind} ${r.name}`),
    ),
  )
  const [smallest] = narrow.length > 0 ? narrow : found.roles
  if (smallest) lines.push('', 'To grant it:', `  ${grant(user, info, smallest)}`)
  if (found.nearMisses.length > 0)
    lines.push(
      '',
      ...section(
        'Rules they have that come near',
        found.nearMisses.map((m) => `${m.role}, by ${m.binding}: ${m.because}`),
      ),
    )
  lines.push('', ...section('Who could grant it', found.grantors.map(shownSubject)))
  return `${lines.join('\n')}\n`
}

function asked({ isResourceRequest, verb, path, group, resource, subresource, namespace, name }: RequestInfo): string {
  if (!isResourceRequest) return `${verb} path ${JSON.stringify(path)}`
  const what = `${resource}${subresource === '' ? '' : `/${subresource}`}`
  const named = name === '' ? '' : ` ${JSON.stringify(name)}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  return `${verb} resource ${JSON.stringify(what)}${named} in API group ${JSON.stringify(group)} ${where}`
}

function section(title: string, entries: readonly string[]): readonly string[] {
  if (entries.length === 0) return [`${title}: nobody and nothing`]
  const rest = entries.length - SHOWN_MAX
  return [`${title}:`, ...entries.slice(0, SHOWN_MAX).map((e) => `  ${e}`), ...(rest > 0 ? [`  and ${rest} more`] : [])]
}

function shownSubject({ kind, name, namespace }: Subject): string {
  return kind === 'ServiceAccount' ? `ServiceAccount ${namespace}/${name}` : `${kind} ${name}`
}

function grant({ username = '' }: UserInfo, { namespace }: RequestInfo, role: { readonly kind: string; readonly name: string }): string {
  const [, from] = ACCOUNT.exec(username) ?? []
  const account = username.split(':').at(-1)
  const who = from === undefined ? `--user=${username}` : `--serviceaccount=${from}:${account}`
  const binding = `${account}-${role.name}`.replaceAll(/[^a-zA-Z0-9.-]/g, '-')
  const of = role.kind === 'Role' ? `--role=${role.name}` : `--clusterrole=${role.name}`
  return namespace === ''
    ? `kubectl create clusterrolebinding ${binding} ${of} ${who}`
    : `kubectl create rolebinding ${binding} ${of} ${who} --namespace=${namespace}`
}
