/** An applied configuration onto an object, and fields taken out of one: both by the declaration, sharing what stays. */

import { isEmpty, isMember, type FieldSet } from './field-set.ts'
import { asArray, asObject, elementOrNone, own, structOf, type Json, type Shape } from './shape.ts'
import type { Message } from '#schema/message.ts'

/** `live` with what `config` says: members are merged, lists by their keys, and what is atomic is replaced. */
export function merge(message: Message, live: Json, config: Json): Json {
  return mergeMembers(structOf(message), live, config)
}

type Container = Shape & { readonly type: 'struct' | 'map' | 'free' }
type Items = Shape & { readonly type: 'keyed' | 'set' }

function mergeMembers(shape: Container, live: Json, config: Json): Json {
  const out: Record<string, unknown> = { ...live }
  let changed = false
  for (const name in config) {
    const merged = mergeValue(memberOf(shape, name), own(live, name), config[name])
    if (merged === own(live, name)) continue
    define(out, name, merged)
    changed = true
  }
  return changed ? out : live
}

function mergeValue(shape: Shape | undefined, live: unknown, config: unknown): unknown {
  if (shape === undefined || live === undefined || live === null || config === null) return config
  switch (shape.type) {
    case 'leaf':
      return shape.same(live, config) ? live : config
    case 'keyed':
    case 'set':
      return Array.isArray(live) && Array.isArray(config) ? mergeItems(shape, live, config) : config
    default: {
      const [mine, theirs] = [asObject(live), asObject(config)]
      return mine && theirs ? mergeMembers(shape, mine, theirs) : config
    }
  }
}

/** The configuration's items keep their order among themselves; the object's own stay before what they stood before. */
function mergeItems(shape: Items, live: readonly unknown[], config: readonly unknown[]): readonly unknown[] {
  const mine = live.map((item) => elementOrNone(shape, item))
  const theirs = config.map((item) => elementOrNone(shape, item))
  const liveItems = new Map(mine.map((element, i) => [element, live[i]]))
  const wanted = new Set(theirs)
  const shared = theirs.filter((element) => liveItems.has(element))
  const out: unknown[] = []
  const taken = new Set<string | undefined>()
  const take = (i: number) => {
    const element = theirs[i]
    taken.add(element)
    out.push(shape.type === 'set' ? config[i] : mergeValue(shape.of, liveItems.get(element), config[i]))
    if (shared[0] === element) shared.shift()
  }
  let l = 0
  let c = 0
  while (l < mine.length || c < theirs.length) {
    if (l < mine.length && c < theirs.length) {
      if (mine[l] === theirs[c]) {
        take(c)
        l++
        c++
        continue
      }
      // One of the configuration's, but another of them comes first there.
      if (wanted.has(mine[l]) && shared.length > 0 && shared[0] !== mine[l]) {
        l++
        continue
      }
    }
    if (l < mine.length) {
      if (!wanted.has(mine[l])) {
        out.push(live[l++])
        continue
      }
      if (taken.has(mine[l])) l++
    }
    if (c < theirs.length) take(c++)
  }
  return out.length === live.length && out.every((item, i) => item === live[i]) ? live : out
}

/** `value` without the members of `fields`; what becomes empty by that goes too. */
export function remove(message: Message, value: Json, fields: FieldSet): Json {
  return (removeFrom(structOf(message), value, fields) as Json | undefined) ?? {}
}

function removeFrom(shape: Shape | undefined, value: unknown, fields: FieldSet): unknown {
  switch (shape?.type) {
    case 'struct':
    case 'map':
    case 'free': {
      const object = asObject(value)
      if (object === undefined) return value
      let out: Record<string, unknown> | undefined
      for (const name in object) {
        const node = fields[`f:${name}`]
        if (node === undefined) continue
        const left = isMember(node) ? undefined : removeFrom(memberOf(shape, name), object[name], node)
        if (left === object[name]) continue
        out ??= { ...object }
        if (left === undefined) delete out[name]
        else define(out, name, left)
      }
      if (out === undefined) return value
      return isEmpty(out as FieldSet) ? undefined : out
    }
    case 'keyed':
    case 'set': {
      const items = asArray(value)
      const out = items.flatMap((item) => {
        const element = elementOrNone(shape, item)
        const node = element === undefined ? undefined : fields[element]
        if (node === undefined) return [item]
        if (isMember(node) || shape.type === 'set') return []
        const left = removeFrom(shape.of, item, node)
        return left === undefined ? [] : [left]
      })
      if (out.length === items.length && out.every((item, i) => item === items[i])) return value
      return out.length === 0 ? undefined : out
    }
    default:
      return value
  }
}

/**
 * The set with the named fields on the way to its members made members too: a struct that is gone with its last owned field
 * goes as a whole, what the server filled in included.
 */
export function withNamedFields(message: Message, fields: FieldSet): FieldSet {
  return named(structOf(message), fields)
}

const DOT: FieldSet = Object.freeze({})

function named(shape: Shape | undefined, fields: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {}
  for (const element in fields) {
    const node = fields[element]!
    if (element === '.' || isEmpty(node)) {
      out[element] = node
      continue
    }
    const field = element.startsWith('f:')
    const below = named(field ? memberOf(shape, element.slice(2)) : shape?.type === 'keyed' ? shape.of : undefined, node)
    const isNamed = field && shape?.type === 'struct' && shape.members().has(element.slice(2))
    out[element] = isNamed && !Object.hasOwn(below, '.') ? { '.': DOT, ...below } : below
  }
  return out
}

function memberOf(shape: Shape | undefined, name: string): Shape | undefined {
  switch (shape?.type) {
    case 'struct':
      return shape.members().get(name)?.shape ?? shape.rest
    case 'map':
      return shape.of
    case 'free':
      return shape
    default:
      return undefined
  }
}

/** Assigns a member whatever its name; `__proto__` is one like any other. */
function define(out: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(out, name, { value, writable: true, enumerable: true, configurable: true })
}
