/** Quantities of resources ("100m", "1.5Gi", "2e3"): exact arithmetic and the canonical text. */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** An exact amount in billionths, the finest a quantity can say, and the family of suffixes it was written in. */
export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
}

/** A text that is not a quantity; the message is what clients know. */
export class MalformedQuantity extends Error {
  override readonly name = 'MalformedQuantity'
}

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const DECIMAL_BY_EXPONENT = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]))
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

const FORM = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/
const FORM_MESSAGE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const SUFFIX_MESSAGE = "unable to parse quantity's suffix"

const NANO = 1_000_000_000n
/** Larger amounts are cut to this, which is as much as 63 bits hold. */
const MAX_NANOS = (2n ** 63n - 1n) * NANO
const EXPONENT_MAX = 40 // beyond it every amount is at the cap or below a billionth

/** Throws MalformedQuantity. */
export function parseQuantity(text: string): Quantity {
  const parts = FORM.exec(text)
  if (parts === null) throw new MalformedQuantity(FORM_MESSAGE)
  const [, sign, whole = '', fraction = '', suffix = ''] = parts
  if (whole === '' && fraction === '') throw new MalformedQuantity(FORM_MESSAGE)
  const scale = readSuffix(suffix)
  const digits = BigInt((whole + fraction).replace(/^0+(?=\d)/, '') || '0')
  const exponent = Math.max(-EXPONENT_MAX - fraction.length, Math.min(EXPONENT_MAX, scale.exponent))
  let nanos: bigint
  if (scale.base === 2) nanos = divideUp((digits * NANO) << BigInt(exponent), 10n ** BigInt(fraction.length))
  else {
    const power = exponent - fraction.length + 9
    nanos = power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))
  }
  if (nanos > MAX_NANOS) nanos = MAX_NANOS
  const small = scale.format === 'BinarySI' && nanos > 0n && nanos < NANO
  return { nanos: sign === '-' ? -nanos : nanos, format: small ? 'DecimalSI' : scale.format }
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

function readSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' }
  const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' }
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)
  if (exponent === null) throw new MalformedQuantity(SUFFIX_MESSAGE)
  return { base: 10, exponent: Number(exponent[1]), format: 'DecimalExponent' }
}

/** Division of numbers not below zero, rounded away from zero. */
function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}

/** The canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const negative = nanos < 0n
  const amount = negative ? -nanos : nanos
  const sign = negative ? '-' : ''
  if (format === 'BinarySI' && amount >= 1024n * NANO && amount % NANO === 0n) {
    let mantissa = amount / NANO
    let power = 0
    while (power < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
      mantissa /= 1024n
      power++
    }
    return `${sign}${mantissa}${BINARY_SUFFIXES[power]}`
  }
  let mantissa = amount
  let exponent = -9
  while (mantissa % 1000n === 0n && (exponent < 18 || format === 'DecimalExponent')) {
    mantissa /= 1000n
    exponent += 3
  }
  const suffix = format === 'DecimalExponent' ? (exponent === 0 ? '' : `e${exponent}`) : DECIMAL_BY_EXPONENT.get(exponent)
  return `${sign}${mantissa}${suffix}`
}

/** The canonical text of a text. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text))
}

/** The canonical text, rounded up to thousandths: how amounts of resources are kept. */
export function roundUpToMilli(text: string): string {
  const { nanos, format } = parseQuantity(text)
  return formatQuantity({ nanos: roundUp(nanos, 1_000_000n) * 1_000_000n, format })
}

/** Below, at or above zero as `a` is less than, equal to or more than `b`. */
export function compareQuantity(a: string, b: string): number {
  const difference = parseQuantity(a).nanos - parseQuantity(b).nanos
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The sum in the first one's format, or in the next one's as long as the sum is zero. */
export function addQuantities(...texts: readonly string[]): string {
  let sum: Quantity = { nanos: 0n, format: 'DecimalSI' }
  for (const [index, text] of texts.entries()) {
    const next = parseQuantity(text)
    sum = { nanos: sum.nanos + next.nanos, format: index === 0 || sum.nanos === 0n ? next.format : sum.format }
  }
  return formatQuantity(sum)
}

/** The amount as a whole number, rounded away from zero. */
export function quantityValue(text: string): number {
  return Number(roundUp(parseQuantity(text).nanos, NANO))
}

/** The amount in thousandths, rounded away from zero. */
export function milliValue(text: string): number {
  return Number(roundUp(parseQuantity(text).nanos, 1_000_000n))
}

function roundUp(nanos: bigint, unit: bigint): bigint {
  return nanos < 0n ? -divideUp(-nanos, unit) : divideUp(nanos, unit)
}
