/** Whom a caller wants to be, read from headers; and headers that are given several times. */

import type { RequestContext } from '#apiserver/request-context.ts'

const EXTRA_PREFIX = 'impersonate-extra-'

/** Whom a caller wants to be, as the headers say it. */
export interface WantedUser {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export function wantedUser(headers: RequestContext['headers']): WantedUser {
  const extra: Record<string, string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(EXTRA_PREFIX)) extra[unescapeKey(name.slice(EXTRA_PREFIX.length))] = valuesOf(value)
  return {
    username: headers['impersonate-user'] ?? '',
    uid: headers['impersonate-uid'] ?? '',
    groups: valuesOf(headers['impersonate-group']),
    extra,
  }
}

/** The account that a user name stands for. */
export function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/.exec(username)
  return match === null ? undefined : { namespace: match[1]!, name: match[2]! }
}

/** The values of a header given several times, which the wire keeps on lines of their own. */
export function valuesOf(header: string | undefined): string[] {
  return header === undefined || header === '' ? [] : header.split('\n')
}

/** Header names cannot hold every letter of a key, so clients percent-encode it. */
export function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
