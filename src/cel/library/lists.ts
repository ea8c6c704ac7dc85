/** Functions of lists: Kubernetes' own (sums, extremes, places) and those of the language's extension (parts, order). */

import { compareText, int, uint } from './standard.ts'
import { sizeOf, treeCost } from './cost.ts'
import { declare, type FunctionDeclaration, type Overload } from '../declaration.ts'
import * as t from '../type.ts'
import type { Type } from '../type.ts'
import { ArrayList, CelError, compareNumbers, Duration, equals, List, Timestamp, typeNameOf, Uint, type Value } from '../value.ts'

const A = t.parameter('T')

const NUMERIC: readonly (readonly [name: string, type: Type, zero: Value])[] = [
  ['int', t.INT, 0n],
  ['uint', t.UINT, new Uint(0n)],
  ['double', t.DOUBLE, 0],
]
const SUMMABLE: typeof NUMERIC = [...NUMERIC, ['duration', t.DURATION, new Duration(0n)]]
const ORDERED: readonly (readonly [name: string, type: Type])[] = [
  ...NUMERIC.map(([name, type]) => [name, type] as const),
  ['bool', t.BOOL],
  ['duration', t.DURATION],
  ['timestamp', t.TIMESTAMP],
  ['string', t.STRING],
  ['bytes', t.BYTES],
]

const wholeCost = ([list]: readonly Value[]): number => treeCost(list!)

function ofList(id: string, element: Type, result: Type, call: (list: List) => Value): Overload {
  return {
    id,
    args: [t.listOf(element)],
    result,
    member: true,
    accepts: ([list]) => list instanceof List,
    call: ([list]) => call(list as List),
    cost: wholeCost,
  }
}

/** Below, at or above zero. Throws for values that have no order between them. */
function compare(a: Value, b: Value): number {
  const numbers = compareNumbers(a, b)
  if (numbers !== undefined) return numbers
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  const isTime = (a instanceof Duration && b instanceof Duration) || (a instanceof Timestamp && b instanceof Timestamp)
  if (isTime) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  throw new CelError('no such overload')
}

function isSorted(list: List): boolean {
  for (let i = 1; i < list.size; i++) if (compare(list.at(i - 1), list.at(i)) > 0) return false
  return true
}

function sum(list: List, zero: Value): Value {
  let total = zero
  for (const item of list) total = added(total, item)
  return total
}

function added(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b)
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (a instanceof Uint && b instanceof Uint) return uint(a.value + b.value)
  if (a instanceof Duration && b instanceof Duration) return new Duration(int(a.nanos + b.nanos))
  throw new CelError(`no such overload: ${typeNameOf(a)} + ${typeNameOf(b)}`)
}

function extreme(name: string, wanted: 1 | -1): (list: List) => Value {
  return (list) => {
    if (list.size === 0) throw new CelError(`${name} called on empty list`)
    let found = list.at(0)
    for (let i = 1; i < list.size; i++) if (Math.sign(compare(list.at(i), found)) === wanted) found = list.at(i)
    return found
  }
}

function place(list: List, item: Value, backwards: boolean): bigint {
  for (let i = 0; i < list.size; i++) {
    const at = backwards ? list.size - 1 - i : i
    if (equals(list.at(at), item)) return BigInt(at)
  }
  return -1n
}

const kubernetesLists: readonly FunctionDeclaration[] = [
  declare('isSorted', ...ORDERED.map(([name, type]) => ofList(`list_${name}_is_sorted_bool`, type, t.BOOL, isSorted))),
  declare('sum', ...SUMMABLE.map(([name, type, zero]) => ofList(`list_${name}_sum_${name}`, type, type, (list) => sum(list, zero)))),
  declare('max', ...ORDERED.map(([name, type]) => ofList(`list_${name}_max_${name}`, type, type, extreme('max', 1)))),
  declare('min', ...ORDERED.map(([name, type]) => ofList(`list_${name}_min_${name}`, type, type, extreme('min', -1)))),
  ...(['indexOf', 'lastIndexOf'] as const).map((name) =>
    declare(name, {
      id: name === 'indexOf' ? 'list_a_index_of_int' : 'list_a_last_index_of_int',
      args: [t.listOf(A), A],
      result: t.INT,
      member: true,
      accepts: ([list]) => list instanceof List,
      call: ([list, item]) => place(list as List, item!, name === 'lastIndexOf'),
      cost: wholeCost,
    }),
  ),
]

