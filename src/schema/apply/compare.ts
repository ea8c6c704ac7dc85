/** What differs between two states of an object, as sets of fields. */

import { isEmpty, LEAF, type FieldSet, type FieldSetDraft } from './field-set.ts'
import { asArray, asObject, elementOrNone, own, structOf, type Json, type Shape } from './shape.ts'
import type { Message } from '#schema/message.ts'

export interface Difference {
  /** New or with another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

/** Of `old` and `next`, values of `message`; `{}` as `old` gives all that a new object says. `skips` names members not looked at. */
export function compare(message: Message, old: Json, next: Json, skips?: (path: string) => boolean): Difference {
  const changed: FieldSetDraft = {}
  const removed: FieldSetDraft = {}
  compareMembers(structOf(message), old, next, true, changed, removed, skips, '')
  return { changed, removed }
}

type Skips = ((path: string) => boolean) | undefined

/** `there`: the parent is in both states, so that what every struct has is too. */
function compareMembers(
  shape: Shape & { readonly type: 'struct' | 'map' | 'free' },
  old: Json,
  next: Json,
  there: boolean,
  changed: FieldSetDraft,
  removed: FieldSetDraft,
  skips: Skips,
  path: string,
): void {
  const members = shape.type === 'struct' ? shape.members() : undefined
  const rest = shape.type === 'struct' ? shape.rest : shape.type === 'map' ? shape.of : shape
  for (const name in next) visit(name)
  for (const name in old) if (own(next, name) === undefined) visit(name)

  function visit(name: string): void {
    const before = own(old, name)
    const after = own(next, name)
    if (before === after) return
    const member = members?.get(name)
    const inner = member?.shape ?? rest
    if (inner === undefined) return
    const below = skips === undefined ? '' : `${path}.${name}`
    if (skips?.(below)) return
    const always = there && member !== undefined && member.alwaysThere
    compareAt(
      `f:${name}`,
      inner,
      before ?? (always ? null : undefined),
      after ?? (always ? null : undefined),
      changed,
      removed,
      skipsBelow(skips, below),
      below,
    )
  }
}

/** Skipped members lie at most one level down, in metadata and status. */
function skipsBelow(skips: Skips, path: string): Skips {
  return path === '.metadata' || path === '.status' ? skips : undefined
}

const NOTHING: Json = Object.freeze({})

function compareAt(
  element: string,
  shape: Shape,
  old: unknown,
  next: unknown,
  changed: FieldSetDraft,
  removed: FieldSetDraft,
  skips: Skips,
  path: string,
): void {
  switch (shape.type) {
    case 'leaf':
      return compareLeaf(element, shape.same, old, next, changed, removed)
    case 'free':
      if (asObject(old) === undefined && asObject(next) === undefined) return compareLeaf(element, same, old, next, changed, removed)
      break
    case 'keyed':
    case 'set': {
      const [before, after] = [asArray(old), asArray(next)]
      if (before.length === 0 && after.length === 0) return compareLeaf(element, same, old, next, changed, removed)
      const [more, less]: FieldSetDraft[] = [{}, {}]
      compareItems(shape, before, after, more!, less!)
      return putBoth(element, old, next, more!, less!, changed, removed)
    }
    default:
  }
  const [before, after] = [asObject(old) ?? NOTHING, asObject(next) ?? NOTHING]
  if (isEmptyValue(before) && isEmptyValue(after)) return compareLeaf(element, same, old, next, changed, removed)
  const [more, less]: FieldSetDraft[] = [{}, {}]
  const there = old !== undefined && next !== undefined
  compareMembers(shape as Shape & { readonly type: 'struct' }, before, after, there, more!, less!, skips, path)
  putBoth(element, old, next, more!, less!, changed, removed)
}

function compareItems(
  shape: Shape & { readonly type: 'keyed' | 'set' },
  old: readonly unknown[],
  next: readonly unknown[],
  changed: FieldSetDraft,
  removed: FieldSetDraft,
): void {
  const before = byElement(shape, old)
  const after = byElement(shape, next)
  for (const [element, items] of after) compareGroups(element, before.get(element) ?? [], items)
  for (const [element, items] of before) if (!after.has(element)) compareGroups(element, items, [])

  /** Items that share their keys are one element; any difference among them changes it as a whole. */
  function compareGroups(element: string, mine: readonly unknown[], theirs: readonly unknown[]): void {
    if (mine.length <= 1 && theirs.length <= 1) {
      if (mine[0] === theirs[0]) return
      compareAt(element, shape.type === 'keyed' ? shape.of : ITEM, mine[0], theirs[0], changed, removed, undefined, '')
    } else if (theirs.length === 0) removed[element] = LEAF
    else if (JSON.stringify(mine) !== JSON.stringify(theirs)) changed[element] = LEAF
  }
}

const ITEM: Shape = { type: 'leaf', same: (a, b) => JSON.stringify(a) === JSON.stringify(b) }

function byElement(shape: Shape & { readonly type: 'keyed' | 'set' }, items: readonly unknown[]): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>()
  for (const item of items) {
    const element = elementOrNone(shape, item)
    if (element === undefined) continue
    const group = groups.get(element)
    if (group === undefined) groups.set(element, [item])
    else group.push(item)
  }
  return groups
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

function compareLeaf(
  element: string,
  equal: (a: unknown, b: unknown) => boolean,
  old: unknown,
  next: unknown,
  changed: FieldSetDraft,
  removed: FieldSetDraft,
): void {
  if (old === undefined) {
    if (next !== undefined) changed[element] = LEAF
  } else if (next === undefined) removed[element] = LEAF
  else if (!equal(old, next)) changed[element] = LEAF
}

function putBoth(
  element: string,
  old: unknown,
  next: unknown,
  more: FieldSet,
  less: FieldSet,
  changed: FieldSetDraft,
  removed: FieldSetDraft,
): void {
  put(changed, element, old === undefined, more)
  put(removed, element, next === undefined, less)
}

function put(out: FieldSetDraft, element: string, member: boolean, inner: FieldSet): void {
  if (isEmpty(inner)) {
    if (member) out[element] = LEAF
  } else out[element] = member ? { '.': LEAF, ...inner } : inner
}

function isEmptyValue(value: Json): boolean {
  for (const _ in value) return false
  return true
}
