/** Finds what differs between our OpenAPI documents and upstream's, descriptions aside. */

import { gunzipSync } from 'node:zlib'
import { openApiParts } from '#api/openapi-parts.ts'
import { openApiV2 } from '#schema/openapi-v2.ts'
import { betaOf, messages, reference, resources } from './declared.ts'
import { definitionName } from '#schema/openapi-schema.ts'

export interface Swagger {
  readonly definitions: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly parameters?: Readonly<Record<string, ShownParameter>>
}

export interface Differences {
  readonly definitions: readonly string[]
  readonly paths: readonly string[]
}

export function openApiDifferences(ours = openApiV2(resources, openApiParts) as unknown as Swagger): Differences {
  const theirs = upstream()
  return { definitions: definitionDifferences(ours, theirs), paths: pathDifferences(ours, theirs) }
}

const ZEROS: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false }

interface Schema {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly format?: string; readonly default?: unknown }>>
}

/** Where documents of version 3 do not show the zero of what upstream requires; version 2 has no word for it. */
export function zeroDifferences(documents: readonly Record<string, unknown>[]): string[] {
  const { definitions } = upstream()
  const ours = documents.flatMap((d) => Object.entries((d['components'] as { readonly schemas?: Record<string, Schema> }).schemas ?? {}))
  return [...new Map(ours)].flatMap(([name, schema]) => {
    const { required = [], properties = {} } = (definitions[name] ?? {}) as Schema
    return required.flatMap((field) => {
      const { type = '', format } = properties[field] ?? {}
      if (!(type in ZEROS) || format === 'byte') return []
      const shown = schema.properties?.[field]?.default
      return shown === ZEROS[type] ? [] : [`${name}.${field}: ${JSON.stringify(shown) ?? 'nothing'}`]
    })
  })
}

function upstream(): Swagger {
  return withLater(JSON.parse(gunzipSync(reference('openapi-v2.json.gz')).toString()) as Swagger)
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
  for (const name of OF_ALL_VERSIONS) definitions[name] = ofServedToo(definitions[name] as KnownUnder)
  return { ...theirs, definitions, paths }
}

const OF_ALL_VERSIONS = ['DeleteOptions', 'WatchEvent'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`)

interface KnownUnder {
  readonly 'x-kubernetes-group-version-kind': readonly { readonly group: string; readonly kind: string; readonly version: string }[]
}

/** Under the versions that came later as well. */
function ofServedToo(definition: KnownUnder): KnownUnder {
  const known = definition['x-kubernetes-group-version-kind']
  const { kind } = known[0]!
  const all = [...known, ...resources.map(({ group, version }) => ({ group, kind, version }))]
  return { ...definition, 'x-kubernetes-group-version-kind': [...new Map(all.map((k) => [`${k.group}/${k.version}`, k])).values()] }
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
    /\.(?:API\w+|GroupVersionForDiscovery|ServerAddressByClientCIDR|Info|Patch|WatchEvent)$/.test(name),
  )
  return [...declared, ...lists, ...discovery].toSorted().flatMap((name) => {
    const our = ours.definitions[name]
    const their = theirs.definitions[name]
    if (our === undefined) return []
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
  const discovery = new Set([
    '/api/',
    '/apis/',
    '/version/',
    '/.well-known/openid-configuration/',
    '/openid/v1/jwks/',
    ...resources.map((r) => `/apis/${r.group}/`),
  ])
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
    // Version 3 has no place for what is consumed where there is no body.
    consumes: all.some((p) => p.in === 'body' || p.$ref?.includes('/body-')) ? withoutCbor(operation.consumes) : [],
    produces: withoutCbor(operation.produces),
    responses: Object.fromEntries(Object.entries(operation.responses).map(([code, r]) => [code, r.schema])),
  }
}

const withoutCbor = (types: readonly string[] = []): readonly string[] => types.filter((type) => !type.includes('cbor'))

function shownParameter(p: Partial<ShownParameter>): [string, unknown] {
  return [`${p.in} ${p.name}`, { type: p.type, required: p.required, uniqueItems: p.uniqueItems, schema: p.schema }]
}
