/** Holds lists that are sets, or that have keys, to having everything once. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { duplicate, invalid, type FieldError } from '#schema/field-error.ts'
import { additionalOf, asObject, inOrder, itemsOf, leadsTo, memberPath, propertyOf, type Json } from './structure.ts'

export function listErrors(schema: JsonSchema | undefined, value: unknown, path = ''): FieldError[] {
  if (schema === undefined || !leadsToLists(schema)) return []
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    const below = items === undefined ? [] : value.flatMap((item, index) => listErrors(items, item, `${path}[${index}]`))
    return [...ownErrors(schema, value, path), ...below]
  }
  const object = asObject(value)
  if (object === undefined) return []
  const more = additionalOf(schema)
  return Object.entries(object).flatMap(([name, member]) => {
    const property = propertyOf(schema, name)
    return [
      ...(more === undefined ? [] : listErrors(more, member, `${path}[${name}]`)),
      ...(property === undefined ? [] : listErrors(property, member, memberPath(path, name))),
    ]
  })
}

const leadsToLists = leadsTo(({ 'x-kubernetes-list-type': listType }) => listType === 'set' || listType === 'map')

function ownErrors(schema: JsonSchema, items: readonly unknown[], path: string): FieldError[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return repeated(items).map((index) => duplicate(`${path}[${index}]`, inOrder(items[index])))
    case 'map':
      return mapErrors(schema['x-kubernetes-list-map-keys'] ?? [], items, path)
    default:
      return []
  }
}

function mapErrors(names: readonly string[], items: readonly unknown[], path: string): FieldError[] {
  const odd = items.findIndex((item) => item !== null && asObject(item) === undefined)
  if (odd >= 0) return [invalid(`${path}[${odd}]`, inOrder(items[odd]), 'must be an object for an array of list-type map')]
  const keys = items.map((item) => keysOf(names, asObject(item) ?? {}))
  return repeated(keys).map((index) => duplicate(`${path}[${index}]`, inOrder(keys[index])))
}

function keysOf(names: readonly string[], item: Json): Json {
  return Object.fromEntries(names.toSorted().flatMap((name) => (Object.hasOwn(item, name) ? [[name, item[name]]] : [])))
}

/** Where a value stands for the second time; later times are not told. */
function repeated(values: readonly unknown[]): number[] {
  const seen = new Map<string, number>()
  return [...values.keys()].filter((index) => {
    const text = canonical(values[index])
    const times = (seen.get(text) ?? 0) + 1
    seen.set(text, times)
    return times === 2
  })
}

function canonical(value: unknown): string {
  return JSON.stringify(inOrder(value))
}
