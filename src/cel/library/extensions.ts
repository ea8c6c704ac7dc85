/** The extensions of CEL that Kubernetes loads: strings, macros of two variables, optionals, sets. */

import { declare, type FunctionDeclaration } from '../declaration.ts'
import { optionalIn } from '../evaluate.ts'
import { isOptional, none, some, type Optional } from '../optional.ts'
import * as t from '../type.ts'
import { stringExtensions } from './strings.ts'
import { ArrayList, CelError, CelMap, EntryMap, equals, List, Uint, type Value } from '../value.ts'

const A = t.parameter('A')
const K = t.parameter('K')
const V = t.parameter('V')
const OPTIONAL = t.optionalOf(V)

const optionals: readonly FunctionDeclaration[] = [
  declare('optional.of', { id: 'optional_of', args: [V], result: OPTIONAL, call: ([v]) => some(v!) }),
  declare('optional.ofNonZeroValue', {
    id: 'optional_ofNonZeroValue',
    args: [V],
    result: OPTIONAL,
    call: ([v]) => (isZero(v!) ? none : some(v!)),
  }),
  declare('optional.none', { id: 'optional_none', args: [], result: OPTIONAL, call: () => none }),
  declare('value', { id: 'optional_value', args: [OPTIONAL], result: V, member: true, call: ([o]) => held(o as Optional) }),
  declare('hasValue', {
    id: 'optional_hasValue',
    args: [OPTIONAL],
    result: t.BOOL,
    member: true,
    call: ([o]) => (o as Optional).value !== undefined,
  }),
  declare('or', {
    id: 'optional_or_optional',
    args: [OPTIONAL, OPTIONAL],
    result: OPTIONAL,
    member: true,
    call: ([o, other]) => ((o as Optional).value === undefined ? other! : o!),
  }),
  declare('orValue', {
    id: 'optional_orValue_value',
    args: [OPTIONAL, V],
    result: V,
    member: true,
    call: ([o, other]) => (o as Optional).value ?? other!,
  }),
  declare('unwrap', { id: 'optional_unwrap', args: [t.listOf(OPTIONAL)], result: t.listOf(V), call: ([l]) => presentOf(l as List) }),
  declare('optional.unwrap', {
    id: 'optional_unwrap',
    args: [t.listOf(OPTIONAL)],
    result: t.listOf(V),
    call: ([l]) => presentOf(l as List),
  }),
  declare('unwrapOpt', {
    id: 'optional_unwrapOpt',
    args: [t.listOf(OPTIONAL)],
    result: t.listOf(V),
    member: true,
    call: ([l]) => presentOf(l as List),
  }),
  declare('first', {
    id: 'list_first',
    args: [t.listOf(V)],
    result: OPTIONAL,
    member: true,
    call: ([l]) => ((l as List).size === 0 ? none : some((l as List).at(0))),
  }),
  declare('last', {
    id: 'list_last',
    args: [t.listOf(V)],
    result: OPTIONAL,
    member: true,
    call: ([l]) => ((l as List).size === 0 ? none : some((l as List).at((l as List).size - 1))),
  }),
  declare(
    '_[?_]',
    {
      id: 'list_optindex_optional_int',
      args: [t.listOf(V), t.INT],
      result: OPTIONAL,
      accepts: ([l]) => l instanceof List,
      call: ([l, i]) => optionalIn(l!, i!),
    },
    {
      id: 'map_optindex_optional_value',
      args: [t.mapOf(K, V), K],
      result: OPTIONAL,
      accepts: ([m]) => m instanceof CelMap,
      call: ([m, k]) => optionalIn(m!, k!),
    },
    {
      id: 'optional_list_optindex_optional_int',
      args: [t.optionalOf(t.listOf(V)), t.INT],
      result: OPTIONAL,
      accepts: ([o]) => isOptional(o!),
      call: ([o, i]) => optionalIn(o!, i!),
    },
    {
      id: 'optional_map_optindex_optional_value',
      args: [t.optionalOf(t.mapOf(K, V)), K],
      result: OPTIONAL,
      accepts: ([o]) => isOptional(o!),
      call: ([o, k]) => optionalIn(o!, k!),
    },
  ),
  declare(
    '_[_]',
    {
      id: 'optional_list_index_int',
      args: [t.optionalOf(t.listOf(V)), t.INT],
      result: OPTIONAL,
      accepts: ([o]) => isOptional(o!),
      call: ([o, i]) => optionalIn(o!, i!),
    },
    {
      id: 'optional_map_index_value',
      args: [t.optionalOf(t.mapOf(K, V)), K],
      result: OPTIONAL,
      accepts: ([o]) => isOptional(o!),
      call: ([o, k]) => optionalIn(o!, k!),
    },
  ),
]

function held({ value }: Optional): Value {
  if (value === undefined) throw new CelError('optional.none() dereference')
  return value
}

function presentOf(list: List): Value {
  return new ArrayList([...list].flatMap((o) => (isOptional(o) && o.value !== undefined ? [o.value] : [])))
}

/** What a field holds that was never set. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Uint8Array) return value.length === 0
  return (value instanceof List || value instanceof CelMap) && value.size === 0
}

const twoVariables: readonly FunctionDeclaration[] = [
  declare(
    'cel.@mapInsert',
    {
      id: '@mapInsert_map_key_value',
      args: [t.mapOf(K, V), K, V],
      result: t.mapOf(K, V),
      call: ([m, k, v]) => withEntries(m as CelMap, [[k!, v!]]),
    },
    {
      id: '@mapInsert_map_map',
      args: [t.mapOf(K, V), t.mapOf(K, V)],
      result: t.mapOf(K, V),
      call: ([m, other]) => withEntries(m as CelMap, entriesOf(other as CelMap)),
    },
  ),
]

function entriesOf(map: CelMap): readonly (readonly [Value, Value])[] {
  return [...map.keys()].map((key) => [key, map.get(key)!] as const)
}

function withEntries(map: CelMap, added: readonly (readonly [Value, Value])[]): CelMap {
  for (const [key] of added) if (map.get(key) !== undefined) throw new CelError(`insert failed: key ${String(key)} already exists`)
  return map instanceof EntryMap ? map.with(added) : new EntryMap([...entriesOf(map), ...added])
}

/** Lists taken as sets. */
const setExtensions: readonly FunctionDeclaration[] = [
  declare('sets.contains', {
    id: 'list_sets_contains_list',
    args: [t.listOf(A), t.listOf(A)],
    result: t.BOOL,
    call: ([a, b]) => containsAll(a as List, b as List),
    cost: bothSizes,
  }),
  declare('sets.equivalent', {
    id: 'list_sets_equivalent_list',
    args: [t.listOf(A), t.listOf(A)],
    result: t.BOOL,
    call: ([a, b]) => containsAll(a as List, b as List) && containsAll(b as List, a as List),
    cost: (args) => bothSizes(args) * 2 - 1,
  }),
  declare('sets.intersects', {
    id: 'list_sets_intersects_list',
    args: [t.listOf(A), t.listOf(A)],
    result: t.BOOL,
    call: ([a, b]) => [...(b as List)].some((item) => has(a as List, item)),
    cost: bothSizes,
  }),
]

function has(list: List, item: Value): boolean {
  return [...list].some((other) => equals(other, item))
}

function containsAll(list: List, items: List): boolean {
  return [...items].every((item) => has(list, item))
}

function bothSizes([a, b]: readonly Value[]): number {
  return (a as List).size * (b as List).size + 1
}

export const extensions: readonly FunctionDeclaration[] = [...optionals, ...twoVariables, ...stringExtensions, ...setExtensions]
