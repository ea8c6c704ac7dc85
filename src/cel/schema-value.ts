/** Plain JSON as values of the types its schema gives it, without copying: members are looked at when asked for. */

import { jsonValue, sameJson } from './json-value.ts'
import { escaped } from './escaping.ts'
import type { Schema, SchemaType } from './schema-type.ts'
import { parseDuration, parseTimestamp } from './library/time.ts'
import { ArrayList, CelError, CelMap, Duration, equals, List, type Value } from './value.ts'

type Json = Readonly<Record<string, unknown>>

/** Throws `CelError` where the value is not what its schema says. */
export function schemaValue(json: unknown, of: SchemaType): Value {
  const { schema } = of
  if (json === null || json === undefined) {
    if (schema.nullable === true) return null
    throw new CelError('invalid data, got null for schema with nullable=false')
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof json === 'string') return json
    if (Number.isInteger(json)) return BigInt(json as number)
    throw new CelError('invalid data, expected XIntOrString value to be either a string or integer')
  }
  switch (schema.type) {
    case 'object':
      return objectValue(json, of)
    case 'array':
      return listValue(json, of)
    case 'string':
      if (typeof json !== 'string') throw new CelError(`invalid data, expected string, got ${goType(json)}`)
      return textValue(json, schema)
    case 'number':
      if (typeof json !== 'number') throw new CelError(`invalid data, expected float, got ${goType(json)}`)
      return json
    case 'integer':
      if (!Number.isInteger(json)) throw new CelError(`invalid data, expected int, got ${goType(json)}`)
      return BigInt(json as number)
    case 'boolean':
      if (typeof json !== 'boolean') throw new CelError(`invalid data, expected bool, got ${goType(json)}`)
      return json
    default:
      return jsonValue(json)
  }
}

function goType(json: unknown): string {
  switch (typeof json) {
    case 'number':
      return Number.isInteger(json) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    default:
      return Array.isArray(json) ? '[]interface {}' : 'map[string]interface {}'
  }
}

function objectValue(json: unknown, of: SchemaType): Value {
  if (typeof json !== 'object' || Array.isArray(json))
    throw new CelError('invalid data, expected a map for the provided schema with type=object')
  return of.element ? new TypedMap(json as Json, of.element) : new TypedObject(json as Json, of)
}

/** Members under any names, all of one type. */
class TypedMap extends CelMap {
  readonly #members: Json
  readonly #element: SchemaType

  constructor(members: Json, element: SchemaType) {
    super()
    this.#members = members
    this.#element = element
  }

