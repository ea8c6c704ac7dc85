/**
 * A set of fields of an object, kept in the very form that `managedFields` shows (FieldsV1): a tree of path elements, `f:NAME`,
 * `k:{KEYS}`, `v:VALUE`, in which an empty node is a member and `.` says that an inner node is one too.
 */

export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** A set still being built. */
export type FieldSetDraft = Record<string, FieldSet>

/** A member without members below it. It is also the empty set. */
export const LEAF: FieldSet = Object.freeze({})

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** Whether the node is itself in the set, not only on the way to members. */
export function isMember(node: FieldSet): boolean {
  return isEmpty(node) || Object.hasOwn(node, '.')
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a
  if (isEmpty(a)) return b
  const out: FieldSetDraft = { ...a }
  for (const element in b) {
    const mine = a[element]
    const theirs = b[element]!
    out[element] = mine === undefined ? theirs : unionOfNodes(mine, theirs)
  }
  return out
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  const merged = union(a, b)
  return isEmpty(merged) || isMember(merged) || !(isMember(a) || isMember(b)) ? merged : { '.': LEAF, ...merged }
}

/** What is in `a` and not in `b`, member by member: what lies below a member of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSetDraft = {}
  for (const element in a) {
    if (element === '.') continue
    const mine = a[element]!
    const theirs = b[element]
    if (theirs === undefined) {
      out[element] = mine
      continue
    }
    const below = difference(mine, theirs)
    put(out, element, isMember(mine) && !isMember(theirs), below)
  }
  return out
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSetDraft = {}
  for (const element in a) {
    if (element === '.') continue
    const mine = a[element]!
    const theirs = b[element]
    if (theirs === undefined) continue
    put(out, element, isMember(mine) && isMember(theirs), intersection(mine, theirs))
  }
  return out
}

function put(out: FieldSetDraft, element: string, member: boolean, below: FieldSet): void {
  if (!isEmpty(below)) out[element] = member ? { '.': LEAF, ...below } : below
  else if (member) out[element] = LEAF
}

/** Whether both have the same members, however their elements are ordered. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  let elements = 0
  for (const element in a) {
    const theirs = b[element]
    if (theirs === undefined || !sameSet(a[element]!, theirs)) return false
    elements++
  }
  for (const _ in b) elements--
  return elements === 0
}

/** The set with its elements in the order upstream writes them. */
export function ordered(set: FieldSet): FieldSet {
  const elements = Object.keys(set)
  if (elements.length === 0) return LEAF
  if (elements.length > 1) elements.sort(compareElements)
  const out: FieldSetDraft = {}
  for (const element of elements) out[element] = ordered(set[element]!)
  return out
}

function compareElements(a: string, b: string): number {
  if (a[0] !== 'k' || b[0] !== 'k') return a < b ? -1 : 1
  const [mine, theirs] = [keysOf(a), keysOf(b)]
  for (const [i, [name, value]] of mine.entries()) {
    const other = theirs[i]
    if (other === undefined) return 1
    if (name !== other[0]) return name < other[0] ? -1 : 1
    if (value === other[1]) continue
    if (typeof value === typeof other[1]) return (value as string) < (other[1] as string) ? -1 : 1
    return typeof value === 'number' ? -1 : 1
  }
  return a < b ? -1 : 1
}

function keysOf(element: string): [string, unknown][] {
  return Object.entries(JSON.parse(element.slice(2)) as object)
}

/** Every member's path as upstream prints it: `.spec.containers[name="app"].image`. */
export function paths(set: FieldSet, above = ''): string[] {
  return Object.keys(set)
    .filter((element) => element !== '.')
    .sort(compareElements)
    .flatMap((element) => {
      const node = set[element]!
      const path = above + printElement(element)
      return isMember(node) ? [path, ...paths(node, path)] : paths(node, path)
    })
}

export function printElement(element: string): string {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'k':
      return `[${keysOf(element)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`
    case 'v':
      return `[=${rest}]`
    case 'i':
      return `[${rest}]`
    default:
      return `.${rest}`
  }
}

/** A set from outside: undefined where it is not one. */
export function readFieldSet(value: unknown): FieldSet | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  for (const [element, below] of Object.entries(value))
    if (!(element === '.' ? isNothing(below) : isElement(element) && readFieldSet(below) !== undefined)) return undefined
  return value as FieldSet
}

function isNothing(value: unknown): boolean {
  return typeof value === 'object' && value !== null && isEmpty(value as FieldSet)
}

function isElement(element: string): boolean {
  if (element[1] !== ':') return false
  if (element[0] === 'f') return true
  try {
    const value: unknown = JSON.parse(element.slice(2))
    if (element[0] === 'k') return typeof value === 'object' && value !== null && !Array.isArray(value)
    return element[0] === 'v' || (element[0] === 'i' && Number.isInteger(value))
  } catch {
    return false
  }
}
