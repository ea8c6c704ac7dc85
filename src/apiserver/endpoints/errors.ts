/** The API server's refusals: one constructor per reason, texts as clients know them. */

import type { Status, StatusDetails } from '#api/meta/v1/status.ts'
import { StatusError } from '#client/client.ts'
import { causes, type FieldError } from '#schema/field-error.ts'
import { groupResource, type Resource } from '#schema/resource.ts'

type Where = Pick<Resource, 'group' | 'plural'>

interface Refusal {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details?: StatusDetails
}

/** Any refusal as a `StatusError` whose Status is complete. */
export function refusal(r: Refusal, cause?: unknown): StatusError {
  const status: Status & { kind: string; apiVersion: string } = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: r.message,
    ...(r.reason !== '' && { reason: r.reason }),
    ...(r.details && { details: r.details }),
    code: r.code,
  }
  return new StatusError(status, cause === undefined ? undefined : { cause })
}

/** What is made has no version yet. */
export function versionOnCreate(): StatusError {
  return refusal({ code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' })
}

/** An apply that names the object it means, and that object is not there. */
export function uidMismatch(resource: { readonly group: string; readonly plural: string }, name: string, uid: string): StatusError {
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
  return conflict(resource, name, why)
}

export function badRequest(message: string): StatusError {
  return refusal({ code: 400, reason: 'BadRequest', message })
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return refusal({ code: 401, reason: 'Unauthorized', message })
}

export function forbidden(where: Where, name: string, why: string): StatusError {
  const text = groupResource(where)
  const subject = name === '' ? text : `${text} "${name}"`
  return refusal({ code: 403, reason: 'Forbidden', message: `${subject} is forbidden: ${why}`, details: detailsOf(where, name) })
}

export function notFound(where: Where, name: string): StatusError {
  return refusal({
    code: 404,
    reason: 'NotFound',
    message: `${groupResource(where)} "${name}" not found`,
    details: detailsOf(where, name),
  })
}

/** No such path: the server does not know the resource at all. */
export function noSuchResource(): StatusError {
  return refusal({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  })
}

/** The path is known, but not for this method. */
export function methodNotServed(): StatusError {
  return refusal({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  })
}

/** What custom resources say of verbs they do not have. */
export function methodNotAllowed(where: Where, verb: string): StatusError {
  return refusal({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind "${groupResource(where)}"`,
    details: { ...(where.group !== '' && { group: where.group }), kind: where.plural },
  })
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return refusal({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  })
}

/** The kind that was asked for in place of the object cannot stand for it. */
export function notAcceptableForm(message: string): StatusError {
  return refusal({ code: 406, reason: 'NotAcceptable', message })
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return refusal({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  })
}

export function alreadyExists(where: Where, name: string): StatusError {
  return refusal({
    code: 409,
    reason: 'AlreadyExists',
    message: `${groupResource(where)} "${name}" already exists`,
    details: detailsOf(where, name),
  })
}

export function conflict(where: Where, name: string, why: string): StatusError {
  return refusal({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${groupResource(where)} "${name}": ${why}`,
    details: detailsOf(where, name),
  })
}

/** The optimistic lock failed. */
export function modified(where: Where, name: string): StatusError {
  return conflict(where, name, 'the object has been modified; please apply your changes to the latest version and try again')
}

/** 422 with one cause per field error. */
export function invalid(kind: Pick<Resource, 'group' | 'kind'>, name: string, errors: readonly FieldError[]): StatusError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  const lines = [...new Set(errors.map((e) => e.message))]
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  return refusal({
    code: 422,
    reason: 'Invalid',
    message: `${qualified} "${name}" is invalid: ${text}`,
    details: {
      ...(name !== '' && { name }),
      ...(kind.group !== '' && { group: kind.group }),
      ...(kind.kind !== '' && { kind: kind.kind }),
      causes: causes(errors),
    },
  })
}

export function expired(message: string): StatusError {
  return refusal({ code: 410, reason: 'Expired', message })
}

export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return refusal({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}

export function tooManyRequests(message: string, details: StatusDetails = {}): StatusError {
  return refusal({ code: 429, reason: 'TooManyRequests', message, details })
}

export function serviceUnavailable(message: string): StatusError {
  return refusal({ code: 503, reason: 'ServiceUnavailable', message })
}

export function internalError(cause: unknown): StatusError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return refusal(
    {
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: ${text}`,
      details: { causes: [{ message: text }] },
    },
    cause,
  )
}

function detailsOf(where: Where, name: string): StatusDetails {
  return {
    ...(name !== '' && { name }),
    ...(where.group !== '' && { group: where.group }),
    kind: where.plural,
  }
}