function slice(list: List, from: bigint, to: bigint): List {
  if (from < 0n || to < 0n) throw new CelError(`cannot slice(${from}, ${to}), negative indexes not supported`)
  if (from > to) throw new CelError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`)
  if (BigInt(list.size) < to) throw new CelError(`cannot slice(${from}, ${to}), list is length ${list.size}`)
  return new ArrayList([...list].slice(Number(from), Number(to)))
}

function flatten(list: List, depth: bigint): List {
  if (depth < 0n) throw new CelError('level must be non-negative')
  const flat = (items: Iterable<Value>, left: bigint): Value[] =>
    [...items].flatMap((item) => (item instanceof List && left > 0n ? flat(item, left - 1n) : [item]))
  return new ArrayList(flat(list, depth))
}

function distinct(list: List): List {
  const found: Value[] = []
  for (const item of list) if (!found.some((known) => equals(known, item))) found.push(item)
  return new ArrayList(found)
}

/** In the order of keys, one for each item. */
function sortedBy(list: List, keys: List): List {
  if (keys.size > 1) {
    const name = typeNameOf(keys.at(0))
    for (const key of keys) if (typeNameOf(key) !== name) throw new CelError('list elements must have the same type')
    if (['list', 'map', 'null_type'].includes(name)) throw new CelError('list elements must be comparable')
  }
  const order = [...keys].map((key, at) => ({ key, at }))
  return new ArrayList(order.toSorted((a, b) => compare(a.key, b.key) || a.at - b.at).map(({ at }) => list.at(at)))
}

const RANGE_MAX = 1_000_000n // what one call may cost

function range(count: bigint): List {
  if (count > RANGE_MAX) throw new CelError('operation cancelled: actual cost limit exceeded')
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i)))
}

const LIST_CREATION = 10
const linear = ([list]: readonly Value[]): number => LIST_CREATION + sizeOf(list!)
const squared = ([list]: readonly Value[]): number => LIST_CREATION + sizeOf(list!) ** 2
const LIST = t.listOf(A)

const extension: readonly FunctionDeclaration[] = [
  declare('slice', {
    id: 'list_slice',
    args: [LIST, t.INT, t.INT],
    result: LIST,
    member: true,
    call: ([list, from, to]) => slice(list as List, from as bigint, to as bigint),
    cost: ([, from, to]) => LIST_CREATION + Math.max(0, Number((to as bigint) - (from as bigint))),
  }),
  declare(
    'flatten',
    {
      id: 'list_flatten',
      args: [t.listOf(LIST)],
      result: LIST,
      member: true,
      call: ([list]) => flatten(list as List, 1n),
      cost: (_, result) => linear([result]),
    },
    {
      id: 'list_flatten_int',
      args: [t.listOf(t.DYN), t.INT],
      result: t.listOf(t.DYN),
      member: true,
      call: ([list, depth]) => flatten(list as List, depth as bigint),
      cost: (_, result) => linear([result]),
    },
  ),
  declare('distinct', {
    id: 'list_distinct',
    args: [LIST],
    result: LIST,
    member: true,
    call: ([list]) => distinct(list as List),
    cost: squared,
  }),
  declare('reverse', {
    id: 'list_reverse',
    args: [LIST],
    result: LIST,
    member: true,
    call: ([list]) => new ArrayList([...(list as List)].toReversed()),
    cost: linear,
  }),
  declare('lists.range', {
    id: 'lists_range',
    args: [t.INT],
    result: t.listOf(t.INT),
    call: ([count]) => range(count as bigint),
    cost: (_, result) => linear([result]),
  }),
  declare(
    'sort',
    ...ORDERED.map(([name, type]): Overload => ({
      id: `list_${name}_sort`,
      args: [t.listOf(type)],
      result: t.listOf(type),
      member: true,
      call: ([list]) => sortedBy(list as List, list as List),
      cost: squared,
    })),
  ),
  declare(
    '@sortByAssociatedKeys',
    ...ORDERED.map(([name, type]): Overload => ({
      id: `list_${name}_sortByAssociatedKeys`,
      args: [LIST, t.listOf(type)],
      result: LIST,
      member: true,
      call: ([list, keys]) => sortedBy(list as List, keys as List),
      cost: squared,
    })),
  ),
]

export const listFunctions: readonly FunctionDeclaration[] = [...kubernetesLists, ...extension]
