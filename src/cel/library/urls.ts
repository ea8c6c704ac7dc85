/** Kubernetes' URL functions. */

import { parseUrl, queryParameters, type GoUrl } from './go-url.ts'
import { func, method } from './own-type.ts'
import { traversal } from './cost.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import * as t from '../type.ts'
import { ArrayList, CelError, EntryMap, Opaque, type Value } from '../value.ts'

const URL_TYPE = t.opaque('kubernetes.URL')

class Url extends Opaque {
  readonly type = URL_TYPE
  readonly text: string
  readonly parts: GoUrl

  constructor(text: string, parts: GoUrl) {
    super()
    this.text = text
    this.parts = parts
  }

  equals(other: Value): boolean {
    return other instanceof Url && other.text === this.text
  }
}

function url(text: string): Url {
  try {
    parseUrl(text, true)
    return new Url(text, parseUrl(text, false))
  } catch (error) {
    throw new CelError(`URL parse error during conversion from string: ${(error as Error).message}`, { cause: error })
  }
}

function isUrl(text: string): boolean {
  try {
    parseUrl(text, true)
    return true
  } catch {
    return false
  }
}

const PORT = /^(.*?)(?::([0-9]*))?$/

function part(name: string, read: (url: GoUrl) => string): FunctionDeclaration {
  const id = name.replace(/^get/, 'url_get_').toLowerCase()
  return declare(
    name,
    method<Url>(id, [URL_TYPE], t.STRING, ({ parts }) => read(parts)),
  )
}

function query({ parts }: Url): Value {
  return new EntryMap([...queryParameters(parts.query)].map(([key, values]) => [key, new ArrayList(values)]))
}

export const urlFunctions: readonly FunctionDeclaration[] = [
  declare('url', func('string_to_url', [t.STRING], URL_TYPE, url, traversal())),
  declare('isURL', func('is_url_string', [t.STRING], t.BOOL, isUrl, traversal())),
  part('getScheme', ({ scheme }) => scheme),
  part('getHost', ({ host }) => host),
  part('getHostname', ({ host }) => hostName(host)),
  part('getPort', ({ host }) => PORT.exec(host.slice(host.lastIndexOf(']') + 1))?.[2] ?? ''),
  part('getEscapedPath', ({ escapedPath }) => escapedPath),
  declare('getQuery', method<Url>('url_get_query', [URL_TYPE], t.mapOf(t.STRING, t.listOf(t.STRING)), query)),
]

function hostName(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.lastIndexOf(']')) : PORT.exec(host)![1]!
}
