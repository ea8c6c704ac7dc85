/** JSON as rules see it, by its schema, looked at where it lies. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { CelError, CelMap, Duration, List, Timestamp, type Value } from '#cel/value.ts'
import { parseDuration } from '#schema/duration.ts'
import { isOfFormat } from './formats.ts'
import { escapedName, isEmbedded, withMeta } from './rule-types.ts'
import { additionalOf, asObject, itemsOf, type Json } from './structure.ts'

/** Throws `CelError` for what is not of its schema's type, of which validation has told before. */
export function ruleValue(value: unknown, schema: JsonSchema, isObject: boolean): Value {
  if (value === null || value === undefined) {
    if (schema.nullable) return null
    throw new CelError('invalid data, got null for schema with nullable=false')
  }
  if (schema['x-kubernetes-int-or-string']) return eitherValue(value)
  switch (schema.type) {
    case 'array': {
      const items = itemsOf(schema)
      if (!Array.isArray(value) || items === undefined) throw mismatch('an array', 'array')
      return new JsonList(value, items)
    }
    case 'object': {
      const object = asObject(value)
      if (object === undefined) throw mismatch('a map', 'object')
      const more = additionalOf(schema)
      return more === undefined ? new JsonObject(object, isObject ? withMeta(schema) : schema) : new JsonMap(object, more)
    }
    case 'string':
      if (typeof value !== 'string') throw mismatch('string', 'string')
      return textValue(value, schema.format)
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch('bool', 'boolean')
      return value
    case 'number':
      if (typeof value !== 'number') throw mismatch('float', 'number')
      return value
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw mismatch('int', 'integer')
      return BigInt(value)
    default:
      throw new CelError(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string`,
      )
  }
}

function mismatch(wanted: string, type: string): CelError {
  return new CelError(`invalid data, expected ${wanted} to match the provided schema with type=${type}`)
}

function eitherValue(value: unknown): Value {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  throw new CelError('invalid data, expected XIntOrString value to be either a string or integer')
}

const NANOS_PER_MS = 1_000_000n

function textValue(text: string, format: string | undefined): Value {
  switch (format) {
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'))
    case 'duration':
      return new Duration(durationOf(text))
    case 'date':
      if (!isOfFormat(format, text)) throw new CelError(`Invalid date formatted string ${text}`)
      return new Timestamp(BigInt(Date.parse(`${text}T00:00:00Z`)) * NANOS_PER_MS)
    case 'date-time':
      return new Timestamp(instantOf(text))
    default:
      return text
  }
}

const SCALA_UNITS: readonly (readonly [words: RegExp, nanos: bigint])[] = [
  [/^(?:ns|nano)/, 1n],
  [/^(?:us$|µs$|micro)/, 1_000n],
  [/^(?:ms$|milli)/, 1_000_000n],
  [/^(?:s$|sec)/, 1_000_000_000n],
  [/^(?:m$|min)/, 60_000_000_000n],
  [/^(?:h$|hr$|hour)/, 3_600_000_000_000n],
  [/^(?:d$|day)/, 86_400_000_000_000n],
  [/^(?:w$|wk$|week)/, 604_800_000_000_000n],
]

function durationOf(text: string): bigint {
  const nanos = parseDuration(text)
  if (nanos !== undefined) return nanos
  if (!isOfFormat('duration', text)) throw new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`)
  let sum = 0n
  for (const [, amount, word] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const unit = SCALA_UNITS.find(([words]) => words.test(word!.toLowerCase()))
    sum += BigInt(amount!) * (unit?.[1] ?? 0n)
  }
  return sum
}

function instantOf(text: string): bigint {
  const [, whole, fraction = '', zone] = /^(.*\d\d:\d\d:\d\d)(?:.(\d+))?(z|[+-]\d\d:\d\d)$/i.exec(text) ?? []
  const millis = Date.parse(`${whole}${zone}`)
  if (whole === undefined || Number.isNaN(millis)) throw new CelError(`Invalid date-time formatted string ${text}`)
  return BigInt(millis) * NANOS_PER_MS + BigInt(fraction.padEnd(9, '0').slice(0, 9))
}

class JsonList extends List {
  readonly #items: readonly unknown[]
  readonly #schema: JsonSchema

  constructor(items: readonly unknown[], schema: JsonSchema) {
    super()
    this.#items = items
    this.#schema = schema
  }

  get size(): number {
    return this.#items.length
  }

  at(index: number): Value {
    return ruleValue(this.#items[index], this.#schema, isEmbedded(this.#schema))
  }
}

/** Values under any name. */
class JsonMap extends CelMap {
  readonly #object: Json
  readonly #schema: JsonSchema

  constructor(object: Json, schema: JsonSchema) {
    super()
    this.#object = object
    this.#schema = schema
  }

  get size(): number {
    return Object.keys(this.#object).length
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#object, key)) return undefined
    return ruleValue(this.#object[key], this.#schema, isEmbedded(this.#schema))
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#object)
  }
}

const fieldNames = new WeakMap<JsonSchema, ReadonlyMap<string, string>>()

/** Members under the names that expressions write. */
function namesOf(schema: JsonSchema): ReadonlyMap<string, string> {
  let names = fieldNames.get(schema)
  if (names === undefined) {
    names = new Map(
      Object.keys(schema.properties ?? {}).flatMap((name) => (escapedName(name) === undefined ? [] : [[escapedName(name)!, name]])),
    )
    fieldNames.set(schema, names)
  }
  return names
}

/** What its schema names, and nothing else that may be there. */
class JsonObject extends CelMap {
  readonly #object: Json
  readonly #schema: JsonSchema

  constructor(object: Json, schema: JsonSchema) {
    super()
    this.#object = object
    this.#schema = schema
  }

  get size(): number {
    return [...this.keys()].length
  }

  get(key: Value): Value | undefined {
    const name = typeof key === 'string' ? namesOf(this.#schema).get(key) : undefined
    if (name === undefined || !Object.hasOwn(this.#object, name)) return undefined
    const schema = this.#schema.properties![name]!
    return ruleValue(this.#object[name], schema, isEmbedded(schema))
  }

  *keys(): Iterable<Value> {
    for (const [field, name] of namesOf(this.#schema)) if (Object.hasOwn(this.#object, name)) yield field
  }
}
