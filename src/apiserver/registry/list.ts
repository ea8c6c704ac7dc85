/** Lists a resource: which revision to read, from the cache or from history, filtered, in chunks. */

import { decodeContinue, encodeContinue, foreignContinue } from './continue-token.ts'
import { withMetadata, type Registry } from './registry.ts'
import { indexOf, type Selection } from './selection.ts'
import type { ListMeta } from '#api/meta/v1/list-meta.ts'
import { badRequest, expired, invalid } from '#apiserver/endpoints/errors.ts'
import { Published } from '#apiserver/cache/published.ts'
import { FieldError } from '#schema/field-error.ts'
import { Compacted, FutureRevision, type Revision, type Store } from '#store/store.ts'

export interface ListQuery {
  readonly namespace: string
  readonly selection: Selection
  readonly limit: number
  readonly continue: string
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  /** For watches only. */
  readonly sendInitialEvents?: boolean | undefined
}

export interface Listed {
  readonly items: readonly Published[]
  readonly metadata: ListMeta
}

export async function listObjects(registry: Registry, store: Store, query: ListQuery): Promise<Listed> {
  refuseContradictions(query)
  const folder = query.namespace === '' ? registry.prefix : `${registry.prefix}${query.namespace}/`
  if (query.continue !== '') {
    const token = decodeContinue(query.continue)
    const after = `${registry.prefix}${token.after}`
    if (!after.startsWith(folder)) throw foreignContinue(token)
    if (token.revision < 0) return chunk(registry, query, await newest(registry, folder, after, query))
    return chunk(registry, query, await at(registry, store, folder, token.revision, after, query))
  }
  const asked = parseResourceVersion(query.resourceVersion)
  const exact = query.resourceVersionMatch === 'Exact' || (query.resourceVersionMatch === '' && query.limit > 0 && (asked ?? 0) > 0)
  if (exact && asked !== undefined && asked > 0) return chunk(registry, query, await at(registry, store, folder, asked, undefined, query))
  if (asked === undefined) await registry.fresh()
  else if (asked > 0) await registry.reached(asked)
  return chunk(registry, query, await newest(registry, folder, undefined, query, asked === 0))
}

