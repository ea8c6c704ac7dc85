/** Objects inside objects: their apiVersion and kind are strings, their metadata is metadata. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { decode, DecodeError } from '#schema/decode.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import {
  additionalOf,
  asObject,
  inOrder,
  itemsOf,
  leadsToObjects,
  memberPath,
  propertyOf,
  withItems,
  withMembers,
  type Json,
} from './structure.ts'

export interface Coerced<T> {
  readonly object: T
  /** Paths of members of metadata that metadata does not have. */
  readonly pruned: readonly string[]
  /** The first member of a wrong type; `object` is then as it was. */
  readonly error?: FieldError
}

/**
 * The object with the metadata of embedded objects in its canonical form. What has a wrong type is told of, or with
 * `dropInvalid` (for what is stored already) taken out. The object's own metadata is not looked at.
 */
export function coerceEmbedded<T>(
  object: T,
  schema: JsonSchema | undefined,
  { dropInvalid = false, path = '' }: { readonly dropInvalid?: boolean; readonly path?: string } = {},
): Coerced<T> {
  const pruned: string[] = []
  try {
    return { object: coerce(object, schema, path, { dropInvalid, pruned }) as T, pruned }
  } catch (error) {
    if (error instanceof Mistyped) return { object, pruned: [], error: error.of }
    throw error
  }
}

class Mistyped extends Error {
  readonly of: FieldError

  constructor(of: FieldError) {
    super(of.message)
    this.of = of
  }
}

interface Way {
  readonly dropInvalid: boolean
  readonly pruned: string[]
}

function coerce(value: unknown, schema: JsonSchema | undefined, path: string, way: Way): unknown {
  if (schema === undefined || !leadsToObjects(schema)) return value
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items === undefined ? value : withItems(value, (item, index) => coerce(item, items, `${path}[${index}]`, way))
  }
  const object = asObject(value)
  if (object === undefined) return value
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const more = additionalOf(schema)
  let changes: Map<string, unknown> | undefined
  for (const name in object) {
    const before = object[name]
    const at = memberPath(path, name)
    let after = before
    if (isEmbedded && (name === 'apiVersion' || name === 'kind')) {
      if (typeof before !== 'string' && !way.dropInvalid) throw new Mistyped(invalid(at, inOrder(before), 'must be a string'))
      if (typeof before !== 'string') after = undefined
    } else if (isEmbedded && name === 'metadata') after = metadata(before, at, way)
    const property = propertyOf(schema, name)
    if (after !== undefined && property !== undefined) after = coerce(after, property, at, way)
    else if (after !== undefined && more !== undefined) after = coerce(after, more, `${path}[${name}]`, way)
    if (after !== before) (changes ??= new Map()).set(name, after)
  }
  return withMembers(object, changes)
}

function metadata(value: unknown, path: string, { dropInvalid, pruned }: Way): unknown {
  try {
    return read(value, path, pruned)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (!dropInvalid) throw new Mistyped(invalid(path, inOrder(value), error.message))
    const object = asObject(value)
    if (object === undefined) return value
    const readable = Object.entries(object).filter(([name, member]) => isReadable({ [name]: member }))
    return read(Object.fromEntries(readable), path, pruned)
  }
}

function read(value: unknown, path: string, pruned: string[]): unknown {
  const decoded = decode(ObjectMeta.schema, value, path)
  pruned.push(...decoded.unknown.map((text) => text.replace(/^unknown field "(.*)"$/s, '$1')))
  return sameJson(decoded.value, value) ? value : decoded.value
}

function isReadable(value: Json): boolean {
  try {
    decode(ObjectMeta.schema, value)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
