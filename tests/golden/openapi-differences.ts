/** Finds what differs between our OpenAPI documents and upstream's, descriptions aside. */

import { gunzipSync } from 'node:zlib'
import { openApiParts } from '#api/openapi-parts.ts'
import { openApiV2 } from '#schema/openapi-v2.ts'
import { messages, reference, resources } from './declared.ts'
import { definitionName } from '#schema/openapi-schema.ts'

interface Swagger {
  readonly definitions: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly parameters?: Readonly<Record<string, { readonly name: string }>>
}

export interface Differences {
  readonly definitions: readonly string[]
  readonly paths: readonly string[]
}

export function openApiDifferences(): Differences {
  const theirs = JSON.parse(gunzipSync(reference('openapi-v2.json.gz')).toString()) as Swagger
  const ours = openApiV2(resources, openApiParts) as unknown as Swagger
  return { definitions: definitionDifferences(ours, theirs), paths: pathDifferences(ours, theirs) }
}

/** Definitions that are no declared message are ours to word; of the others everything must be the same. */
function definitionDifferences(ours: Swagger, theirs: Swagger): string[] {
  const declared = new Set([...messages.values()].map(definitionName))
  const lists = Object.keys(ours.definitions).filter((name) => name.endsWith('List') && declared.has(name.slice(0, -'List'.length)))
  return [...declared, ...lists].toSorted().flatMap((name) => {
    const our = ours.definitions[name]
    const their = theirs.definitions[name]
    // Upstream lists all groups' options; we list those served.
    if (our === undefined || name.endsWith('.DeleteOptions')) return []
    if (their === undefined) return [`${name}: not upstream`]
    return compare(our, their, name)
  })
}

function compare(our: unknown, their: unknown, at: string): string[] {
  if (Array.isArray(our) && Array.isArray(their)) {
    const [a, b] = [our, their].map((l) => JSON.stringify(l.map((i) => JSON.stringify(sorted(i))).toSorted()))
    return a === b ? [] : [`${at}: ${JSON.stringify(our)} is ${JSON.stringify(their)} upstream`]
  }
  if (typeof our !== 'object' || typeof their !== 'object' || our === null || their === null)
    return our === their ? [] : [`${at}: ${JSON.stringify(our) ?? 'nothing'} is ${JSON.stringify(their) ?? 'nothing'} upstream`]
  const [a, b] = [our as Record<string, unknown>, their as Record<string, unknown>]
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()
  return names.flatMap((name) => {
    const inProperties = at.endsWith('.properties')
    if (name === 'description' && !inProperties) return []
    if (!inProperties && !(name in a)) return [`${at}: without ${name} ${JSON.stringify(b[name])}`]
    return compare(a[name], b[name], `${at}.${name}`)
  })
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const

interface Shown {
  readonly operationId: string
  readonly 'x-kubernetes-action'?: string
  readonly 'x-kubernetes-group-version-kind'?: unknown
  readonly responses: Readonly<Record<string, { readonly schema?: unknown }>>
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[]
}

/** Of the groups and versions we serve: which operations there are, their names, kinds, parameters and answers. */
function pathDifferences(ours: Swagger, theirs: Swagger): string[] {
  const bases = new Set(resources.map((r) => (r.group === '' ? `/api/${r.version}/` : `/apis/${r.group}/${r.version}/`)))
  const relevant = (path: string): boolean =>
    [...bases].some((b) => path.startsWith(b)) && !path.includes('/watch/') && !path.includes('/proxy')
  const paths = [...new Set([...Object.keys(ours.paths), ...Object.keys(theirs.paths)])].filter(relevant).toSorted()
  return paths.flatMap((path) =>
    METHODS.flatMap((method) => {
      const our = show(ours, path, method)
      const their = show(theirs, path, method)
      if (our === undefined && their === undefined) return []
      if (our === undefined) return [`${method} ${path}: missing`]
      if (their === undefined) return [`${method} ${path}: not upstream`]
      return compare(our, their, `${method} ${path}`)
    }),
  )
}

function show(document: Swagger, path: string, method: string): object | undefined {
  const item = document.paths[path]
  const operation = item?.[method] as Shown | undefined
  if (operation === undefined) return undefined
  const all = [...(operation.parameters ?? []), ...((item?.parameters as Shown['parameters']) ?? [])]
  return {
    id: operation.operationId,
    action: operation['x-kubernetes-action'],
    gvk: operation['x-kubernetes-group-version-kind'],
    parameters: all.map((p) => p.name ?? document.parameters?.[p.$ref!.slice('#/parameters/'.length)]?.name).toSorted(),
    responses: Object.fromEntries(Object.entries(operation.responses).map(([code, r]) => [code, r.schema])),
  }
}
