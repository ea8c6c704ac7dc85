/** Impersonation that is allowed for some requests and some sorts of users only (KEP-5284), behind its feature gate. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { ALL_AUTHENTICATED, ANONYMOUS } from '#apiserver/authentication/authenticator.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { NOTHING_SAID, type RequestContext, type RequestInfo } from '#apiserver/request-context.ts'
import type { StatusError } from '#client/client.ts'
import { dns1123Subdomain } from '#schema/names.ts'
import { forbiddenBy } from './authorization.ts'
import { serviceAccountOf, type WantedUser } from './wanted-user.ts'

const GROUP = 'authentication.k8s.io'
const NODE = 'system:node:'
const MANY = 4 // from so many values on a star is asked for before each of them
const EXTRA_KEY = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/\S+$/

/** A sort of users, and whether `wanted` is of it. */
interface Mode {
  readonly name: string
  readonly applies: (wanted: WantedUser, requestor: UserInfo) => boolean
}

const MODES: readonly Mode[] = [
  { name: 'associated-node', applies: (wanted, requestor) => isAlone(wanted) && isOnNode(requestor, nodeOf(wanted.username)) },
  { name: 'arbitrary-node', applies: (wanted) => isAlone(wanted) && nodeOf(wanted.username) !== undefined },
  { name: 'serviceaccount', applies: (wanted) => isAlone(wanted) && serviceAccountOf(wanted.username) !== undefined },
  {
    name: 'user-info',
    applies: ({ username }) => nodeOf(username) === undefined && serviceAccountOf(username) === undefined,
  },
]

type Found =
  | { readonly user: UserInfo; readonly constraint: string }
  | { readonly user?: undefined; readonly error: StatusError | undefined }

/** The user, if one of the modes allows it, else what the first that applies has against it; neither when none applies. */
export async function constrainedUser(
  { user, info }: Pick<RequestContext, 'user' | 'info'>,
  wanted: WantedUser,
  authorizer: Authorizer,
): Promise<Found> {
  let first: StatusError | undefined
  for (const { name } of MODES.filter((mode) => mode.applies(wanted, user))) {
    const asking = name === 'associated-node' ? withKeysOnly(user) : user
    const questions = [{ ...info, verb: `impersonate-on:${name}:${info.verb}` }, ...aboutUser(wanted, name, info.path)]
    const refused = unfit(wanted, asking, name, info.path) ?? (await refusalOf(asking, questions, authorizer))
    if (refused === undefined) return { user: impersonated(wanted), constraint: `impersonate:${name}` }
    first ??= refused
  }
  return { error: first }
}

async function refusalOf(
  user: UserInfo,
  questions: readonly (RequestInfo | AnyOf)[],
  authorizer: Authorizer,
): Promise<StatusError | undefined> {
  const ask = async (info: RequestInfo) => {
    const decision = await authorizer.authorize({ user, info })
    if (decision.type === 'allow') return undefined
    const why = decision.error === undefined ? decision.reason : `${decision.error}${decision.reason === '' ? '' : `: ${decision.reason}`}`
    return forbiddenBy({ user, info }, why)
  }
  for (const question of questions) {
    if (!('each' in question)) {
      const error = await ask(question)
      if (error) return error
      continue
    }
    if (question.each.length >= MANY && (await ask(question.all)) === undefined) continue
    for (const info of question.each) {
      const error = await ask(info)
      if (error) return error
    }
  }
  return undefined
}

/** Each of these, or all of them with a star. */
interface AnyOf {
  readonly all: RequestInfo
  readonly each: readonly RequestInfo[]
}

function aboutUser({ username, uid, groups, extra }: WantedUser, mode: string, path: string): readonly (RequestInfo | AnyOf)[] {
  const verb = `impersonate:${mode}`
  const about = (resource: string, name: string, more: Partial<RequestInfo> = {}): RequestInfo => ({
    ...NOTHING_SAID,
    isResourceRequest: true,
    path,
    verb,
    group: GROUP,
    version: 'v1',
    resource,
    name,
    ...more,
  })
  const node = nodeOf(username)
  const account = serviceAccountOf(username)
  const who =
    node !== undefined
      ? about('nodes', mode === 'associated-node' ? '*' : node)
      : account
        ? about('serviceaccounts', account.name, { namespace: account.namespace })
        : about('users', username)
  const values = Object.entries(extra).flatMap(([key, list]) => list.map((value) => about('userextras', value, { subresource: key })))
  return [
    who,
    ...(uid === '' ? [] : [about('uids', uid)]),
    { all: about('groups', '*'), each: groups.map((name) => about('groups', name)) },
    { all: about('userextras', '*', { subresource: '*' }), each: values },
  ]
}

/** What must not be taken on in these modes, whoever would be allowed to. */
function unfit({ groups, extra }: WantedUser, user: UserInfo, mode: string, path: string): StatusError | undefined {
  const refused = (resource: string, name: string, why: string) =>
    forbiddenBy(
      {
        user,
        info: {
          ...NOTHING_SAID,
          isResourceRequest: true,
          path,
          verb: `impersonate:${mode}`,
          group: GROUP,
          version: 'v1',
          resource,
          name,
        },
      },
      why,
    )
  if (groups.includes('')) return refused('groups', '', 'impersonating the empty string group is not allowed')
  if (groups.includes('system:masters')) return refused('groups', 'system:masters', 'impersonating the system:masters group is not allowed')
  for (const [key, values] of Object.entries(extra)) {
    const why = extraProblem(key, values)
    if (why !== undefined) return refused('userextras', '', why)
  }
  return undefined
}

function extraProblem(key: string, values: readonly string[]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed'
  if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`
  if (!EXTRA_KEY.test(key))
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`
  if (values.length === 0) return 'impersonating empty values in extra is not allowed'
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : undefined
}

function impersonated({ username, uid, groups, extra }: WantedUser): UserInfo {
  const account = serviceAccountOf(username)
  const own =
    nodeOf(username) !== undefined
      ? ['system:nodes']
      : account
        ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
        : groups
  const everyone = username === ANONYMOUS.username ? 'system:unauthenticated' : ALL_AUTHENTICATED
  const isKnown = own.includes(everyone) || own.includes('system:unauthenticated')
  return {
    username,
    ...(uid !== '' && { uid }),
    groups: isKnown ? own : [...own, everyone],
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

function isAlone({ uid, groups, extra }: WantedUser): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0
}

function nodeOf(username: string): string | undefined {
  const name = username.slice(NODE.length)
  return username.startsWith(NODE) && dns1123Subdomain(name).length === 0 ? name : undefined
}

/** Whether it is a service account whose token says that it is used on this node. */
function isOnNode({ username = '', extra = {} }: UserInfo, node: string | undefined): boolean {
  const names = extra['authentication.kubernetes.io/node-name'] ?? []
  return node !== undefined && serviceAccountOf(username) !== undefined && names.length === 1 && names[0] === node
}

/** So that an authorizer's answer is the same on all nodes; that the node is the account's own has been seen to. */
function withKeysOnly(user: UserInfo): UserInfo {
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(user.extra ?? {}).toSorted() } }
}
