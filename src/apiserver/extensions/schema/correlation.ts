/** Which part of an object as it was belongs to a part of it as it is to be, and whether the two are equal. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { sameJson } from '#schema/json-patch.ts'
import { additionalOf, asObject, itemsOf, propertyOf, type Json } from './structure.ts'

/** A value with its old one. What no schema names, and items of lists without keys, have none. */
export class Correlation {
  readonly schema: JsonSchema
  readonly value: unknown
  readonly old: unknown
  #children: Map<string | number, Correlation | undefined> | undefined
  #same: boolean | undefined
  #oldItems: OldItems | undefined

  constructor(schema: JsonSchema, value: unknown, old: unknown) {
    this.schema = schema
    this.value = value
    this.old = old
  }

  member(name: string): Correlation | undefined {
    return this.#child(name, () => {
      const [value, old] = [asObject(this.value), asObject(this.old)]
      const schema = propertyOf(this.schema, name) ?? additionalOf(this.schema)
      if (value === undefined || old === undefined || schema === undefined) return undefined
      if (!Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined
      return new Correlation(schema, value[name], old[name])
    })
  }

  item(index: number): Correlation | undefined {
    return this.#child(index, () => {
      const schema = itemsOf(this.schema)
      if (schema === undefined || !Array.isArray(this.value) || !Array.isArray(this.old) || !isMapList(this.schema)) return undefined
      const item: unknown = this.value[index]
      this.#oldItems ??= new OldItems(this.schema, this.old)
      const old = this.#oldItems.of(item)
      return old === undefined ? undefined : new Correlation(schema, item, old)
    })
  }

  #child(key: string | number, make: () => Correlation | undefined): Correlation | undefined {
    this.#children ??= new Map()
    if (!this.#children.has(key)) this.#children.set(key, make())
    return this.#children.get(key)
  }

  /** Equal, where the order of items that have keys does not count and what no schema names is never equal. */
  get isSame(): boolean {
    return (this.#same ??= this.#compare())
  }

  #compare(): boolean {
    const { value, old } = this
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false
      if (!isMapList(this.schema) || itemsOf(this.schema) === undefined) return sameJson(value, old)
      return value.every((_, index) => this.item(index)?.isSame ?? false)
    }
    const [members, oldMembers] = [asObject(value), asObject(old)]
    if (members === undefined || oldMembers === undefined) return value === old
    const names = Object.keys(members)
    return names.length === Object.keys(oldMembers).length && names.every((name) => this.member(name)?.isSame ?? false)
  }
}

function isMapList(schema: JsonSchema): boolean {
  return schema['x-kubernetes-list-type'] === 'map'
}

/** The items of a list as it was, by their keys; of lists that have none, nothing is found. */
export class OldItems {
  readonly #keys: readonly string[]
  readonly #items = new Map<string, unknown>()

  constructor(schema: JsonSchema, items: readonly unknown[]) {
    this.#keys = isMapList(schema) ? (schema['x-kubernetes-list-map-keys'] ?? []) : []
    if (this.#keys.length === 0) return
    for (const item of items) {
      const key = this.#keyOf(item)
      if (key !== undefined && !this.#items.has(key)) this.#items.set(key, item)
    }
  }

  of(item: unknown): unknown {
    const key = this.#keyOf(item)
    return key === undefined ? undefined : this.#items.get(key)
  }

  /** Undefined for what lacks a key, or has one that is no scalar. */
  #keyOf(item: unknown): string | undefined {
    const object: Json | undefined = asObject(item)
    if (object === undefined || this.#keys.length === 0) return undefined
    const values: unknown[] = []
    for (const key of this.#keys) {
      const value = Object.hasOwn(object, key) ? object[key] : undefined
      if (value === undefined || value === null || typeof value === 'object') return undefined
      values.push(value)
    }
    return JSON.stringify(values)
  }
}
