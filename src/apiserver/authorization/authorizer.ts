/** Who may: the one question every authorizer answers. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'

/** A request as authorizers see it: who, and what the path and verb say. */
export interface Attributes {
  readonly user: UserInfo
  readonly info: RequestInfo
}

/** `error` is what kept the authorizer from finding out; a request that nobody allows fails because of it rather than being forbidden. */
export type Decision =
  | { readonly type: 'allow'; readonly reason: string; readonly error?: string }
  | { readonly type: 'deny'; readonly reason: string; readonly error?: string }
  /** Another authorizer may know; if none does the request is refused with the reasons put together. */
  | { readonly type: 'no-opinion'; readonly reason: string; readonly error?: string }

/** The rules a user has in a namespace ('' for none), and what could not be found out. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[]
  readonly errors: readonly string[]
}

export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>
  /** Absent for one that allows nothing by rules. */
  rulesFor?(user: UserInfo, namespace: string): ResolvedRules
}
