/** The `continue` token of a chunked list: at which revision the list is read and after which key it goes on. */

import { badRequest } from '#apiserver/endpoints/errors.ts'
import type { Revision } from '#store/store.ts'

export interface Continue {
  /** -1: the client accepts that the rest is newer than what it has. */
  readonly revision: Revision
  /** Below the resource's prefix: `namespace/name`. */
  readonly after: string
}

export function encodeContinue(token: Continue): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: `${token.after}\u0000` })).toString('base64url')
}

export function decodeContinue(text: string): Continue {
  let token: { v?: unknown; rv?: unknown; start?: unknown }
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as typeof token
  } catch (error) {
    throw badRequest(`continue key is not valid: ${(error as Error).message}`)
  }
  if (token?.v !== 'meta.k8s.io/v1')
    throw badRequest('continue key is not valid: server does not recognize this encoded version "' + String(token?.v) + '"')
  if (typeof token.rv !== 'number' || !Number.isSafeInteger(token.rv) || token.rv === 0)
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof token.start !== 'string' || token.start === '')
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)')
  if (token.start.startsWith('/') || token.start.includes('/../'))
    throw badRequest(`continue key is not valid: encoded start key "${token.start}"`)
  return { revision: token.rv, after: token.start.endsWith('\u0000') ? token.start.slice(0, -1) : token.start }
}
