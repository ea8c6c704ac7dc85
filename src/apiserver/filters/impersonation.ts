/** Lets a caller act as somebody else when it may `impersonate` every part of that identity. */

import { ALL_AUTHENTICATED, ANONYMOUS } from '#apiserver/authentication/authenticator.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { badRequest, internalError } from '#apiserver/endpoints/errors.ts'
import { NOTHING_SAID, type RequestContext, type RequestInfo } from '#apiserver/request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { forbiddenBy } from './authorization.ts'
import { constrainedUser } from './constrained-impersonation.ts'
import { serviceAccountOf, wantedUser, type WantedUser } from './wanted-user.ts'

/**
 * Undefined when nobody is impersonated; else the new identity and the headers without the request for it. With `constrained`, rights to
 * impersonate for some requests count before the right to impersonate altogether. Throws 403.
 */
export async function impersonate(
  context: Pick<RequestContext, 'headers' | 'user' | 'info'>,
  authorizer: Authorizer,
  constrained = false,
): Promise<{ readonly user: UserInfo; readonly headers: RequestContext['headers']; readonly constraint?: string } | undefined> {
  const { headers } = context
  const wanted = wantedUser(headers)
  if (wanted.username === '') {
    const { uid, groups, extra } = wanted
    if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined
    if (constrained) throw badRequest(`requested ${goText(wanted)} without impersonating a user name`)
    throw internalError(new Error('requested impersonation without impersonating a user'))
  }
  const rest = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('impersonate-')))
  const found = constrained ? await constrainedUser(context, wanted, authorizer) : undefined
  if (found?.user) return { user: found.user, headers: rest, constraint: found.constraint }
  try {
    return { user: await unconstrainedUser(context, wanted, authorizer), headers: rest }
  } catch (error) {
    throw found?.error ?? error
  }
}

/** As Go prints the struct, which is what upstream answers with. */
function goText({ username, uid, groups, extra }: WantedUser): string {
  const list = (values: readonly string[]) => `[]string{${values.map((v) => JSON.stringify(v)).join(', ')}}`
  const members = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`)
  const shownExtra = members.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${members.join(', ')}}`
  const shownGroups = groups.length === 0 ? '[]string(nil)' : list(groups)
  return `&user.DefaultInfo{Name:${JSON.stringify(username)}, UID:${JSON.stringify(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`
}

/** Every part of the identity must be one that the caller may take on, whatever for. */
async function unconstrainedUser(
  context: Pick<RequestContext, 'user' | 'info'>,
  { username, uid, groups, extra }: WantedUser,
  authorizer: Authorizer,
): Promise<UserInfo> {
  const account = serviceAccountOf(username)
  const asked: Partial<RequestInfo>[] = [
    account ? { resource: 'serviceaccounts', namespace: account.namespace, name: account.name } : { resource: 'users', name: username },
    ...groups.map((name) => ({ resource: 'groups', name })),
    ...(uid === '' ? [] : [{ group: 'authentication.k8s.io', resource: 'uids', name: uid }]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((name) => ({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name })),
    ),
  ]
  for (const part of asked) {
    const attributes = { user: context.user, info: { ...IMPERSONATE, path: context.info.path, ...part } }
    const decision = await authorizer.authorize(attributes)
    if (decision.type !== 'allow') throw forbiddenBy(attributes, decision.reason)
  }
  return {
    username,
    ...(uid !== '' && { uid }),
    groups: effectiveGroups(username, account, groups),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

const IMPERSONATE: RequestInfo = { ...NOTHING_SAID, isResourceRequest: true, verb: 'impersonate', version: 'v1' }

function effectiveGroups(
  username: string,
  account: { readonly namespace: string } | undefined,
  asked: readonly string[],
): readonly string[] {
  const groups = [...asked]
  if (account && groups.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`)
  if (username === ANONYMOUS.username) {
    if (!groups.includes('system:unauthenticated')) groups.push('system:unauthenticated')
  } else if (!groups.includes(ALL_AUTHENTICATED) && !groups.includes('system:unauthenticated')) groups.push(ALL_AUTHENTICATED)
  return groups
}
