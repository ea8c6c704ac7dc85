/** Where a schema goes into a value: the schema of a member, of an item, and what every object has anyhow. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

export type Json = Readonly<Record<string, unknown>>

/** What every object has, whatever its schema says of it. */
export const META: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

/** Members are anybody's words, `constructor` among them. */
export function propertyOf(schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const properties = schema?.properties
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
}

/** Undefined where there is no such word, or where it is a boolean and says nothing of the values. */
export function additionalOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  const more = schema?.additionalProperties
  return typeof more === 'object' ? more : undefined
}

export function itemsOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  const items = schema?.items
  return Array.isArray(items) ? undefined : (items as JsonSchema | undefined)
}

/** The path of a named member, as field errors write it. */
export function memberPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** `object` with some members changed (undefined: gone), the same reference where nothing is. */
export function withMembers(object: Json, changes: ReadonlyMap<string, unknown> | undefined): Json {
  if (changes === undefined || changes.size === 0) return object
  const out: Record<string, unknown> = { ...object }
  for (const [name, value] of changes) {
    if (value === undefined) delete out[name]
    // a member's name may be anything, `__proto__` too
    else Object.defineProperty(out, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return out
}

/** `map` that answers the same list where no item changed. */
export function withItems(list: readonly unknown[], change: (item: unknown, index: number) => unknown): readonly unknown[] {
  let out: unknown[] | undefined
  for (const [index, item] of list.entries()) {
    const next = change(item, index)
    if (next === item) continue
    out ??= [...list]
    out[index] = next
  }
  return out ?? list
}

/** Whether a schema, or one that its values lead to, is such a one; remembered as long as the schema lives. */
export function leadsTo(isSuch: (schema: JsonSchema) => boolean): (schema: JsonSchema | undefined) => boolean {
  const known = new WeakMap<JsonSchema, boolean>()
  const leads = (schema: JsonSchema | undefined): boolean => {
    if (schema === undefined) return false
    let found = known.get(schema)
    if (found === undefined) {
      found = isSuch(schema) || leads(itemsOf(schema)) || leads(additionalOf(schema)) || Object.values(schema.properties ?? {}).some(leads)
      known.set(schema, found)
    }
    return found
  }
  return leads
}

/** To objects inside objects. */
export const leadsToObjects = leadsTo((schema) => schema['x-kubernetes-embedded-resource'] === true)

/** A value as refusals show it: members in the order of their names. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  const object = asObject(value)
  if (object === undefined) return value
  const names = Object.keys(object).toSorted((a, b) => (a < b ? -1 : 1))
  return Object.fromEntries(names.map((name) => [name, inOrder(object[name])]))
}
