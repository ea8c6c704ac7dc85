/** Plain JSON as values, without copying and without a schema: whole numbers are ints, and the way back. */

import { CelError, CelMap, Duration, equals, List, shownKey, Timestamp, typeNameOf, Uint, type Value } from './value.ts'
import { shownDuration, shownTimestamp } from './library/time.ts'

type Json = Readonly<Record<string, unknown>>

export function jsonValue(json: unknown): Value {
  switch (typeof json) {
    case 'number':
      return Number.isInteger(json) && !Object.is(json, -0) ? BigInt(json) : json
    case 'object':
      if (json === null) return null
      return Array.isArray(json) ? new JsonList(json) : new JsonMap(json as Json)
    case 'undefined':
      return null
    default:
      return json as string | boolean
  }
}

class JsonList extends List {
  readonly #items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    super()
    this.#items = items
  }

  get size(): number {
    return this.#items.length
  }

  at(index: number): Value {
    return jsonValue(this.#items[index])
  }
}

export class JsonMap extends CelMap {
  readonly #members: Json
  #size = -1

  constructor(members: Json) {
    super()
    this.#members = members
  }

  get size(): number {
    if (this.#size < 0) this.#size = Object.values(this.#members).filter((member) => member !== undefined).length
    return this.#size
  }

  /** As it is in JSON; undefined when it is not there. */
  member(name: string): unknown {
    return memberOf(this.#members, name)
  }

  has(name: string): boolean {
    return memberOf(this.#members, name) !== undefined
  }

  get(key: Value): Value | undefined {
    const member = typeof key === 'string' ? memberOf(this.#members, key) : undefined
    return member === undefined ? undefined : jsonValue(member)
  }

  *keys(): Iterable<Value> {
    for (const [key, member] of Object.entries(this.#members)) if (member !== undefined) yield key
  }
}

export function isJsonObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

export function memberOf(object: Json, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** A value as JSON has it. Throws `CelError` for what it cannot say. */
export function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return shownTimestamp(value)
  if (value instanceof Duration) return shownDuration(value)
  if (value instanceof List) return [...value].map(toJson)
  if (value instanceof CelMap)
    return Object.fromEntries(
      [...value.keys()].map((key) => {
        if (typeof key !== 'string') throw new CelError(`unsupported conversion of a map with key ${shownKey(key)} to JSON`)
        return [key, toJson(value.get(key)!)]
      }),
    )
  throw new CelError(`unsupported conversion of ${typeNameOf(value)} to JSON`)
}

export function sameJson(a: unknown, b: unknown): boolean {
  return equals(jsonValue(a), jsonValue(b))
}
