/** What server-side apply sees of a declaration: where it goes into a value, and what it takes as a whole. */

import { isDeepStrictEqual } from 'node:util'
import type { Field, Message, TypeNode } from '#schema/message.ts'
import { flatFields } from '#schema/presence.ts'
import { canonicalQuantity } from '#schema/quantity.ts'
import { isObject } from '#schema/resource.ts'

export type Json = Readonly<Record<string, unknown>>

export type Shape =
  /** Taken as a whole: scalars, and whatever is atomic. */
  | { readonly type: 'leaf'; readonly same: (a: unknown, b: unknown) => boolean }
  /** `rest` is what members are that are not declared, where such may be. */
  | { readonly type: 'struct'; readonly members: () => ReadonlyMap<string, Member>; readonly rest?: Shape }
  | { readonly type: 'map'; readonly of: Shape }
  /** A list whose items are told apart by their own keys. */
  | { readonly type: 'keyed'; readonly keys: readonly string[]; readonly of: Shape }
  | { readonly type: 'set' }
  /** Any JSON value: objects are maps, the rest are leaves. */
  | { readonly type: 'free' }

export interface Member {
  readonly shape: Shape
  /** Upstream's struct always has the field, be it null, so that it counts as there when its parent is. */
  readonly alwaysThere: boolean
  readonly default?: unknown
}

const structs = new WeakMap<Message, Shape & { readonly type: 'struct' }>()

/** A message's members by name, whatever it says of itself as a part of others. */
export function structOf(message: Message): Shape & { readonly type: 'struct' } {
  let shape = structs.get(message)
  if (shape === undefined) {
    let members: ReadonlyMap<string, Member> | undefined
    shape = {
      type: 'struct',
      members: () => (members ??= membersOf(message)),
      ...(message.rest && { rest: shapeOf(message.rest, undefined) }),
    }
    structs.set(message, shape)
  }
  return shape
}

function membersOf(message: Message): ReadonlyMap<string, Member> {
  const members = flatFields(message).map((field): [string, Member] => [
    field.name,
    {
      shape: shapeOf(field.node, field.mapType),
      alwaysThere: field.presence !== 'optional',
      ...(field.default !== undefined && { default: field.default }),
    },
  ])
  if (isObject(message)) for (const name of ['apiVersion', 'kind']) members.push([name, { shape: SCALAR, alwaysThere: true }])
  return new Map(members)
}

const SCALAR: Shape = { type: 'leaf', same: Object.is }
const WHOLE: Shape = { type: 'leaf', same: isDeepStrictEqual }
const QUANTITY: Shape = { type: 'leaf', same: (a, b) => a === b || sameQuantity(a, b) }
const SET: Shape = { type: 'set' }
const FREE: Shape = { type: 'free' }

function shapeOf(node: TypeNode, mapType: Field['mapType']): Shape {
  switch (node.type) {
    case 'message':
      return (mapType ?? node.message().mapType) === 'atomic' ? WHOLE : structOf(node.message())
    case 'map':
      return (mapType ?? node.mapType) === 'atomic' ? WHOLE : { type: 'map', of: shapeOf(node.of, undefined) }
    case 'list':
      if (node.listType === 'map') return { type: 'keyed', keys: (node.keys ?? []).toSorted(), of: shapeOf(node.of, undefined) }
      return node.listType === 'set' ? SET : WHOLE
    case 'quantity':
      return QUANTITY
    case 'raw':
    case 'json':
    case 'variant':
    case 'fieldsV1':
      return FREE
    default:
      return SCALAR
  }
}

function sameQuantity(a: unknown, b: unknown): boolean {
  try {
    return canonicalQuantity(String(a)) === canonicalQuantity(String(b))
  } catch {
    return false
  }
}

/** An item of a keyed list that lacks its keys, or is no object. */
export class KeyMissing extends Error {
  override readonly name = 'KeyMissing'
}

/** The path element of a keyed list's item. Throws KeyMissing. */
export function keyedElement(shape: Shape & { readonly type: 'keyed' }, item: unknown): string {
  const object = asObject(item)
  if (object === undefined) throw new KeyMissing('associative list with keys may not have non-map elements')
  const keys: Record<string, unknown> = {}
  let absent: string | undefined
  for (const key of shape.keys) {
    const value = object[key] ?? keyDefaults(shape.of)?.get(key)
    if (value === undefined) absent ??= key
    else keys[key] = value
  }
  if (absent !== undefined && Object.keys(keys).length === 0)
    throw new KeyMissing(
      `associative list with keys has an element that omits key field ${JSON.stringify(absent)} (and doesn't have default value)`,
    )
  return `k:${JSON.stringify(keys)}`
}

const keyDefaultsCache = new WeakMap<Shape, ReadonlyMap<string, unknown>>()

/** Defaults of what keys are made of, such as a port's protocol. */
function keyDefaults(shape: Shape): ReadonlyMap<string, unknown> | undefined {
  if (shape.type !== 'struct') return undefined
  let found = keyDefaultsCache.get(shape)
  if (found === undefined) {
    found = new Map([...shape.members()].flatMap(([name, m]) => (m.default === undefined ? [] : [[name, m.default] as const])))
    keyDefaultsCache.set(shape, found)
  }
  return found
}

export function setElement(item: unknown): string {
  return `v:${JSON.stringify(item)}`
}

export function elementOf(shape: Shape & { readonly type: 'keyed' | 'set' }, item: unknown): string {
  return shape.type === 'set' ? setElement(item) : keyedElement(shape, item)
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** As `elementOf`; undefined for an item without keys, which nobody can own and which validation refuses where it matters. */
export function elementOrNone(shape: Shape & { readonly type: 'keyed' | 'set' }, item: unknown): string | undefined {
  try {
    return elementOf(shape, item)
  } catch (error) {
    if (error instanceof KeyMissing) return undefined
    throw error
  }
}

/** An own member; keys of maps are anybody's words, `constructor` among them. */
export function own(object: Json, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
