/** Go durations ("1h30m0s") as nanoseconds and back. */

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const DURATION = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g
const FRACTION_DIGITS = 18

/** Nanoseconds; undefined when the text is not a duration or does not fit 63 bits. */
export function parseDuration(text: string): bigint | undefined {
  if (/^[+-]?0$/.test(text)) return 0n
  const match = DURATION.exec(text)
  if (match === null) return undefined
  let sum = 0n
  for (const [, whole = '', fraction = '', unit = ''] of match[2]!.matchAll(PART)) {
    const size = UNITS[unit]!
    sum += BigInt(whole || '0') * size
    const digits = fraction.slice(0, FRACTION_DIGITS)
    if (digits !== '') sum += (BigInt(digits) * size) / 10n ** BigInt(digits.length)
  }
  if (sum >= 2n ** 63n) return undefined
  return match[1] === '-' ? -sum : sum
}

/** Milliseconds, cut to whole nanoseconds before; undefined when the text is not a duration. */
export function durationMs(text: string): number | undefined {
  const nanos = parseDuration(text)
  return nanos === undefined ? undefined : Number(nanos) / 1e6
}

/** Go's canonical text of a number of nanoseconds. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const amount = nanos < 0n ? -nanos : nanos
  if (amount < 1000n) return `${sign}${amount}ns`
  if (amount < 1_000_000n) return `${sign}${decimal(amount, 3)}µs`
  if (amount < 1_000_000_000n) return `${sign}${decimal(amount, 6)}ms`
  const seconds = amount % 60_000_000_000n
  const minutes = amount / 60_000_000_000n
  const hours = minutes / 60n
  const tail = `${decimal(seconds, 9)}s`
  if (minutes === 0n) return sign + tail
  if (hours === 0n) return `${sign}${minutes}m${tail}`
  return `${sign}${hours}h${minutes % 60n}m${tail}`
}

function decimal(amount: bigint, places: number): string {
  const unit = 10n ** BigInt(places)
  const fraction = String(amount % unit)
    .padStart(places, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(amount / unit) : `${amount / unit}.${fraction}`
}

const SECOND = 1
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
const YEAR = 31_536_000

/** How `kubectl get` writes an age: two units while they matter, then one. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < MINUTE * 2) return `${seconds}s`
  const minutes = Math.trunc(seconds / MINUTE)
  if (minutes < 10) return two(minutes, 'm', Math.trunc(seconds / SECOND) % 60, 's')
  if (minutes < MINUTE * 3) return `${minutes}m`
  const hours = Math.trunc(seconds / HOUR)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(seconds / DAY)
  if (hours < 24 * 8) return two(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(seconds / YEAR)
  if (hours < 24 * 365 * 8) return two(years, 'y', days % 365, 'd')
  return `${years}y`
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}
