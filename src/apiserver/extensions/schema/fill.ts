/** Fills in the defaults of a schema: where a member is absent, or null where null may not be. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { additionalOf, asObject, itemsOf, leadsTo, propertyOf, withItems, withMembers, type Json } from './structure.ts'

/** Defaults are shared with the schema, not copied. */
export function fillDefaults<T extends Json>(object: T, schema: JsonSchema | undefined): T {
  return fill(object, schema) as T
}

const leadsToDefaults = leadsTo((schema) => hasDefault(schema))

function fill(value: unknown, schema: JsonSchema | undefined): unknown {
  if (schema === undefined || !leadsToDefaults(schema)) return value
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items === undefined ? value : withItems(value, (item) => fill(orDefault(item, items), items))
  }
  const object = asObject(value)
  if (object === undefined) return value
  let changes: Map<string, unknown> | undefined
  const more = additionalOf(schema)
  for (const name in object) {
    const known = propertyOf(schema, name) ?? more
    if (known === undefined) continue
    const before = object[name]
    const after = fill(orDefault(before, known), known)
    if (after !== before) (changes ??= new Map()).set(name, after)
  }
  for (const [name, property] of filledOf(schema))
    if (!Object.hasOwn(object, name)) (changes ??= new Map()).set(name, fill(property.default, property))
  return withMembers(object, changes)
}

const filled = new WeakMap<JsonSchema, readonly (readonly [name: string, property: JsonSchema])[]>()

/** The members that have a default, of perhaps many. */
function filledOf(schema: JsonSchema): readonly (readonly [name: string, property: JsonSchema])[] {
  let known = filled.get(schema)
  if (known === undefined)
    filled.set(schema, (known = Object.entries(schema.properties ?? {}).filter(([, property]) => hasDefault(property))))
  return known
}

/** A default that is null is none. */
function hasDefault({ default: value }: JsonSchema): boolean {
  return value !== undefined && value !== null
}

function orDefault(value: unknown, schema: JsonSchema): unknown {
  return value === null && schema.nullable !== true ? (schema.default ?? null) : value
}
