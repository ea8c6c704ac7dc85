/** Attribute-based access control: a file with one policy a line, each a JSON object. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import { ALL_AUTHENTICATED } from '#apiserver/authentication/authenticator.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Authorizer } from './authorizer.ts'

/** A line of the file is wrong; the message says which. */
export class MalformedPolicyFile extends Error {
  override readonly name = 'MalformedPolicyFile'
}

interface Policy {
  readonly user: string
  readonly group: string
  readonly readonly: boolean
  readonly apiGroup: string
  readonly resource: string
  readonly namespace: string
  readonly nonResourcePath: string
}

/** Throws `MalformedPolicyFile`. `file` is only for messages. */
export function abacAuthorizer(text: string, file: string): Authorizer {
  const policies = policiesOf(text, file)
  return {
    authorize: ({ user, info }) =>
      policies.some((p) => isAbout(p, user) && allows(p, info))
        ? { type: 'allow', reason: '' }
        : { type: 'no-opinion', reason: 'No policy matched.' },
    rulesFor: (user, namespace) => ({
      rules: policies.filter((p) => isAbout(p, user) && (p.namespace === '*' || p.namespace === namespace)).flatMap(rulesOf),
      errors: [],
    }),
  }
}

function policiesOf(text: string, file: string): readonly Policy[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '' || line.trim().startsWith('#')) return []
    try {
      return [policyOf(JSON.parse(line) as unknown)]
    } catch (error) {
      throw new MalformedPolicyFile(`error reading policy file ${file}, line ${index + 1}: ${line}: ${(error as Error).message}`, {
        cause: error,
      })
    }
  })
}

const VERSION = 'abac.authorization.kubernetes.io/v1beta1'

function policyOf(line: unknown): Policy {
  if (typeof line !== 'object' || line === null || Array.isArray(line)) throw new Error('a policy is an object')
  const { apiVersion, kind, spec } = line as Readonly<Record<string, unknown>>
  const isVersioned = apiVersion !== undefined || kind !== undefined
  if (isVersioned && (apiVersion !== VERSION || kind !== 'Policy'))
    throw new Error(`no kind "${String(kind)}" is registered for version "${String(apiVersion)}"`)
  const members = (isVersioned ? (spec ?? {}) : line) as Readonly<Record<string, unknown>>
  const said = (name: string): string => {
    const value = members[name] ?? ''
    if (typeof value !== 'string') throw new Error(`${name} must be a string`)
    return value
  }
  const { readonly: reading = false } = members
  if (typeof reading !== 'boolean') throw new Error('readonly must be true or false')
  const given = {
    user: said('user'),
    group: said('group'),
    readonly: reading,
    apiGroup: said('apiGroup'),
    resource: said('resource'),
    namespace: said('namespace'),
    nonResourcePath: said('nonResourcePath'),
  }
  // a star never meant strangers
  const everyone = given.user === '*' || given.group === '*' || (!isVersioned && given.user === '' && given.group === '')
  const subject = everyone ? { user: '', group: ALL_AUTHENTICATED } : {}
  return isVersioned ? { ...given, ...subject } : { ...given, ...subject, ...unversioned(given) }
}

/** Before policies had versions, what was not said meant everything. */
function unversioned({ namespace, resource }: Policy): Partial<Policy> {
  return {
    apiGroup: '*',
    namespace: namespace || '*',
    resource: resource || '*',
    nonResourcePath: namespace === '' && resource === '' ? '*' : '',
  }
}

function isAbout({ user, group }: Policy, asking: UserInfo): boolean {
  if (user === '' && group === '') return false
  return (user === '' || user === asking.username) && (group === '' || asking.groups?.includes(group) === true)
}

function rulesOf({ readonly: reading, apiGroup, resource, nonResourcePath }: Policy): readonly PolicyRule[] {
  const verbs = reading ? READING : ['*']
  return [
    ...(resource === '' ? [] : [{ verbs, apiGroups: [apiGroup], resources: [resource] }]),
    ...(nonResourcePath === '' ? [] : [{ verbs, nonResourceURLs: [nonResourcePath] }]),
  ]
}

const READING = ['get', 'list', 'watch']

function allows(policy: Policy, info: RequestInfo): boolean {
  if (policy.readonly && !READING.includes(info.verb)) return false
  const covers = (said: string, asked: string) => said === '*' || said === asked
  if (info.isResourceRequest)
    return covers(policy.namespace, info.namespace) && covers(policy.resource, info.resource) && covers(policy.apiGroup, info.group)
  const { nonResourcePath: path } = policy
  return covers(path, info.path) || (path.endsWith('*') && info.path.startsWith(path.replace(/\*+$/, '')))
}
