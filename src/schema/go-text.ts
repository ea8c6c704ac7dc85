/** JSON values as Go prints its maps, slices and scalars (`%v`), for messages that show a patch. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value !== 'object') return typeof value === 'number' && !Number.isInteger(value) ? goFloat(value) : String(value)
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).toSorted()
  return `map[${names.map((name) => `${name}:${goText(members[name])}`).join(' ')}]`
}

/** The exponent of floating-point numbers has two digits at least. */
function goFloat(value: number): string {
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}
