/** Turns whatever a step threw into the Status that callers get; what nobody expected is logged and answers 500. */

import type { Answer } from '#apiserver/answer.ts'
import { internalError, serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Log } from '#base/log.ts'
import { StatusError } from '#client/client.ts'
import { StoreUnavailable } from '#store/store.ts'

export function answerFor(error: unknown, context: RequestContext, log: Log): Answer {
  return statusAnswer(statusErrorFor(error, context, log))
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
  // a caller that went away before the answer is nobody's fault, and gets to see nothing anyway
  if (!context.signal.aborted)
    log.error('request failed unexpectedly', { method: context.method, path: context.path, user: context.user.username, error })
  return internalError(error)
}
