/** What a rule sees of a schema: the types of CEL that its values have, and the names of members. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import * as t from '#cel/type.ts'
import type { Type } from '#cel/type.ts'
import { additionalOf, itemsOf } from './structure.ts'

/**
 * The type of a schema's values; undefined where rules see nothing. `isObject` where they have apiVersion, kind and metadata
 * whatever the schema says. `name` tells types of objects apart.
 */
export function typeOfSchema(schema: JsonSchema, isObject: boolean, name: string): Type | undefined {
  if (schema['x-kubernetes-int-or-string']) return t.DYN
  switch (schema.type) {
    case 'array': {
      const items = itemsOf(schema)
      const element = items && typeOfSchema(items, isEmbedded(items), `${name}.@items`)
      return element && t.listOf(element)
    }
    case 'object': {
      const more = additionalOf(schema)
      if (more === undefined) return objectType(schema, isObject, name)
      const value = typeOfSchema(more, isEmbedded(more), `${name}.@values`)
      return value && t.mapOf(t.STRING, value)
    }
    case 'string':
      return textType(schema.format)
    case 'boolean':
      return t.BOOL
    case 'number':
      return t.DOUBLE
    case 'integer':
      return t.INT
    default:
      return undefined
  }
}

export function isEmbedded(schema: JsonSchema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true
}

function textType(format: string | undefined): Type {
  switch (format) {
    case 'byte':
      return t.BYTES
    case 'duration':
      return t.DURATION
    case 'date':
    case 'date-time':
      return t.TIMESTAMP
    default:
      return t.STRING
  }
}

function objectType(schema: JsonSchema, isObject: boolean, name: string): Type {
  let fields: ReadonlyMap<string, Type> | undefined
  return { kind: 'object', name, fields: () => (fields ??= fieldsOf(isObject ? withMeta(schema) : schema, name)) }
}

function fieldsOf(schema: JsonSchema, name: string): ReadonlyMap<string, Type> {
  return new Map(
    Object.entries(schema.properties ?? {}).flatMap(([member, property]) => {
      const field = escapedName(member)
      const type = field === undefined ? undefined : typeOfSchema(property, isEmbedded(property), `${name}.${member}`)
      return field === undefined || type === undefined ? [] : [[field, type] as const]
    }),
  )
}

const TEXT: JsonSchema = { type: 'string' }
const META: JsonSchema = { type: 'object', properties: { name: TEXT, generateName: TEXT } }
const withMetaCache = new WeakMap<JsonSchema, JsonSchema>()

/** What of an object's metadata rules see is its name. */
export function withMeta(schema: JsonSchema): JsonSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {}
  if (kind?.type === 'string' && apiVersion?.type === 'string' && metadata?.type === 'object' && metadata.properties) return schema
  let made = withMetaCache.get(schema)
  if (made === undefined) {
    made = { ...schema, properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: META } }
    withMetaCache.set(schema, made)
  }
  return made
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
const ESCAPED: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }

/** How an expression writes the name of a member; undefined for names it cannot write. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replaceAll(/__|[./-]/g, (odd) => ESCAPED[odd]!)
}
