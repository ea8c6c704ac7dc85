/** Resource quantities as numbers, rounded up as the kubelet counts them. */

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** The plain number of a quantity the API server has already accepted; absent counts as 0. */
export function amount(quantity: string | undefined): number {
  if (quantity === undefined) return 0
  const parts = /^([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(quantity)
  if (parts === null) return 0
  const number = Number(`${parts[1]}${parts[2] ?? ''}`)
  const factor = SUFFIXES[parts[3] ?? ''] ?? 1
  // division keeps 100m exact where multiplying by 0.001 would not
  return factor < 1 ? number / Math.round(1 / factor) : number * factor
}

export function wholeAmount(quantity: string | undefined): number {
  return Math.ceil(amount(quantity))
}

export function milliAmount(quantity: string | undefined): number {
  return Math.ceil(Math.round(amount(quantity) * 1e9) / 1e6)
}
