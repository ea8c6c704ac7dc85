/** The type an OpenAPI schema gives to a value, with what the schema says of its size. */

import { escaped } from './escaping.ts'
import * as t from './type.ts'
import type { Type } from './type.ts'

/** What is read of a schema: structural ones of custom resources, and others of the same shape. */
export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly items?: Schema | readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

export interface SchemaType {
  readonly schema: Schema
  readonly type: Type
  /** Characters, bytes, items or members a value has at most. */
  readonly elementsMax?: number
  /** Bytes of JSON that a value takes at least. */
  readonly bytesMin: number
  /** Of items of a list, or members of a map. */
  readonly element?: SchemaType
  /** Of an object's members, by the names they have in CEL. */
  readonly fields?: ReadonlyMap<string, SchemaField>
}

export interface SchemaField {
  /** As it stands in JSON. */
  readonly name: string
  readonly type: SchemaType
}

const REQUEST_BYTES_MAX = 3 * 1024 * 1024
const STRING_BYTES_MIN = 2
const DATE_BYTES = 12
const DATE_TIME_BYTES_MIN = 21
const DATE_TIME_BYTES_MAX = 32
const DURATION_BYTES_MIN = 3
const DURATION_BYTES_MAX = 32
const BYTES_PER_CHARACTER_MAX = 4

/** `root`: the value is a whole resource. `name` is what messages call an object's type. Undefined: nothing is known of such values. */
export function schemaType(schema: Schema, options: { readonly root?: boolean; readonly name?: string } = {}): SchemaType | undefined {
  const { root = false, name = 'object' } = options
  if (schema['x-kubernetes-int-or-string'] === true) return { schema, type: t.DYN, elementsMax: charactersMax(schema), bytesMin: 1 }
  const whole = root ? withMetadata(schema) : schema
  switch (whole.type) {
    case 'array':
      return arrayType(whole, name)
    case 'object':
      return objectType(whole, name)
    case 'string':
      return stringType(whole)
    case 'boolean':
      return { schema: whole, type: t.BOOL, bytesMin: 4 }
    case 'number':
      return { schema: whole, type: t.DOUBLE, bytesMin: 1 }
    case 'integer':
      return { schema: whole, type: t.INT, bytesMin: 1 }
    default:
      return undefined
  }
}

function within(schema: Schema, name: string): SchemaType | undefined {
  return schemaType(schema, { root: schema['x-kubernetes-embedded-resource'] === true, name })
}

const TEXT: Schema = { type: 'string' }
const METADATA: Schema = { type: 'object', properties: { name: TEXT, generateName: TEXT } }

/** Every resource has its kind and its name, whatever its schema says; of its metadata nothing else is known. */
function withMetadata(schema: Schema): Schema {
  const { apiVersion, kind, metadata } = schema.properties ?? {}
  const names = metadata?.properties
  const isThere = apiVersion?.type === 'string' && kind?.type === 'string' && metadata?.type === 'object'
  if (isThere && names?.['name']?.type === 'string' && names['generateName']?.type === 'string') return schema
  return { ...schema, properties: { ...schema.properties, apiVersion: TEXT, kind: TEXT, metadata: METADATA } }
}

function arrayType(schema: Schema, name: string): SchemaType | undefined {
  const { items, maxItems } = schema
  const element = items === undefined || Array.isArray(items) ? undefined : within(items as Schema, `${name}.@idx`)
  if (element === undefined) return undefined
  const elementsMax = maxItems === undefined ? Math.floor((REQUEST_BYTES_MAX - 2) / (element.bytesMin + 1)) : Math.max(0, maxItems)
  return { schema, type: t.listOf(element.type), elementsMax, bytesMin: 2, element }
}

// a key takes two quotes, a colon, and a comma
const MEMBER_BYTES = 6

function objectType(schema: Schema, name: string): SchemaType | undefined {
  const { additionalProperties: more, maxProperties, properties = {}, required = [] } = schema
  if (typeof more === 'object') {
    const element = within(more, `${name}.@elem`)
    if (element === undefined) return undefined
    const most = Math.floor((REQUEST_BYTES_MAX - 2) / (element.bytesMin + MEMBER_BYTES))
    const elementsMax = maxProperties === undefined ? most : Math.max(0, maxProperties)
    return { schema, type: t.mapOf(t.STRING, element.type), elementsMax, bytesMin: 2, element }
  }
  const fields = new Map<string, SchemaField>()
  let bytesMin = 2
  for (const [member, of] of Object.entries(properties)) {
    const celName = escaped(member)
    const type = within(of, `${name}.${celName ?? member}`)
    if (type === undefined) continue
    if (celName !== undefined) fields.set(celName, { name: member, type })
    if (required.includes(member) && of.default === undefined) bytesMin += member.length + type.bytesMin + 4
  }
  const types = new Map([...fields].map(([celName, { type }]) => [celName, type.type]))
  return { schema, type: { kind: 'object', name, fields: () => types }, bytesMin, fields }
}

function stringType(schema: Schema): SchemaType {
  const { format, maxLength, enum: values = [] } = schema
  switch (format) {
    case 'byte':
      return { schema, type: t.BYTES, bytesMin: STRING_BYTES_MIN, elementsMax: Math.max(0, maxLength ?? REQUEST_BYTES_MAX - 2) }
    case 'duration':
      return { schema, type: t.DURATION, bytesMin: DURATION_BYTES_MIN, elementsMax: DURATION_BYTES_MAX }
    case 'date':
      return { schema, type: t.TIMESTAMP, bytesMin: DATE_BYTES, elementsMax: DATE_BYTES }
    case 'date-time':
      return { schema, type: t.TIMESTAMP, bytesMin: DATE_TIME_BYTES_MIN, elementsMax: DATE_TIME_BYTES_MAX }
  }
  const longest = values.reduce<number>((most, value) => (typeof value === 'string' ? Math.max(most, value.length) : most), 0)
  const unbounded = values.length > 0 ? longest : REQUEST_BYTES_MAX - 2
  return { schema, type: t.STRING, bytesMin: STRING_BYTES_MIN, elementsMax: maxLength === undefined ? unbounded : charactersMax(schema) }
}

function charactersMax({ maxLength }: Schema): number {
  return maxLength === undefined ? REQUEST_BYTES_MAX - 2 : Math.max(0, maxLength) * BYTES_PER_CHARACTER_MAX
}
