/** What calls of functions are estimated to cost, and how large what they give may be. */

import { fixed, FIXED_ONE, MOST, plus, timesCost, timesFactor, UNKNOWN, type Range } from './estimate-range.ts'
import type { Expression } from './expression.ts'
import { PATTERN, TRAVERSAL } from './library/cost.ts'
import { FORMAT_PATTERN_MAX } from './library/formats.ts'
import { sameType, type Type } from './type.ts'

export interface CallEstimate {
  readonly cost: Range
  /** Of the result; absent where it has none or nothing is known. */
  readonly size?: Range
}

/** An argument and what is known of it. */
export interface Sized {
  readonly expression: Expression
  readonly type: Type
  /** From a variable on; empty when it does not lie in one. */
  readonly path: readonly string[]
  readonly size: Range | undefined
}

type SizeAt = (path: readonly string[]) => Range | undefined
type Estimator = (target: Sized | undefined, args: readonly Sized[], overload: string, sizeAt: SizeAt) => CallEstimate | undefined

/** Without the costs of the arguments. */
export function callEstimate(
  name: string,
  overload: string,
  target: Sized | undefined,
  args: readonly Sized[],
  sizeAt: SizeAt,
): CallEstimate {
  return KUBERNETES[name]?.(target, args, overload, sizeAt) ?? STANDARD[overload]?.(target, args, overload, sizeAt) ?? { cost: FIXED_ONE }
}

function sizeOf(sized: Sized | undefined): Range {
  return sized?.size ?? UNKNOWN
}

const traversed = (size: Range): Range => timesFactor(size, TRAVERSAL)
const nominal: Estimator = () => ({ cost: FIXED_ONE })

const equality: Estimator = (_, [left, right]) => {
  const max = Math.min(sizeOf(left).max, sizeOf(right).max)
  return { cost: traversed({ min: max > 0 ? 1 : 0, max }) }
}

const sum: Estimator = (_, [left, right], overload) => {
  const size = plus(sizeOf(left), sizeOf(right))
  return { cost: overload === 'add_list' ? FIXED_ONE : traversed(size), size }
}

const edge: Estimator = (_, [part]) => ({ cost: traversed(sizeOf(part)) })

const STANDARD: Readonly<Record<string, Estimator>> = {
  string_format: (target, [list]) => ({ cost: traversed(sizeOf(target)), size: plus(sizeOf(target), sizeOf(list)) }),
  string_to_bytes: (_, [text]) => ({
    cost: traversed(sizeOf(text)),
    size: { min: sizeOf(text).min, max: Math.min(MOST, sizeOf(text).max * 4) },
  }),
  bytes_to_string: (_, [bytes]) => ({
    cost: traversed(sizeOf(bytes)),
    size: { min: Math.floor(sizeOf(bytes).min / 4), max: sizeOf(bytes).max },
  }),
  strings_quote: (_, [text]) => ({
    cost: traversed(sizeOf(text)),
    size: { min: sizeOf(text).min + 2, max: Math.min(MOST, sizeOf(text).max * 2 + 2) },
  }),
  starts_with_string: edge,
  ends_with_string: edge,
  in_list: (_, [, list]) => ({ cost: sizeOf(list) }),
  matches_string: (target, [pattern]) =>
    target && {
      cost: timesCost(traversed(plus(sizeOf(target), FIXED_ONE)), timesFactor(sizeOf(pattern), PATTERN)),
    },
  contains_string: (target, [part]) => ({ cost: timesCost(traversed(sizeOf(target)), traversed(sizeOf(part))) }),
  add_string: sum,
  add_bytes: sum,
  add_list: sum,
  equals: equality,
  not_equals: equality,
  ...Object.fromEntries(
    ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((id) => [
      [`${id}_string`, equality],
      [`${id}_bytes`, equality],
    ]),
  ),
}

/** The size of the items of a list; what lies in a variable is known by its schema. */
function elementSize(list: Sized, sizeAt: SizeAt): Range {
  return (list.path.length > 0 ? sizeAt([...list.path, '@items']) : undefined) ?? UNKNOWN
}

const overList: Estimator = (target, _, __, sizeAt) => {
  if (target === undefined) return undefined
  const { type } = target
  if (type.kind !== 'list') return { cost: traversed(sizeOf(target)) }
  const isText = type.element.kind === 'string' || type.element.kind === 'bytes'
  const each = isText ? plus(FIXED_ONE, traversed(elementSize(target, sizeAt))) : FIXED_ONE
  return { cost: timesCost(sizeOf(target), each) }
}

const sameSize: Estimator = (target) => target && { cost: traversed(sizeOf(target)), size: sizeOf(target) }

const replace: Estimator = (target, [from, by]) => {
  if (target === undefined) return undefined
  const [size, old, replacement] = [sizeOf(target), sizeOf(from), sizeOf(by)]
  const count = { min: 0, max: 0 }
  const kept = { min: 0, max: 0 }
  if (old.min === 0) {
    // nothing is found around every character
    count.max = Math.min(MOST, size.max + 1)
    kept.max = size.max
  } else if (replacement.max <= old.min) kept.max = size.max
  else count.max = Math.ceil(size.max / old.min)
  if (old.max === 0) {
    count.min = Math.min(MOST, size.min + 1)
    kept.min = size.min
  } else if (old.max <= replacement.min) kept.min = size.min
  else count.min = Math.ceil(size.min / old.max)
  return { cost: timesFactor(size, 2 * TRAVERSAL), size: plus(timesCost(count, replacement), kept) }
}

