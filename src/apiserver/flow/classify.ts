/** Which flow schema a request falls under, and which of its flows it belongs to. The rules are those of upstream's API priority and fairness page. */

import type { FlowSchema, FlowSchemaSpec, PolicyRulesWithSubjects, Subject } from '#api/flowcontrol/v1/flow-schema.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'

/** In the order in which they are asked: lower precedence first, then by name. */
export function inOrder(schemas: readonly FlowSchema[]): readonly FlowSchema[] {
  const precedence = (schema: FlowSchema) => schema.spec.matchingPrecedence ?? 0
  return schemas.toSorted((a, b) => precedence(a) - precedence(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
}

export function fallsUnder({ rules = [] }: FlowSchemaSpec, user: UserInfo, info: RequestInfo): boolean {
  return rules.some((rule) => rule.subjects.some((subject) => isSubject(subject, user)) && isAction(rule, info))
}

function isSubject(subject: Subject, { username = '', groups = [] }: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === username)
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || groups.includes(subject.group.name))
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false
      const { namespace, name } = subject.serviceAccount
      const prefix = `system:serviceaccount:${namespace}:`
      return name === '*' ? username.startsWith(prefix) : username === prefix + name
    }
    default:
      return false
  }
}

function isAction({ resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, info: RequestInfo): boolean {
  if (!info.isResourceRequest)
    return nonResourceRules.some(
      ({ verbs, nonResourceURLs }) => has(verbs, info.verb) && nonResourceURLs.some((url) => isPath(url, info.path)),
    )
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  return resourceRules.some(
    (rule) =>
      has(rule.verbs, info.verb) &&
      has(rule.apiGroups, info.group) &&
      has(rule.resources, resource) &&
      (info.namespace === '' ? rule.clusterScope === true : has(rule.namespaces ?? [], info.namespace)),
  )
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value)
}

function isPath(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1)))
}

/** What tells flows of one schema apart. */
export function distinguisher({ distinguisherMethod }: FlowSchemaSpec, user: UserInfo, info: RequestInfo): string {
  if (distinguisherMethod === undefined) return ''
  return distinguisherMethod.type === 'ByNamespace' ? info.namespace : (user.username ?? '')
}
