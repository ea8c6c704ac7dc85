/** Turns whatever a step threw into the Status that callers get; what nobody expected is logged and answers 500. */

import type { Answer } from '#apiserver/answer.ts'
import { internalError, refusal, serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Log } from '#base/log.ts'
import { StatusError } from '#client/client.ts'
import { StoreRefused, StoreUnavailable } from '#store/store.ts'

/** An authorizer could not find out, and no other one allowed the request. */
export class AuthorizerFailed extends Error {
  override readonly name = 'AuthorizerFailed'
}

export function answerFor(error: unknown, context: RequestContext, log: Log): Answer {
  if (error instanceof AuthorizerFailed) return plainFailure(error.message, context)
  return statusAnswer(statusErrorFor(error, context, log))
}

/** Upstream answers these in plain text. */
function plainFailure(message: string, { path, query }: RequestContext): Answer {
  const uri = query.size === 0 ? path : `${path}?${query.toString()}`
  const shown = uri.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return {
    type: 'bytes',
    status: 500,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: `Internal Server Error: ${JSON.stringify(shown)}: ${message}\n`,
  }
}

export function statusAnswer(error: StatusError): Answer {
  const seconds = error.status.details?.retryAfterSeconds
  return {
    type: 'object',
    status: error.code,
    object: error.status,
    ...(seconds !== undefined && seconds > 0 && { headers: { 'retry-after': String(seconds) } }),
  }
}

function statusErrorFor(error: unknown, context: RequestContext, log: Log): StatusError {
  if (error instanceof StatusError) return error
  if (error instanceof StoreUnavailable) {
    log.warn('store unavailable', { method: context.method, path: context.path, reason: error.reason, error: error.message })
    return serviceUnavailable(error.message)
  }
  // upstream hands on what etcd says, such as that a request is too large, and has no reason for it
  if (error instanceof StoreRefused) return refusal({ code: 500, reason: '', message: error.message }, error)
  // a caller that went away before the answer is nobody's fault, and gets to see nothing anyway
  if (!context.signal.aborted)
    log.error('request failed unexpectedly', { method: context.method, path: context.path, user: context.user.username, error })
  return internalError(error)
}
