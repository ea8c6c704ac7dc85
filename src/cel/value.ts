/** The values CEL computes with, as they are held in JavaScript. */

import type { Type } from './type.ts'

/**
 * int is a bigint, double a number, uint a `Uint`; bytes are a Uint8Array; lists and maps are interfaces, so that JSON can be
 * looked at where it lies. What libraries add (quantities, addresses, optionals) are objects that say their type.
 */
export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | List
  | CelMap
  | TypeValue
  | Opaque

export type Literal = bigint | number | string | boolean | null | Uint8Array | Uint

export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

/** Nanoseconds since 1970, UTC. */
export class Timestamp {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A type as a value: what `type(x)` answers. */
export class TypeValue {
  readonly celName: string

  constructor(name: string) {
    this.celName = name
  }
}

export abstract class List {
  abstract readonly size: number
  abstract at(index: number): Value
  /** Where items are told apart by more than their place. */
  equals?(other: List): boolean
  plus?(other: List): List
  *[Symbol.iterator](): Iterator<Value> {
    for (let i = 0; i < this.size; i++) yield this.at(i)
  }
}

export abstract class CelMap {
  abstract readonly size: number
  /** Undefined when the key is not there. */
  abstract get(key: Value): Value | undefined
  abstract keys(): Iterable<Value>
  /** Where there is more to compare than the entries show. */
  equals?(other: CelMap): boolean
}

/** A value of a type that is not the language's own. */
export abstract class Opaque {
  abstract readonly type: Type
  abstract equals(other: Value): boolean
}

/** Evaluation failed. An error is a value to `&&`, `||` and the macros built on them; elsewhere it ends the evaluation. */
export class CelError extends Error {
  override readonly name = 'CelError'
}

/** Evaluation went over what it may cost; unlike other errors nothing absorbs it. */
export class CostExceeded extends CelError {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/**
 * A second bound on one evaluation, in characters and values looked at; a few tenths of a second. Upstream's costs, which are kept for
 * compatibility, are nominal for some functions that look at all of a large text or object; upstream interrupts those by the clock.
 */
const WORK_MAX = 100_000_000

let workDone = 0

/** Notes what is about to be looked at. Throws `CostExceeded`. */
export function work(units: number): void {
  workDone += units
  if (workDone > WORK_MAX) throw new CostExceeded()
}

/** One evaluation may be within another, and each is counted for itself: what this answers is for `endWork`. */
export function startWork(): number {
  const outer = workDone
  workDone = 0
  return outer
}

export function endWork(outer: number): void {
  workDone = outer
}

export class ArrayList extends List {
  readonly #items: readonly Value[]
  /** Lists that grew from one another lie in one array, each the first so many items of it. */
  readonly #grown: Value[] | undefined
  readonly size: number

  constructor(items: readonly Value[], grown?: Value[], size = items.length) {
    super()
    this.#items = items
    this.#grown = grown
    this.size = size
  }

  at(index: number): Value {
    return this.#items[index]!
  }

  override *[Symbol.iterator](): Iterator<Value> {
    for (let i = 0; i < this.size; i++) yield this.#items[i]!
  }

  /** Folds add item after item: what was added last is added to in its place. */
  override plus(other: List): List {
    const own = this.#grown?.length === this.size ? this.#grown : [...this]
    for (const item of [...other]) own.push(item)
    return new ArrayList(own, own)
  }
}

interface Entries {
  /** By the name of the key; `at` is how many came before. */
  readonly byName: Map<string, { readonly key: Value; readonly value: Value; readonly at: number }>
}

/** Keys are ints, uints, bools and strings; equal numbers are one key. */
export class EntryMap extends CelMap {
  /** Maps that grew from one another share their entries, each the first so many of them. */
  readonly #entries: Entries
  readonly size: number

  constructor(entries: Iterable<readonly [Value, Value]>, grown?: Entries) {
    super()
    this.#entries = grown ?? { byName: new Map() }
    const { byName } = this.#entries
    for (const [key, value] of entries) {
      const name = keyName(key)
      if (name === undefined) throw new CelError(`unsupported key type: ${typeNameOf(key)}`)
      if (byName.has(name)) throw new CelError(`Failed with repeated key: ${shownKey(key)}`)
      byName.set(name, { key, value, at: byName.size })
    }
    this.size = byName.size
  }

  get(key: Value): Value | undefined {
    const name = keyName(key)
    const entry = name === undefined ? undefined : this.#entries.byName.get(name)
    return entry === undefined || entry.at >= this.size ? undefined : entry.value
  }

  *keys(): Iterable<Value> {
    for (const { key, at } of this.#entries.byName.values()) if (at < this.size) yield key
  }

  /** With entries more, none of which may be there; folds add one after the other. */
  with(added: readonly (readonly [Value, Value])[]): EntryMap {
    if (this.size === this.#entries.byName.size) return new EntryMap(added, this.#entries)
    return new EntryMap([...[...this.keys()].map((key) => [key, this.get(key)!] as const), ...added])
  }
}

export function shownKey(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}

/** One name for all keys that are equal; undefined for what cannot be a key. */
function keyName(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'boolean') return `b${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`
  return undefined
}

/** The name `type(value)` shows. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
  }
  if (value === null) return 'null_type'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof List) return 'list'
  if (value instanceof CelMap) return 'map'
  if (value instanceof TypeValue) return 'type'
  return value.type.kind === 'opaque' ? value.type.name : value.type.kind
}

/** Equality of any two values: those of different types are unequal, numbers are compared as numbers. */
export function equals(a: Value, b: Value): boolean {
  if (typeof a === 'string' || typeof a === 'boolean') return a === b
  const numbers = compareNumbers(a, b)
  if (numbers !== undefined) return numbers === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (a instanceof Uint8Array) return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.celName === b.celName
  if (a instanceof List) {
    if (!(b instanceof List) || a.size !== b.size) return false
    work(a.size)
    if (a.equals) return a.equals(b)
    for (let i = 0; i < a.size; i++) if (!equals(a.at(i), b.at(i))) return false
    return true
  }
  if (a instanceof CelMap) {
    if (!(b instanceof CelMap) || a.size !== b.size) return false
    work(a.size)
    if (a.equals) return a.equals(b)
    for (const key of a.keys()) {
      const other = b.get(key)
      if (other === undefined || !equals(a.get(key)!, other)) return false
    }
    return true
  }
  return a instanceof Opaque && a.equals(b)
}

/** Negative, 0 or positive for two numbers of any type, NaN when one is NaN; undefined when one is no number. */
export function compareNumbers(a: Value, b: Value): number | undefined {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  const left = a instanceof Uint ? a.value : a
  const right = b instanceof Uint ? b.value : b
  if ((typeof left !== 'bigint' && typeof left !== 'number') || (typeof right !== 'bigint' && typeof right !== 'number')) return undefined
  // an int beside a double is compared as the double nearest to it
  const [x, y] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)]
  if (x < y) return -1
  if (x > y) return 1
  return x === y ? 0 : Number.NaN
}
