/** Numbers as Go prints them. */

/** `%v` of a float64: with an exponent, of at least two digits, from a million on and below 0.0001. */
export function goFloat(value: number): string {
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
