/** Numbers as Go prints them. */

/** `%v` of a float64: exponents from 1e21 on and below 0.0001, of at least two digits. */
export function goFloat(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && size < 1e-4) return withExponent(value)
  return size >= 1e21 ? withExponent(value) : String(value)
}

function withExponent(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
