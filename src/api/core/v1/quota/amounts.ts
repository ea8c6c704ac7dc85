/** Arithmetic of amounts by resource, as quotas need it. */

import { addQuantities, compareQuantity, formatQuantity, parseQuantity } from '#schema/quantity.ts'

export type Amounts = Readonly<Record<string, string>>

export function plus(...lists: readonly Amounts[]): Amounts {
  const sum: Record<string, string> = {}
  for (const list of lists)
    for (const [name, amount] of Object.entries(list)) sum[name] = sum[name] === undefined ? amount : addQuantities(sum[name], amount)
  return sum
}

/** The larger amount of each. */
export function most(...lists: readonly Amounts[]): Amounts {
  const result: Record<string, string> = {}
  for (const list of lists)
    for (const [name, amount] of Object.entries(list))
      if (result[name] === undefined || compareQuantity(amount, result[name]) > 0) result[name] = amount
  return result
}

/** What `a` has beyond `b`, nothing being less than nothing. */
export function beyond(a: Amounts, b: Amounts): Amounts {
  const left = (amount: string, less: string | undefined) => {
    if (less === undefined) return amount
    const [from, taken] = [parseQuantity(amount), parseQuantity(less)]
    return from.nanos > taken.nanos ? formatQuantity({ nanos: from.nanos - taken.nanos, format: from.format }) : '0'
  }
  return Object.fromEntries(Object.entries(a).map(([name, amount]) => [name, left(amount, b[name])]))
}

export function only(amounts: Amounts, names: readonly string[]): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => names.includes(name)))
}

/** The names of which there is more than `bounds` allow. */
export function exceeding(amounts: Amounts, bounds: Amounts): readonly string[] {
  return Object.keys(amounts).filter((name) => bounds[name] !== undefined && compareQuantity(amounts[name]!, bounds[name]) > 0)
}

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => b[name] !== undefined && compareQuantity(a[name]!, b[name]) === 0)
}

export function isNothing(amounts: Amounts): boolean {
  return Object.values(amounts).every((amount) => parseQuantity(amount).nanos === 0n)
}

/** As in `cpu=1,memory=2Gi`. */
export function amountsText(amounts: Amounts): string {
  const names = Object.keys(amounts).toSorted()
  return names.map((name) => `${name}=${amounts[name]}`).join(',')
}
