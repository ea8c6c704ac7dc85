/** A custom resource's schema as OpenAPI documents show it: whole in version 3, in version 2 without what that has no words for. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

type Shown = Readonly<Record<string, unknown>>

/** What every object has, as properties: `apiVersion`, `kind` and `metadata`. */
export type TypeMeta = Readonly<Record<'apiVersion' | 'kind' | 'metadata', Shown>>

export function openApiSchemaOf(schema: JsonSchema | undefined, dialect: 'v2' | 'v3', meta: TypeMeta, preserves: boolean): Shown {
  // older clients take what they do not know for a mistake, so where anything may be they are told nothing
  if (schema === undefined || (dialect === 'v2' && (preserves || schema['x-kubernetes-preserve-unknown-fields'] === true)))
    return { type: 'object', ...(dialect === 'v3' && { 'x-kubernetes-preserve-unknown-fields': preserves || undefined }) }
  const shown = shownSchema(schema, dialect, meta)
  return { ...shown, properties: sorted({ ...(shown['properties'] as Shown | undefined), ...meta }) }
}

const NOT_IN_V2: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable'])
const LOST_WITH_NULLABLE: ReadonlySet<string> = new Set(['type', 'items', 'properties', 'additionalProperties'])

function shownSchema(schema: JsonSchema, dialect: 'v2' | 'v3', meta: TypeMeta): Shown {
  const out: Record<string, unknown> = {}
  const nullable = dialect === 'v2' && schema.nullable === true
  for (const [word, value] of Object.entries(schema)) {
    if (dialect === 'v2' && (NOT_IN_V2.has(word) || (nullable && LOST_WITH_NULLABLE.has(word)))) continue
    out[word] = shownWord(word, value, dialect, meta)
  }
  if (schema['x-kubernetes-embedded-resource'] === true && !nullable)
    out['properties'] = sorted({ ...(out['properties'] as Shown | undefined), ...meta })
  return out
}

function shownWord(word: string, value: unknown, dialect: 'v2' | 'v3', meta: TypeMeta): unknown {
  const show = (inner: unknown): unknown => (isSchema(inner) ? shownSchema(inner, dialect, meta) : inner)
  switch (word) {
    case 'properties':
    case 'patternProperties':
    case 'definitions':
      return sorted(Object.fromEntries(Object.entries(value as Shown).map(([name, inner]) => [name, show(inner)])))
    case 'items':
    case 'additionalProperties':
    case 'additionalItems':
    case 'not':
      return Array.isArray(value) ? value.map(show) : show(value)
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return (value as readonly unknown[]).map(show)
    default:
      return value
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(properties: Shown): Shown {
  return Object.fromEntries(Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
