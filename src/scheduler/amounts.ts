/** Resource amounts as numbers: the scheduler adds and compares them a million times a second, so each text is read once. */

const KNOWN_TEXTS_MAX = 10_000 // distinct quantity texts kept; a cluster has a few hundred

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
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

const wholes = new Map<string, number>()
const millis = new Map<string, number>()

/** The amount rounded up to a whole number. Text that is no quantity counts as 0: the API server has refused it before. */
export function whole(quantity: string): number {
  return remembered(wholes, quantity, 1)
}

/** Thousandths, rounded up: what cpu is counted in. */
export function milli(quantity: string): number {
  return remembered(millis, quantity, 1000)
}

function remembered(known: Map<string, number>, text: string, scale: number): number {
  const hit = known.get(text)
  if (hit !== undefined) return hit
  const value = read(text, scale)
  if (known.size >= KNOWN_TEXTS_MAX) known.clear()
  known.set(text, value)
  return value
}

function read(text: string, scale: number): number {
  const parts = /^([+-]?[0-9]*\.?[0-9]*)((?:[eE][+-]?[0-9]+)|[numkMGTPE]|[KMGTPE]i)?$/.exec(String(text))
  if (parts === null) return 0
  const suffix = parts[2] ?? ''
  const factor = /^[eE]./.test(suffix) ? 10 ** Number(suffix.slice(1)) : (SUFFIXES[suffix] ?? 1)
  const exact = Number(parts[1]) * factor * scale
  // Multiplying decimals leaves crumbs (0.1 * 3); rounding up must not turn one into a whole unit.
  return Math.ceil(Number(exact.toPrecision(15)))
}
