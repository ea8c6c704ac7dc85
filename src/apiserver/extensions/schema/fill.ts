/** Fills in the defaults of a schema: where a member is absent, or null where null may not be. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { additionalOf, asObject, itemsOf, withItems, withMembers, type Json } from './structure.ts'

/** Defaults are shared with the schema, not copied. */
export function fillDefaults<T extends Json>(object: T, schema: JsonSchema | undefined): T {
  return fill(object, schema) as T
}

function fill(value: unknown, schema: JsonSchema | undefined): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items === undefined ? value : withItems(value, (item) => fill(orDefault(item, items), items))
  }
  const object = asObject(value)
  if (object === undefined) return value
  let changes: Map<string, unknown> | undefined
  const properties = schema.properties ?? {}
  for (const name in properties) {
    const property = properties[name]!
    const before = Object.hasOwn(object, name) ? object[name] : undefined
    const given = before === undefined ? hasDefault(property) : orDefault(before, property)
    if (given === undefined) continue
    const after = fill(given, property)
    if (after !== before) (changes ??= new Map()).set(name, after)
  }
  const more = additionalOf(schema)
  if (more !== undefined)
    for (const name in object) {
      if (Object.hasOwn(properties, name)) continue
      const before = object[name]
      const after = fill(orDefault(before, more), more)
      if (after !== before) (changes ??= new Map()).set(name, after)
    }
  return withMembers(object, changes)
}

/** A default that is null is none. */
function hasDefault({ default: filled }: JsonSchema): unknown {
  return filled ?? undefined
}

function orDefault(value: unknown, schema: JsonSchema): unknown {
  return value === null && schema.nullable !== true ? (schema.default ?? null) : value
}
