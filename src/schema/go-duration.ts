/** Go's durations ("1m30s") as nanoseconds and back. */

const NANOS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** Nanoseconds of a text that was checked before. */
export function durationNanos(text: string): bigint {
  let total = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g))
    total += BigInt(whole || '0') * BigInt(NANOS[unit]!) + BigInt(Math.trunc(Number(`0.${fraction}0`) * NANOS[unit]!))
  return text.startsWith('-') ? -total : total
}

/** As Go prints it: `0s`, `1.5ms`, `1h0m0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const n = nanos < 0n ? -nanos : nanos
  const decimal = (value: bigint, scale: number): string => {
    const text = value.toString().padStart(scale + 1, '0')
    const fraction = text.slice(text.length - scale).replace(/0+$/, '')
    return text.slice(0, text.length - scale) + (scale > 0 && fraction !== '' ? `.${fraction}` : '')
  }
  if (n < 1000n) return `${sign}${n}ns`
  if (n < 1_000_000n) return `${sign}${decimal(n, 3)}µs`
  if (n < 1_000_000_000n) return `${sign}${decimal(n, 6)}ms`
  const minutes = n / 60_000_000_000n
  const seconds = `${decimal(n % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return sign + seconds
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}
