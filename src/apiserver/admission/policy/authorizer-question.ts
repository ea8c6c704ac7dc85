/** What expressions ask of the authorizer, as requests that somebody might make. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Attributes } from '#apiserver/authorization/authorizer.ts'
import type { AuthorizationQuestion } from '#cel/library/authorizer.ts'

/** `user`: who is asked about, unless the question names a service account. */
export function questionAttributes(question: AuthorizationQuestion, user: UserInfo): Attributes {
  const { serviceAccount, path, verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' } = question
  const { fieldSelector, labelSelector } = question
  const who = serviceAccount ? serviceAccountUser(serviceAccount) : user
  const nothing = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', rest: '' }
  if (path !== undefined) return { user: who, info: { ...nothing, isResourceRequest: false, path, verb } }
  const info = { ...nothing, isResourceRequest: true, path: '', verb, group, version: '*', resource, subresource, namespace, name }
  return { user: who, info: { ...info, ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) } }
}

function serviceAccountUser({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  }
}