/** `resourceVersion` as a number; undefined when it was not given. */
export function parseResourceVersion(text: string): Revision | undefined {
  if (text === '') return undefined
  const refused = (why: string) =>
    badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`)
  if (!/^\d+$/.test(text)) throw refused('invalid syntax')
  if (BigInt(text) >= 2n ** 64n) throw refused('value out of range')
  // No revision comes near 2^53; a greater one is in the future, whichever it is.
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

interface Page {
  readonly items: readonly Published[]
  readonly revision: Revision
  /** Entries left beyond the limit; only whether it is 0 is exact under a selection. */
  readonly more: number
}

async function newest(registry: Registry, folder: string, after: string | undefined, query: ListQuery, stale = false): Promise<Page> {
  if (!stale && after !== undefined) await registry.fresh()
  const { selection, limit } = query
  if (selection.everything)
    return shown(registry, registry.cache.list(folder, { ...(after !== undefined && { after }), ...(limit > 0 && { limit }) }))
  const { items, revision } =
    selection.name !== undefined && (query.namespace !== '' || registry.resource.scope === 'Cluster')
      ? single(registry, folder + selection.name, after)
      : registry.cache.list(folder, { ...(after !== undefined && { after }), ...indexOf(registry, selection) })
  return cut(await registry.show(items), revision, selection, limit)
}

async function shown(registry: Registry, page: Page): Promise<Page> {
  return registry.form === undefined ? page : { ...page, items: await registry.show(page.items) }
}

function single(registry: Registry, key: string, after: string | undefined): Page {
  const found = registry.cache.get(key)
  return { items: found && (after === undefined || key > after) ? [found] : [], revision: registry.cache.revision, more: 0 }
}

/** As it was at `revision`: the cache if it stands there, else the store's history. */
async function at(
  registry: Registry,
  store: Store,
  folder: string,
  revision: Revision,
  after: string | undefined,
  query: ListQuery,
): Promise<Page> {
  await registry.reached(revision)
  const { selection, limit } = query
  const remembered = registry.cache.list(folder, {
    at: revision,
    ...(after !== undefined && { after }),
    ...(selection.everything && limit > 0 && { limit }),
  })
  try {
    if (remembered) {
      // what the store has forgotten is gone for everybody, also where this server happens to remember it
      if (revision < registry.cache.revision) await store.range(folder, { at: revision, limit: 1 })
      return selection.everything
        ? await shown(registry, remembered)
        : cut(await registry.show(remembered.items), revision, selection, limit)
    }
    const page = await store.range(folder, {
      at: revision,
      ...(after !== undefined && { after }),
      ...(selection.everything && limit > 0 && { limit }),
    })
    const stored = page.entries.map((entry) => {
      const cached = registry.cache.get(entry.key)
      if (cached?.revision === entry.modRevision) return cached
      const object = withMetadata(registry.read(entry.value), { resourceVersion: String(entry.modRevision) })
      return new Published(registry.cache.resource, entry.key, entry.modRevision, object)
    })
    const items = await registry.show(stored)
    return selection.everything ? { items, revision, more: page.more } : cut(items, revision, selection, limit)
  } catch (error) {
    if (error instanceof Compacted) throw tooOld(registry, query)
    if (error instanceof FutureRevision) throw badRequest(error.message)
    throw error
  }
}

function cut(items: readonly Published[], revision: Revision, selection: Selection, limit: number): Page {
  const chosen: Published[] = []
  for (const item of items) {
    if (!selection.matches(item.object)) continue
    if (limit > 0 && chosen.length === limit) return { items: chosen, revision, more: 1 }
    chosen.push(item)
  }
  return { items: chosen, revision, more: 0 }
}

function chunk(registry: Registry, query: ListQuery, page: Page): Listed {
  const last = page.items.at(-1)
  const more = page.more > 0 && last !== undefined
  return {
    items: page.items,
    metadata: {
      resourceVersion: String(page.revision),
      ...(more && { continue: encodeContinue({ revision: page.revision, after: last.key.slice(registry.prefix.length) }) }),
      // A count under a selection would mean reading everything, so upstream gives none either.
      ...(more && query.selection.everything && { remainingItemCount: page.more }),
    },
  }
}

function tooOld(registry: Registry, query: ListQuery) {
  if (query.continue === '') return expired('The resourceVersion for the provided list is too old.')
  const { after } = decodeContinue(query.continue)
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  )
  const status = { ...error.status, metadata: { continue: encodeContinue({ revision: -1, after }) } }
  return Object.assign(error, { status })
}

function refuseContradictions(query: ListQuery): void {
  const { resourceVersion, resourceVersionMatch: match } = query
  if (query.sendInitialEvents !== undefined)
    throw listOptionsInvalid('Forbidden', 'sendInitialEvents is forbidden for list', '', 'sendInitialEvents')
  const problem =
    match === ''
      ? query.continue !== '' && resourceVersion !== '' && resourceVersion !== '0'
        ? badRequest('specifying resource version is not allowed when using continue')
        : undefined
      : query.continue !== ''
        ? listOptionsInvalid('Forbidden', 'resourceVersionMatch is forbidden when continue is provided')
        : resourceVersion === ''
          ? listOptionsInvalid('Forbidden', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
          : match !== 'Exact' && match !== 'NotOlderThan'
            ? listOptionsInvalid('NotSupported', 'supported values: "Exact", "NotOlderThan", ""', match)
            : match === 'Exact' && resourceVersion === '0'
              ? listOptionsInvalid('Forbidden', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
              : undefined
  if (problem) throw problem
}

export function listOptionsInvalid(
  type: 'Forbidden' | 'NotSupported',
  detail: string,
  value: unknown = '',
  field: 'resourceVersionMatch' | 'sendInitialEvents' = 'resourceVersionMatch',
) {
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [new FieldError(type, field, value, detail)])
}
