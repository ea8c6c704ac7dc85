/** Lets through what the caller may do; everything else is 403 with upstream's text. */

import type { Attributes, Authorizer } from '#apiserver/authorization/authorizer.ts'
import { forbidden, refusal } from '#apiserver/endpoints/errors.ts'
import { AuthorizerFailed } from './failure.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { StatusError } from '#client/client.ts'

export async function authorize(
  authorizer: Authorizer,
  { user, info, audit }: Pick<RequestContext, 'user' | 'info' | 'audit'>,
): Promise<void> {
  const decision = await authorizer.authorize({ user, info })
  audit?.annotate('authorization.k8s.io/decision', decision.type === 'allow' ? 'allow' : 'forbid')
  const failed = decision.type !== 'allow' && decision.error !== undefined
  audit?.annotate('authorization.k8s.io/reason', failed ? 'internal error' : decision.reason)
  // nobody knows whether it is forbidden, so it is not said to be
  if (failed) throw new AuthorizerFailed(decision.error)
  if (decision.type !== 'allow') throw forbiddenBy({ user, info }, decision.reason)
}

/** The refusal of these attributes, as callers know it. */
export function forbiddenBy({ user, info }: Attributes, reason: string): StatusError {
  const message = `${what({ user, info })}${reason === '' ? '' : `: ${reason}`}`
  if (info.resource === '') return refusal({ code: 403, reason: 'Forbidden', message: `forbidden: ${message}`, details: {} })
  return forbidden({ group: info.group, plural: info.resource }, info.name, message)
}

function what({ user, info }: Attributes): string {
  const who = `User ${JSON.stringify(user.username ?? '')} cannot ${info.verb}`
  if (!info.isResourceRequest) return `${who} path ${JSON.stringify(info.path)}`
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  const where = info.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(info.namespace)}`
  return `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(info.group)} ${where}`
}
