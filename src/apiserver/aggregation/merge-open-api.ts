/** Puts what aggregated servers say of their own paths into this server's OpenAPI v2 document. */

import { isDeepStrictEqual } from 'node:util'

type Json = Readonly<Record<string, unknown>>
type Members = Record<string, unknown>

const DEFINITIONS = '#/definitions/'

/** A document of another server, of which only paths under `prefix` count. */
export interface PartialDocument {
  readonly prefix: string
  readonly document: Json
}

/** Definitions that have the name of another but are not the same get a name of their own. */
export function withRemotePaths(local: Json, others: readonly PartialDocument[]): Json {
  const paths: Members = { ...(local['paths'] as Json | undefined) }
  const definitions: Members = { ...(local['definitions'] as Json | undefined) }
  for (const { prefix, document } of others) {
    const found = Object.entries((document['paths'] as Json | undefined) ?? {}).filter(
      ([path]) => path === prefix || path.startsWith(`${prefix}/`),
    )
    const theirs = (document['definitions'] as Json | undefined) ?? {}
    const names = new Map<string, string>()
    for (const name of referenced(found, theirs)) names.set(name, freeName(name, theirs[name], definitions))
    for (const [name, given] of names) definitions[given] = renamed(theirs[name], names)
    for (const [path, item] of found) if (!Object.hasOwn(paths, path)) paths[path] = renamed(item, names)
  }
  return { ...local, paths, definitions }
}

/** All definitions that the value leads to. */
function referenced(value: unknown, definitions: Json): ReadonlySet<string> {
  const names = new Set<string>()
  const look = (at: unknown): void => {
    if (typeof at !== 'object' || at === null) return
    for (const [key, inner] of Object.entries(at))
      if (key === '$ref' && typeof inner === 'string' && inner.startsWith(DEFINITIONS)) {
        const name = inner.slice(DEFINITIONS.length)
        if (names.has(name) || !Object.hasOwn(definitions, name)) continue
        names.add(name)
        look(definitions[name])
      } else look(inner)
  }
  look(value)
  return names
}

function freeName(name: string, definition: unknown, taken: Json): string {
  for (let n = 1; ; n++) {
    const wanted = n === 1 ? name : `${name}_v${n}`
    if (!Object.hasOwn(taken, wanted) || isDeepStrictEqual(taken[wanted], definition)) return wanted
  }
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner) => renamed(inner, names))
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string' || !inner.startsWith(DEFINITIONS)) return [key, renamed(inner, names)]
      const name = inner.slice(DEFINITIONS.length)
      return [key, `${DEFINITIONS}${names.get(name) ?? name}`]
    }),
  )
}
