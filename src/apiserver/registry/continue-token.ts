/** The `continue` token of a chunked list: at which revision the list is read and after which key it goes on. */

import { badRequest } from '#apiserver/endpoints/errors.ts'
import { parseJson } from '#schema/json.ts'
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

/** Throws upstream's 400 for what this server cannot have handed out. */
export function decodeContinue(text: string): Continue {
  const value = readJson(decodeBase64(text))
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    throw invalid(`: json: cannot unmarshal ${kindOf(value)} into Go value of type storage.continueToken`)
  const { v, rv, start } = (value ?? {}) as { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown }
  if (v !== 'meta.k8s.io/v1') throw invalid(`: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`)
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    throw invalid(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '') throw invalid(': encoded start key empty (version meta.k8s.io/v1)')
  if (start.split('/').some((part, i) => part === '.' || part === '..' || (part === '' && i > 0))) throw invalid(`: ${start}`)
  return { revision: rv, after: (start.endsWith('\u0000') ? start.slice(0, -1) : start).replace(/^\//, '') }
}

/** The token's key lies outside of what is listed. */
export function foreignContinue(token: Continue): Error {
  return invalid(`: ${token.after}`)
}

function invalid(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid${why}`)
}

/** Go's decoder refuses what Node's skips, and says where it stands. */
function decodeBase64(text: string): Buffer {
  const plain = text.replace(/[\r\n]/g, '')
  const odd = /[^\w-]/.exec(text.replace(/[\r\n]/g, '_'))?.index ?? (plain.length % 4 === 1 ? text.length - 1 : -1)
  if (odd >= 0) throw invalid(`: illegal base64 data at input byte ${odd}`)
  return Buffer.from(plain, 'base64url')
}

function readJson(bytes: Buffer): unknown {
  try {
    return parseJson(bytes).value
  } catch (error) {
    const first = bytes[0] ?? 0
    throw invalid(`: ${first < 0x80 ? (error as Error).message : `invalid character ${quoteByte(first)} looking for beginning of value`}`)
  }
}

/** Go's scanner goes by bytes: one above ASCII is a character of Latin-1 to it. */
function quoteByte(byte: number): string {
  return byte < 0xa1 || byte === 0xad ? `'\\u00${byte.toString(16)}'` : `'${String.fromCharCode(byte)}'`
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
}
