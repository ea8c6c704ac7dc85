/** Shorter ways to declare the functions of Kubernetes' own types. */

import type { Overload } from '../declaration.ts'
import type { Type } from '../type.ts'
import type { Value } from '../value.ts'

type Cost = Overload['cost']

/** Reads off a value what it knows anyhow. */
export const nominal: Cost = () => 1

/** `value.f(...)`. */
export function method<T>(
  id: string,
  args: readonly Type[],
  result: Type,
  call: (self: T, ...rest: never[]) => Value,
  cost: Cost = nominal,
): Overload {
  return { id, args, result, member: true, call: ([self, ...rest]) => call(self as T, ...(rest as never[])), ...(cost && { cost }) }
}

/** `f(...)`. */
export function func(id: string, args: readonly Type[], result: Type, call: (...args: never[]) => Value, cost: Cost): Overload {
  return { id, args, result, call: (values) => call(...(values as never[])), ...(cost && { cost }) }
}
