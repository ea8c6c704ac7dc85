/** What an answer that is no success says, as upstream's REST client reads it. */

import { refusal } from '#apiserver/endpoints/errors.ts'
import type { Status } from '#api/meta/v1/status.ts'
import { StatusError } from '#client/client.ts'

const TEXT_BYTES_MAX = 2048 // upstream's: what is quoted of a page

/** The server's own Status where it sent one, else the sentence upstream has for the code. */
export function errorResponse(code: number, contentType: string, body: Uint8Array): StatusError {
  const status = statusIn(body)
  if (status) return new StatusError(status)
  const isText = contentType === '' || contentType.startsWith('text/')
  const said = (isText && Buffer.from(body).subarray(0, TEXT_BYTES_MAX).toString().trim()) || 'unknown'
  const [reason, message] = genericRefusal(code, said)
  return refusal({
    code,
    reason,
    message,
    details: { causes: [{ reason: 'UnexpectedServerResponse', message: said }] },
  })
}

function statusIn(body: Uint8Array): Status | undefined {
  try {
    const value = JSON.parse(Buffer.from(body).toString()) as Status & { readonly kind?: unknown }
    return value?.kind === 'Status' && value.status !== 'Success' ? value : undefined
  } catch {
    return undefined
  }
}

function genericRefusal(code: number, said: string): readonly [reason: string, message: string] {
  switch (code) {
    case 400:
      return ['BadRequest', 'the server rejected our request for an unknown reason']
    case 401:
      return ['Unauthorized', 'the server has asked for the client to provide credentials']
    case 403:
      return ['Forbidden', said]
    case 404:
      return ['NotFound', 'the server could not find the requested resource']
    case 405:
      return ['MethodNotAllowed', 'the server does not allow this method on the requested resource']
    case 406:
      return ['NotAcceptable', said === 'unknown' ? 'the server was unable to respond with a content type that the client supports' : said]
    case 409:
      return ['AlreadyExists', 'the server reported a conflict']
    case 415:
      return ['UnsupportedMediaType', said]
    case 422:
      return ['Invalid', 'the server rejected our request due to an error in our request']
    case 429:
      return ['TooManyRequests', 'the server has received too many requests and has asked us to try again later']
    case 503:
      return ['ServiceUnavailable', 'the server is currently unable to handle the request']
    case 504:
      return ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request']
    default:
      if (code >= 500)
        return ['InternalError', `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`]
      return ['Unknown', `the server responded with the status code ${code} but did not return more information`]
  }
}