const split: Estimator = (target, [, limit]) => {
  if (target === undefined) return undefined
  const literal = limit?.expression.kind === 'literal' ? limit.expression.value : undefined
  const max = typeof literal === 'bigint' ? (literal < 0n ? MOST : Number(literal)) : sizeOf(target).max
  return { cost: timesFactor(sizeOf(target), 2 * TRAVERSAL), size: { min: 0, max } }
}

const join: Estimator = (target, [separator], _, sizeAt) => {
  if (target === undefined) return undefined
  const count = sizeOf(target)
  const items = target.type.kind === 'list' ? timesCost(count, elementSize(target, sizeAt)) : fixed(0)
  const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }
  const size = separator ? plus(items, timesCost(sizeOf(separator), between)) : items
  return { cost: traversed(size), size }
}

const find: Estimator = (target, [pattern]) =>
  target && {
    cost: timesCost(traversed(plus(sizeOf(target), FIXED_ONE)), timesFactor(sizeOf(pattern), PATTERN)),
    size: { min: 0, max: sizeOf(target).max },
  }

const ADDRESS_BYTES: Range = { min: 4, max: 16 }

const contains: Estimator = (target, [other], overload) => {
  if (target === undefined) return undefined
  const compared = traversed(plus(ADDRESS_BYTES, ADDRESS_BYTES))
  const masked = overload.startsWith('cidr_contains_cidr') ? [traversed(ADDRESS_BYTES), FIXED_ONE] : []
  const parsed = overload.endsWith('_string') ? [traversed(sizeOf(other))] : []
  return { cost: plus(compared, ...masked, ...parsed) }
}

/** Types whose equality is one step, whatever their text. */
const ONE_STEP: ReadonlySet<string> = new Set([
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.authorization.Authorizer',
  'kubernetes.authorization.PathCheck',
  'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck',
  'kubernetes.authorization.Decision',
])
const FORMAT_NAME_MAX = 64

const ownEquality: Estimator = (_, [left, right]) => {
  if (!left || !right || left.type.kind !== 'opaque' || !sameType(left.type, right.type)) return undefined
  if (ONE_STEP.has(left.type.name)) return { cost: FIXED_ONE }
  if (left.type.name === 'kubernetes.NamedFormat') return { cost: traversed({ min: 1, max: FORMAT_NAME_MAX }) }
  return left.type.name === 'kubernetes.URL' ? { cost: traversed({ min: 1, max: right.size?.max ?? 1 }) } : undefined
}

/** Every element of one beside every element of the other, so many times. */
function setProduct(times: number): Estimator {
  return (_, [left, right]) => ({ cost: plus(timesFactor(timesCost(sizeOf(left), sizeOf(right)), times), FIXED_ONE) })
}

const named = (estimator: Estimator, ...names: readonly string[]): Readonly<Record<string, Estimator>> =>
  Object.fromEntries(names.map((name) => [name, estimator]))

const KUBERNETES: Readonly<Record<string, Estimator>> = {
  ...named(() => ({ cost: fixed(350_000) }), 'check'),
  ...named(overList, 'isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'),
  ...named(
    (_, [text]) => text && { cost: traversed(sizeOf(text)) },
    'url',
    'isURL',
    'cidr',
    'isIP',
    'isCIDR',
    'quantity',
    'isQuantity',
    'semver',
    'isSemver',
    'jsonpatch.escapeKey',
  ),
  // of a network it is there already
  ip: (target, [text]) => ({ cost: target ? FIXED_ONE : traversed(sizeOf(text)) }),
  'ip.isCanonical': (_, [text]) => ({ cost: timesFactor(sizeOf(text), 2 * TRAVERSAL) }),
  ...named(setProduct(1), 'sets.contains', 'sets.intersects'),
  ...named(setProduct(2), 'sets.equivalent'),
  ...named(
    (_, [text]) => {
      const size = sizeOf(text)
      const each = (count: number) => Math.min(MOST, 10 + Math.ceil(count / 2) * 50 + Math.ceil(count * TRAVERSAL))
      return { cost: { min: each(size.min), max: each(size.max) } }
    },
    'fieldSelector',
    'labelSelector',
  ),
  ...named(sameSize, 'lowerAscii', 'upperAscii', 'substring', 'trim'),
  replace,
  split,
  join,
  ...named(find, 'find', 'findAll'),
  ...named(contains, 'containsIP', 'containsCIDR'),
  validate: (target, [text]) => target && { cost: timesFactor(traversed(sizeOf(text)), FORMAT_PATTERN_MAX * PATTERN) },
  '_==_': ownEquality,
  ...named(
    nominal,
    'serviceAccount',
    'path',
    'group',
    'resource',
    'subresource',
    'namespace',
    'name',
    'allowed',
    'reason',
    'error',
    'errored',
  ),
}