  get size(): number {
    return Object.keys(this.#members).length
  }

  get(key: Value): Value | undefined {
    return typeof key === 'string' && Object.hasOwn(this.#members, key) ? schemaValue(this.#members[key], this.#element) : undefined
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#members)
  }
}

/** Declared members, by the names they have in CEL. Those that are not declared only count when two are compared. */
class TypedObject extends CelMap {
  readonly #members: Json
  readonly #type: SchemaType

  constructor(members: Json, type: SchemaType) {
    super()
    this.#members = members
    this.#type = type
  }

  get size(): number {
    return Object.keys(this.#members).length
  }

  get(key: Value): Value | undefined {
    const field = typeof key === 'string' ? this.#type.fields?.get(key) : undefined
    if (field === undefined || !Object.hasOwn(this.#members, field.name)) return undefined
    const member = this.#members[field.name]
    return member === undefined ? undefined : schemaValue(member, field.type)
  }

  *keys(): Iterable<Value> {
    for (const [celName, { name }] of this.#type.fields ?? []) if (Object.hasOwn(this.#members, name)) yield celName
  }

  override equals(other: CelMap): boolean {
    if (!(other instanceof TypedObject)) return [...this.keys()].every((key) => sameEntry(this.get(key)!, other.get(key)))
    const theirs = other.#members
    const names = Object.keys(this.#members)
    return names.every((name) => {
      if (!Object.hasOwn(theirs, name)) return false
      const type = memberType(this.#type, name)
      const [mine, their] = [this.#members[name], theirs[name]]
      return type === undefined || mine === null || their === null
        ? sameJson(mine, their)
        : equals(schemaValue(mine, type), schemaValue(their, type))
    })
  }
}

function sameEntry(mine: Value, other: Value | undefined): boolean {
  return other !== undefined && equals(mine, other)
}

function memberType({ fields }: SchemaType, name: string): SchemaType | undefined {
  const celName = escaped(name)
  return celName === undefined ? undefined : fields?.get(celName)?.type
}

function listValue(json: unknown, { schema, element }: SchemaType): Value {
  if (!Array.isArray(json)) throw new CelError('invalid data, expected an array for the provided schema with type=array')
  if (element === undefined) throw new CelError('invalid array type, expected Items with a non-empty Schema')
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return new KeyedList(json, element, (item) => JSON.stringify(item), true)
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? []
      return new KeyedList(json, element, (item) => JSON.stringify(keys.map((key) => (item as Json | null)?.[key] ?? null)), false)
    }
    default:
      return new TypedList(json, element)
  }
}

class TypedList extends List {
  readonly items: readonly unknown[]
  readonly element: SchemaType

  constructor(items: readonly unknown[], element: SchemaType) {
    super()
    this.items = items
    this.element = element
  }

  get size(): number {
    return this.items.length
  }

  at(index: number): Value {
    return schemaValue(this.items[index], this.element)
  }
}

/** A list whose items have keys: their order means nothing, and adding replaces what has the same key (of a set: changes nothing). */
class KeyedList extends TypedList {
  readonly #keyOf: (item: unknown) => string
  readonly #isSet: boolean

  constructor(items: readonly unknown[], element: SchemaType, keyOf: (item: unknown) => string, isSet: boolean) {
    super(items, element)
    this.#keyOf = keyOf
    this.#isSet = isSet
  }

  override equals(other: List): boolean {
    if (!(other instanceof TypedList)) return [...other].every((item) => [...this].some((mine) => equals(mine, item)))
    const mine = new Map(this.items.map((item) => [this.#keyOf(item), item]))
    return other.items.every((item) => {
      const key = this.#keyOf(item)
      return mine.has(key) && equals(schemaValue(mine.get(key), this.element), schemaValue(item, this.element))
    })
  }

  override plus(other: List): List {
    if (!(other instanceof TypedList)) return plusValues(this, other, this.#isSet)
    const items = [...this.items]
    const places = new Map(items.map((item, place) => [this.#keyOf(item), place]))
    for (const item of other.items) {
      const key = this.#keyOf(item)
      const place = places.get(key)
      if (place === undefined) places.set(key, items.push(item) - 1)
      else if (!this.#isSet) items[place] = item
    }
    return new KeyedList(items, this.element, this.#keyOf, this.#isSet)
  }
}

/** A set and values that come from elsewhere; a list with keys takes them as they are. */
function plusValues(list: TypedList, other: List, isSet: boolean): List {
  const values: Value[] = [...list]
  for (const item of other) if (!isSet || !values.some((known) => equals(known, item))) values.push(item)
  return new ArrayList(values)
}

const GO_DURATION_WORDS =
  /^\s*([\d.]+)\s*(nanoseconds?|nanos?|nsec|microseconds?|micros?|usec|milliseconds?|millis?|msec|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|d|weeks?|wks?|w)\s*$/i

function textValue(text: string, schema: Schema): Value {
  switch (schema.format) {
    case 'duration':
      return durationValue(text)
    case 'date':
      return parsed(() => parseTimestamp(`${text}T00:00:00Z`), `Invalid date formatted string ${text}`)
    case 'date-time':
      return parsed(() => parseTimestamp(text), `Invalid date-time formatted string ${text}`)
    case 'byte':
      return Uint8Array.from(Buffer.from(text, 'base64'))
    default:
      return text
  }
}

const WORDS_NANOS: readonly (readonly [start: string, nanos: bigint])[] = [
  ['n', 1n],
  ['mic', 1_000n],
  ['u', 1_000n],
  ['mil', 1_000_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['w', 604_800_000_000_000n],
]

/** Go's durations, or one number with a unit in words: `2 days`. */
function durationValue(text: string): Value {
  const words = GO_DURATION_WORDS.exec(text)
  if (!words || /^[\d.]+(ns|us|ms|s|m|h)$/.test(text)) return parsed(() => parseDuration(text), `Invalid duration ${text}`)
  const [, count, unit] = words as unknown as readonly [string, string, string]
  const nanos = WORDS_NANOS.find(([start]) => unit.toLowerCase().startsWith(start))![1]
  return new Duration(BigInt(Math.round(Number(count) * Number(nanos))))
}

function parsed(parse: () => Value, problem: string): Value {
  try {
    return parse()
  } catch (error) {
    throw new CelError(`${problem}: ${(error as Error).message}`, { cause: error })
  }
}
