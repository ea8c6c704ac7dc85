/** Finds what differs between our OpenAPI documents and upstream's, descriptions aside. */

import { gunzipSync } from 'node:zlib'
import { openApiParts } from '#api/openapi-parts.ts'
import { openApiV2 } from '#schema/openapi-v2.ts'
import { betaOf, messages, reference, resources } from './declared.ts'
import { definitionName } from '#schema/openapi-schema.ts'

interface Swagger {
  readonly definitions: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly parameters?: Readonly<Record<string, ShownParameter>>
}

export interface Differences {
  readonly definitions: readonly string[]
  readonly paths: readonly string[]
}

export function openApiDifferences(): Differences {
  const theirs = withLater(JSON.parse(gunzipSync(reference('openapi-v2.json.gz')).toString()) as Swagger)
  const ours = openApiV2(resources, openApiParts) as unknown as Swagger
  return { definitions: definitionDifferences(ours, theirs), paths: pathDifferences(ours, theirs) }
}

/** Adds what became GA later, as its beta under the version it has now. */
function withLater(theirs: Swagger): Swagger {
  const definitions: Record<string, unknown> = { ...theirs.definitions }
  const paths: Record<string, Readonly<Record<string, unknown>>> = { ...theirs.paths }
  for (const message of messages.values()) {
    const beta = betaOf(message.name)
    if (beta === undefined) continue
    for (const suffix of ['', 'List']) {
      const name = definitionName(message) + suffix
      const known = definitions[name.replace('.v1.', `.${beta.version}.`)]
      if (known !== undefined) definitions[name] = without(asGa(known, beta.version), beta.dropped)
    }
    const resource = resources.find((r) => r.type.schema === message)
    if (resource === undefined) continue
    const [from, to] = [`/apis/${resource.group}/${beta.version}/`, `/apis/${resource.group}/v1/`]
    for (const [path, item] of Object.entries(theirs.paths))
      if (path === from || (path.startsWith(from) && path.split('/').includes(resource.plural)))
        paths[path.replace(from, to)] ??= asGa(item, beta.version)
  }
  return { ...theirs, definitions, paths }
}

/** As the beta says it of itself, so that nothing else in the text changes. */
function asGa<T>(value: T, beta: string): T {
  const text = JSON.stringify(value)
    .replaceAll(`.${beta}.`, '.v1.')
    .replaceAll(`"${beta}"`, '"v1"')
    .replaceAll(`V${beta.slice(1)}`, 'V1')
  return JSON.parse(text) as T
}

function without(definition: unknown, dropped: readonly string[]): unknown {
  const { properties, ...rest } = definition as { readonly properties?: object }
  if (dropped.length === 0 || properties === undefined) return definition
  return { ...rest, properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !dropped.includes(name))) }
}

/** Definitions that are no declared message are ours to word; of the others everything must be the same. */
function definitionDifferences(ours: Swagger, theirs: Swagger): string[] {
  const declared = new Set([...messages.values()].map(definitionName))
  const lists = Object.keys(ours.definitions).filter((name) => name.endsWith('List') && declared.has(name.slice(0, -'List'.length)))
  const discovery = Object.keys(theirs.definitions).filter((name) =>
    /\.(?:API\w+|GroupVersionForDiscovery|ServerAddressByClientCIDR|Info|Patch)$/.test(name),
  )
  return [...declared, ...lists, ...discovery].toSorted().flatMap((name) => {
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
    const inProperties = /(?<!\.properties)\.properties$/.test(at)
    if (name === 'description' && !inProperties) return []
    if (!inProperties && !(name in a)) return [`${at}: without ${name} ${JSON.stringify(b[name])}`]
    return compare(a[name], b[name], `${at}.${name}`)
  })
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const

interface Shown {
  readonly operationId: string
  readonly 'x-kubernetes-action'?: string
  readonly 'x-kubernetes-group-version-kind'?: unknown
  readonly responses: Readonly<Record<string, { readonly schema?: unknown }>>
  readonly parameters?: readonly (Partial<ShownParameter> & { readonly $ref?: string })[]
  readonly consumes?: readonly string[]
  readonly produces?: readonly string[]
}

interface ShownParameter {
  readonly name: string
  readonly in: string
  readonly type?: string
  readonly required?: boolean
  readonly uniqueItems?: boolean
  readonly schema?: unknown
}

/** Of the groups and versions we serve: which operations there are, their names, kinds, parameters and answers. */
function pathDifferences(ours: Swagger, theirs: Swagger): string[] {
  const bases = new Set(resources.map((r) => (r.group === '' ? `/api/${r.version}/` : `/apis/${r.group}/${r.version}/`)))
  const discovery = new Set(['/api/', '/apis/', '/version/', ...resources.map((r) => `/apis/${r.group}/`)])
  const relevant = (path: string): boolean => discovery.has(path) || [...bases].some((b) => path.startsWith(b))
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
    parameters: Object.fromEntries(
      all.map((p) => shownParameter(p.$ref === undefined ? p : document.parameters![p.$ref.slice('#/parameters/'.length)]!)),
    ),
    // Upstream's document is made with CBOR switched on.
    consumes: (operation.consumes ?? []).filter((type) => !type.includes('cbor')),
    produces: (operation.produces ?? []).filter((type) => !type.includes('cbor')),
    responses: Object.fromEntries(Object.entries(operation.responses).map(([code, r]) => [code, r.schema])),
  }
}

function shownParameter(p: Partial<ShownParameter>): [string, unknown] {
  return [`${p.in} ${p.name}`, { type: p.type, required: p.required, uniqueItems: p.uniqueItems, schema: p.schema }]
}
