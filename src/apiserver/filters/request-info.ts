/** Reads what a request is about from its method, path and query, by upstream's rules for API paths. */

import { badRequest } from '#apiserver/endpoints/errors.ts'
import { NOTHING_SAID, type RequestInfo } from '#apiserver/request-context.ts'

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])
// the verb of a deprecated path form: /api/v1/watch/pods
const SPECIAL_VERBS = new Set(['proxy', 'watch'])
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** `path` is as sent, percent-encoded. Throws 400 when it cannot be decoded. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = segments(path)
  const other: RequestInfo = { ...NOTHING_SAID, path: decode(path), verb: method.toLowerCase() }
  const prefix = parts[0]
  if (parts.length < 3 || (prefix !== 'api' && prefix !== 'apis')) return other
  let at = 1
  let group = ''
  if (prefix === 'apis') {
    if (parts.length < 4) return other
    group = decode(parts[at++]!)
  }
  const version = decode(parts[at++]!)
  let verb = VERBS[method] ?? ''
  const special = SPECIAL_VERBS.has(parts[at]!)
  if (special) {
    if (parts.length - at < 2) throw badRequest(`unable to determine kind and namespace from url, ${other.path}`)
    verb = parts[at++]!
  }
  let namespace = ''
  if (parts[at] === 'namespaces' && parts.length - at > 1) {
    namespace = decode(parts[at + 1]!)
    if (parts.length - at > 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)) at += 2
  }
  const resource = decode(parts[at] ?? '')
  let name = decode(parts[at + 1] ?? '')
  const hasSubresource = verb !== 'proxy' && parts.length - at >= 3
  const named = name !== ''
  if (!named && verb === 'get') {
    verb = isTrue(query.get('watch')) ? 'watch' : 'list'
    name = selectedName(query.get('fieldSelector'))
  }
  if (!named && verb === 'delete') {
    verb = 'deletecollection'
    name = selectedName(query.get('fieldSelector'))
  }
  const selects = verb === 'list' || verb === 'watch' || verb === 'deletecollection'
  const labelSelector = selects ? query.get('labelSelector') : null
  const fieldSelector = selects ? query.get('fieldSelector') : null
  return {
    isResourceRequest: true,
    path: other.path,
    verb,
    group,
    version,
    resource,
    subresource: hasSubresource ? decode(parts[at + 2]!) : '',
    namespace,
    name,
    rest: restOf(path, parts, at + (hasSubresource ? 3 : 2)),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  }
}

/** Empty segments at both ends do not count; those in between do, as names that no object has. */
function segments(path: string): readonly string[] {
  let start = 0
  let end = path.length
  while (path[start] === '/') start++
  while (end > start && path[end - 1] === '/') end--
  return start === end ? [] : path.slice(start, end).split('/')
}

/** What follows the first `count` segments, as it was sent: what lies behind a proxy may care about a slash at the end. */
function restOf(path: string, parts: readonly string[], count: number): string {
  if (parts.length < count) return ''
  let at = 0
  while (path[at] === '/') at++
  for (let i = 0; i < count; i++) at += parts[i]!.length + 1
  return path.slice(at)
}

/** Go's reading of a boolean parameter: there, and neither "false" nor "0". */
function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0'
}

/** The one name a field selector allows, so that rules for single names cover lists of one. */
function selectedName(fieldSelector: string | null): string {
  for (const term of (fieldSelector ?? '').split(',')) {
    const name = /^metadata\.name==?([^=].*)$/.exec(term.trim())?.[1]
    if (name !== undefined && name !== '.' && name !== '..' && !/[/%\\]/.test(name)) return name
  }
  return ''
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(text)}`)
  }
}

/** Requests that stay open as long as their client wants: they count against no limit and have no deadline. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.isResourceRequest && (info.verb === 'watch' || info.verb === 'proxy' || LONG_SUBRESOURCES.has(info.subresource))
}

const LONG_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])
