/** What expressions ask of the authorizer, as requests that somebody might make. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Attributes } from '#apiserver/authorization/authorizer.ts'
import { NOTHING_SAID } from '#apiserver/request-context.ts'
import type { AuthorizationQuestion } from '#cel/library/authorizer.ts'

/** `user`: who is asked about, unless the question names a service account. */
export function questionAttributes(question: AuthorizationQuestion, user: UserInfo): Attributes {
  const { serviceAccount, path, verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' } = question
  const { fieldSelector, labelSelector } = question
  const who = serviceAccount ? serviceAccountUser(serviceAccount) : user
  if (path !== undefined) return { user: who, info: { ...NOTHING_SAID, path, verb } }
  const info = { ...NOTHING_SAID, isResourceRequest: true, verb, group, version: '*', resource, subresource, namespace, name }
  return { user: who, info: { ...info, ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) } }
}

function serviceAccountUser({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  }
}
