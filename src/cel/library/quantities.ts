/** Kubernetes' functions of quantities. */

import { isQuantity, MalformedQuantity, parseQuantity, type Quantity } from '#schema/quantity.ts'
import { traversal } from './cost.ts'
import { func, method } from './own-type.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import * as t from '../type.ts'
import { CelError, Opaque, type Value } from '../value.ts'

const TYPE = t.opaque('kubernetes.Quantity')
const NANO = 1_000_000_000n
const INT_MAX = 2n ** 63n - 1n

export class Amount extends Opaque {
  readonly type = TYPE
  readonly nanos: bigint

  constructor({ nanos }: Pick<Quantity, 'nanos'>) {
    super()
    this.nanos = nanos
  }

  equals(other: Value): boolean {
    return other instanceof Amount && other.nanos === this.nanos
  }
}

function quantity(text: string): Amount {
  try {
    return new Amount(parseQuantity(text))
  } catch (error) {
    if (error instanceof MalformedQuantity) throw new CelError(error.message, { cause: error })
    throw error
  }
}

/** Undefined for what has a fraction, or is cut to the largest amount there is. */
function whole({ nanos }: Amount): bigint | undefined {
  const amount = nanos / NANO
  return nanos % NANO === 0n && amount < INT_MAX && amount >= -INT_MAX ? amount : undefined
}

function asInteger(amount: Amount): bigint {
  const found = whole(amount)
  if (found === undefined) throw new CelError('cannot convert value to integer')
  return found
}

function compare(a: Amount, b: Amount): bigint {
  return a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n
}

function sums(name: string, sign: bigint): FunctionDeclaration {
  return declare(
    name,
    method<Amount>(`quantity_${name}`, [TYPE, TYPE], TYPE, (a, b: Amount) => new Amount({ nanos: a.nanos + sign * b.nanos })),
    method<Amount>(`quantity_${name}_int`, [TYPE, t.INT], TYPE, (a, b: bigint) => new Amount({ nanos: a.nanos + sign * b * NANO })),
  )
}

export const quantityFunctions: readonly FunctionDeclaration[] = [
  declare('quantity', func('string_to_quantity', [t.STRING], TYPE, quantity, traversal())),
  declare('isQuantity', func('is_quantity_string', [t.STRING], t.BOOL, isQuantity, traversal())),
  declare(
    'sign',
    method<Amount>('quantity_sign', [TYPE], t.INT, (a) => compare(a, new Amount({ nanos: 0n }))),
  ),
  declare(
    'isGreaterThan',
    method<Amount>('quantity_is_greater_than', [TYPE, TYPE], t.BOOL, (a, b: Amount) => a.nanos > b.nanos),
  ),
  declare(
    'isLessThan',
    method<Amount>('quantity_is_less_than', [TYPE, TYPE], t.BOOL, (a, b: Amount) => a.nanos < b.nanos),
  ),
  declare('compareTo', method<Amount>('quantity_compare_to', [TYPE, TYPE], t.INT, compare)),
  declare(
    'asApproximateFloat',
    method<Amount>('quantity_get_float', [TYPE], t.DOUBLE, ({ nanos }) => Number(nanos) / Number(NANO)),
  ),
  declare('asInteger', method<Amount>('quantity_get_int', [TYPE], t.INT, asInteger)),
  declare(
    'isInteger',
    method<Amount>('quantity_is_integer', [TYPE], t.BOOL, (a) => whole(a) !== undefined),
  ),
  sums('add', 1n),
  sums('sub', -1n),
]
