/** Timestamps and durations as text, and the parts of a moment in a time zone. */

import { CelError, Duration, Timestamp } from '../value.ts'

const NANOS_PER_SECOND = 1_000_000_000n
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9}\d*)?([Zz]|[+-]\d\d:\d\d)$/

export function parseTimestamp(text: string): Timestamp {
  const found = RFC3339.exec(text)
  const millis = found ? Date.parse(text.replace(/\.\d+/, '').toUpperCase()) : Number.NaN
  if (!found || Number.isNaN(millis)) throw new CelError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`)
  const fraction = BigInt((found[7] ?? '.').slice(1, 10).padEnd(9, '0'))
  return new Timestamp(BigInt(millis) * 1_000_000n + fraction)
}

export function shownTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND
  const seconds = (nanos - fraction) / NANOS_PER_SECOND
  const whole = new Date(Number(seconds) * 1000)
    .toISOString()
    .replace(/^\+\d\d/, '')
    .slice(0, 19)
  return `${whole}${fractionText(fraction)}Z`
}

function fractionText(nanos: bigint): string {
  return nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: NANOS_PER_SECOND,
  m: 60n * NANOS_PER_SECOND,
  h: 3600n * NANOS_PER_SECOND,
}
const DURATION = /^([+-])?((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/
const DURATION_PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g
const DURATION_SECONDS_MAX = 315_576_000_000n // ten thousand years

/** Go's format: `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration {
  const found = DURATION.exec(text)
  if (!found) throw new CelError(`type conversion error from 'string' to 'google.protobuf.Duration'`)
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit] of found[2]!.matchAll(DURATION_PART)) {
    const scale = UNITS[unit!]!
    nanos += BigInt(whole === '' ? 0 : whole) * scale
    if (fraction !== '') nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
  }
  if (found[1] === '-') nanos = -nanos
  const seconds = nanos / NANOS_PER_SECOND
  if (seconds > DURATION_SECONDS_MAX || seconds < -DURATION_SECONDS_MAX) throw new CelError('range error: duration out of range')
  if (nanos > 2n ** 63n - 1n || nanos < -(2n ** 63n)) throw new CelError('range error: duration out of range')
  return new Duration(nanos)
}

/** Seconds with their fraction, `5400s`, as the language shows durations. */
export function shownDuration({ nanos }: Duration): string {
  const positive = nanos < 0n ? -nanos : nanos
  return `${nanos < 0n ? '-' : ''}${positive / NANOS_PER_SECOND}${fractionText(positive % NANOS_PER_SECOND)}s`
}

/** A moment as clocks and calendars of a zone show it. */
interface Instant {
  readonly shown: Date
  readonly millis: bigint
}

const OFFSET = /^([+-])?(\d\d):(\d\d)$/
const formats = new Map<string, Intl.DateTimeFormat>()

/** `zone` is a name of the time zone database or an offset such as -08:00. */
export function instantOf({ nanos }: Timestamp, zone: string): Instant {
  const millis = nanos < 0n && nanos % 1_000_000n !== 0n ? nanos / 1_000_000n - 1n : nanos / 1_000_000n
  const time = Number(millis)
  return { shown: new Date(time + offsetOf(time, zone)), millis }
}

/** Milliseconds that clocks of the zone are ahead of UTC. */
function offsetOf(time: number, zone: string): number {
  if (zone === '' || zone === 'UTC') return 0
  const offset = OFFSET.exec(zone)
  if (offset) return (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000
  const parts = Object.fromEntries(
    formatFor(zone)
      .formatToParts(time)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year, month, day, hour, minute, second } = parts as Record<string, number>
  return Date.UTC(year!, month! - 1, day!, hour! % 24, minute!, second!) - Math.floor(time / 1000) * 1000
}

function formatFor(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch {
      throw new CelError(`unknown time zone ${zone}`)
    }
    formats.set(zone, format)
  }
  return format
}

const DAY_MS = 86_400_000

/** Months, days of the month and of the year count from 0, dates from 1, days of the week from Sunday. */
export function partOf({ shown, millis }: Instant, part: string): bigint {
  switch (part) {
    case 'FullYear':
      return BigInt(shown.getUTCFullYear())
    case 'Month':
      return BigInt(shown.getUTCMonth())
    case 'Date':
      return BigInt(shown.getUTCDate())
    case 'DayOfMonth':
      return BigInt(shown.getUTCDate() - 1)
    case 'DayOfWeek':
      return BigInt(shown.getUTCDay())
    case 'DayOfYear': {
      const first = new Date(shown.getTime())
      first.setUTCMonth(0, 1)
      return BigInt(Math.floor((shown.getTime() - first.getTime()) / DAY_MS))
    }
    case 'Hours':
      return BigInt(shown.getUTCHours())
    case 'Minutes':
      return BigInt(shown.getUTCMinutes())
    case 'Seconds':
      return BigInt(shown.getUTCSeconds())
    default:
      return ((millis % 1000n) + 1000n) % 1000n
  }
}
