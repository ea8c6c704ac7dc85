/** Lets a caller act as somebody else when it may `impersonate` every part of that identity. */

import { ALL_AUTHENTICATED, ANONYMOUS } from '#apiserver/authentication/authenticator.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { internalError } from '#apiserver/endpoints/errors.ts'
import type { RequestContext, RequestInfo } from '#apiserver/request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { forbiddenBy } from './authorization.ts'

const EXTRA_PREFIX = 'impersonate-extra-'

/** Undefined when nobody is impersonated; else the new identity and the headers without the request for it. Throws 403. */
export async function impersonate(
  context: Pick<RequestContext, 'headers' | 'user' | 'info'>,
  authorizer: Authorizer,
): Promise<{ readonly user: UserInfo; readonly headers: RequestContext['headers'] } | undefined> {
  const { headers } = context
  const username = headers['impersonate-user'] ?? ''
  const uid = headers['impersonate-uid'] ?? ''
  const groups = valuesOf(headers['impersonate-group'])
  const extra: Record<string, string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(EXTRA_PREFIX)) extra[unescapeKey(name.slice(EXTRA_PREFIX.length))] = valuesOf(value)
  if (username === '') {
    if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined
    throw internalError(new Error('requested impersonation without impersonating a user'))
  }

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
    user: {
      username,
      ...(uid !== '' && { uid }),
      groups: effectiveGroups(username, account, groups),
      ...(Object.keys(extra).length > 0 && { extra }),
    },
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('impersonate-'))),
  }
}

const IMPERSONATE: RequestInfo = {
  isResourceRequest: true,
  path: '',
  verb: 'impersonate',
  group: '',
  version: 'v1',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  rest: '',
}

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

/** The account that a user name stands for. */
export function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/.exec(username)
  return match === null ? undefined : { namespace: match[1]!, name: match[2]! }
}

/** The values of a header given several times, which the wire keeps on lines of their own. */
export function valuesOf(header: string | undefined): string[] {
  return header === undefined || header === '' ? [] : header.split('\n')
}

/** Header names cannot hold every letter of a key, so clients percent-encode it. */
export function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
