/** Brings OpenAPI documents of version 3 into the form of version 2, so that both can be held against the same facts. */

import { isDeepStrictEqual } from 'node:util'
import type { Swagger } from './openapi-differences.ts'

type Json = Record<string, unknown>

interface DocumentV3 {
  readonly paths: Readonly<Record<string, Json>>
  readonly components: { readonly schemas?: Readonly<Record<string, Json>>; readonly securitySchemes?: object }
}

export interface Flat {
  readonly swagger: Swagger
  /** Schemas of one name that differ between documents, but for the kinds they are known under. */
  readonly disagreements: readonly string[]
}

/** All documents in one. What version 2 cannot say (defaults, enumerations) is left out. */
export function flatDocuments(documents: readonly Record<string, unknown>[]): Flat {
  const seen = new Map<string, Json>()
  const disagreements = new Set<string>()
  const definitions: Record<string, unknown> = {}
  const paths: Record<string, Json> = {}
  for (const document of documents as unknown as readonly DocumentV3[]) {
    for (const [name, schema] of Object.entries(document.components.schemas ?? {})) {
      const before = seen.get(name)
      if (before && !isDeepStrictEqual(before, schema)) disagreements.add(name)
      seen.set(name, schema)
      definitions[name] = flatSchema(schema)
    }
    // of what anybody may ask version 3 says nothing, where version 2 has one word for all
    const unauthorized = document.components.securitySchemes ? {} : { 401: {} }
    for (const [path, item] of Object.entries(document.paths)) paths[path] = flatItem(item, unauthorized)
  }
  return { swagger: { definitions, paths }, disagreements: [...disagreements].toSorted() }
}

function flatSchema(value: unknown, isSchema = true): unknown {
  if (Array.isArray(value)) return value.map((v) => flatSchema(v))
  if (typeof value !== 'object' || value === null) return value
  const source = value as Json
  // the names of properties are data, and may be words of the format
  if (!isSchema) return Object.fromEntries(Object.entries(source).map(([name, v]) => [name, flatSchema(v)]))
  const { allOf, oneOf, default: _, enum: __, ...rest } = source
  const flat: Json = Object.fromEntries(Object.entries(rest).map(([name, v]) => [name, flatSchema(v, name !== 'properties')]))
  if (allOf !== undefined) Object.assign(flat, flatSchema((allOf as unknown[])[0]))
  if (oneOf !== undefined) flat['type'] = 'string'
  if (typeof flat['$ref'] === 'string') flat['$ref'] = flat['$ref'].replace('#/components/schemas/', '#/definitions/')
  return flat
}

function flatItem({ parameters, ...operations }: Json, answers: Json): Json {
  const flat: Json = Object.fromEntries(Object.entries(operations).map(([method, o]) => [method, flatOperation(o as Json, answers)]))
  return parameters === undefined ? flat : { ...flat, parameters: (parameters as Json[]).map(flatParameter) }
}

type Content = Readonly<Record<string, { readonly schema: unknown }>>

function flatOperation({ requestBody, responses, parameters, ...rest }: Json, more: Json): Json {
  const body = requestBody as { readonly content: Content; readonly required?: boolean } | undefined
  const answers = Object.entries(responses as Readonly<Record<string, { readonly content?: Content }>>)
  const produced = new Set(answers.flatMap(([, r]) => Object.keys(r.content ?? {})))
  return {
    ...rest,
    parameters: [
      ...((parameters as Json[] | undefined) ?? []).map(flatParameter),
      ...(body ? [{ name: 'body', in: 'body', required: body.required, schema: schemaOf(body.content) }] : []),
    ],
    ...(body && { consumes: Object.keys(body.content) }),
    produces: [...produced],
    responses: { ...more, ...Object.fromEntries(answers.map(([code, r]) => [code, r.content ? { schema: schemaOf(r.content) } : {}])) },
  }
}

/** Of all media types together; that they differ would be a fault. */
function schemaOf(content: Content): unknown {
  const schemas = [...new Set(Object.values(content).map((c) => JSON.stringify(flatSchema(c.schema))))]
  return schemas.length === 1 ? JSON.parse(schemas[0]!) : { several: schemas }
}

function flatParameter({ schema, ...rest }: Json): Json {
  return { ...rest, ...(schema as Json) }
}
