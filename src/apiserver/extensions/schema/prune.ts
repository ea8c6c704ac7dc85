/** Takes out of an object what its schema does not name, and nulls that mean nothing. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { additionalOf, asObject, itemsOf, memberPath, META, propertyOf, withItems, withMembers, type Json } from './structure.ts'

export interface Pruned<T> {
  readonly object: T
  /** Paths of what is gone, `spec.list[0].name`, in order. */
  readonly pruned: readonly string[]
}

/** The object's own apiVersion, kind and metadata stay as they are, and so do those of embedded objects. */
export function prune<T extends Json>(object: T, schema: JsonSchema | undefined): Pruned<T> {
  const gone: string[] = []
  const root: JsonSchema = { ...schema, 'x-kubernetes-embedded-resource': true }
  return { object: pruneValue(object, root, '', gone) as T, pruned: gone.sort() }
}

/** A default without what its schema does not name. */
export function pruneDefault(value: unknown, schema: JsonSchema): unknown {
  return pruneValue(value, schema, '', [])
}

function pruneValue(value: unknown, schema: JsonSchema | undefined, path: string, gone: string[]): unknown {
  if (Array.isArray(value)) {
    // a list under a schema that keeps everything keeps it in its items too
    const items = keeps(schema) ? keepingAll(itemsOf(schema)) : itemsOf(schema)
    if (keeps(schema) && items === undefined) return value
    return withItems(value, (item, index) => pruneValue(item, items, `${path}[${index}]`, gone))
  }
  const object = asObject(value)
  if (object === undefined) return value
  const isEmbedded = schema?.['x-kubernetes-embedded-resource'] === true
  const more = additionalOf(schema)
  let changes: Map<string, unknown> | undefined
  for (const name in object) {
    if (isEmbedded && META.has(name)) continue
    const known = propertyOf(schema, name) ?? more
    const isKnown = known !== undefined || schema?.additionalProperties !== undefined
    if (!isKnown && keeps(schema)) continue
    const at = memberPath(path, name)
    if (!isKnown) gone.push(at)
    const before = object[name]
    const after = isKnown ? pruneValue(before, known, at, gone) : undefined
    if (after !== before) (changes ??= new Map()).set(name, after)
  }
  return withMembers(object, changes)
}

function keeps(schema: JsonSchema | undefined): boolean {
  return schema?.['x-kubernetes-preserve-unknown-fields'] === true
}

function keepingAll(schema: JsonSchema | undefined): JsonSchema | undefined {
  return schema === undefined || keeps(schema) ? schema : { ...schema, 'x-kubernetes-preserve-unknown-fields': true }
}

/** Without the nulls that may not be and that no default takes the place of. Items of lists stay. */
export function dropNulls<T extends Json>(object: T, schema: JsonSchema | undefined): T {
  return dropBelow(object, schema) as T
}

function dropBelow(value: unknown, schema: JsonSchema | undefined): unknown {
  if (Array.isArray(value)) return withItems(value, (item) => dropBelow(item, itemsOf(schema)))
  const object = asObject(value)
  if (object === undefined || schema === undefined) return value
  const more = additionalOf(schema)
  let changes: Map<string, unknown> | undefined
  for (const name in object) {
    const known = propertyOf(schema, name) ?? more
    if (known === undefined) continue
    const before = object[name]
    const isNothing = before === null && known.nullable !== true && known.default === undefined
    const after = isNothing ? undefined : dropBelow(before, known)
    if (after !== before) (changes ??= new Map()).set(name, after)
  }
  return withMembers(object, changes)
}
