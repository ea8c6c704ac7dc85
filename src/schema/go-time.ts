/** Reads and writes the API's times: RFC 3339 in UTC, whole seconds (`Time`) or microseconds (`MicroTime`). */

export interface Timestamp {
  /** Since 1970. */
  readonly seconds: number
  readonly nanos: number
}

const SECONDS_LAYOUT = '2006-01-02T15:04:05Z07:00'
const MICROS_LAYOUT = '2006-01-02T15:04:05.000000Z07:00'

/** The instant a text names, or what Go's parser says is wrong with it. */
export function parseTime(text: string, precision: 'time' | 'microTime'): Timestamp | string {
  const layout = precision === 'time' ? SECONDS_LAYOUT : MICROS_LAYOUT
  const failed = (rest: string, element: string): string =>
    `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${element}"`
  const outOfRange = (what: string): string => `parsing time ${JSON.stringify(text)}: ${what} out of range`
  let rest = text
  const numbers: number[] = []
  for (const [element, digits] of ELEMENTS) {
    if (digits === 0) {
      if (!rest.startsWith(element)) return failed(rest, element)
      rest = rest.slice(1)
      continue
    }
    const taken = rest.slice(0, digits)
    if (taken.length < digits || !/^\d+$/.test(taken)) return failed(rest, element)
    const value = Number(taken)
    if (element === '01' && (value < 1 || value > 12)) return outOfRange('month')
    if (element === '15' && value > 23) return outOfRange('hour')
    if (element === '04' && value > 59) return outOfRange('minute')
    if (element === '05' && value > 59) return outOfRange('second')
    numbers.push(value)
    rest = rest.slice(digits)
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers
  let nanos = 0
  const fraction = precision === 'microTime' ? /^\.(\d{6})/.exec(rest) : /^[.,](\d+)/.exec(rest)
  if (fraction !== null) {
    nanos = Number(fraction[1]!.slice(0, 9).padEnd(9, '0'))
    rest = rest.slice(fraction[0].length)
  } else if (precision === 'microTime') return failed(rest, '.000000')
  const zone = /^(?:Z|([+-])(\d\d):(\d\d))/.exec(rest)
  if (zone === null) return failed(rest, 'Z07:00')
  if (rest.length > zone[0].length) return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest.slice(zone[0].length))}`
  if (Number(zone[2] ?? 0) > 24) return outOfRange('time zone offset hour')
  if (Number(zone[3] ?? 0) > 60) return outOfRange('time zone offset minute')
  if (day < 1 || day > daysIn(year, month)) return outOfRange('day')
  const offset = (zone[1] === '-' ? -1 : 1) * (Number(zone[2] ?? 0) * 3600 + Number(zone[3] ?? 0) * 60)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  return { seconds: date.getTime() / 1000 - offset, nanos }
}

const ELEMENTS: readonly (readonly [element: string, digits: number])[] = [
  ['2006', 4],
  ['-', 0],
  ['01', 2],
  ['-', 0],
  ['02', 2],
  ['T', 0],
  ['15', 2],
  [':', 0],
  ['04', 2],
  [':', 0],
  ['05', 2],
]

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** The API's text of an instant. */
export function formatTime(t: Timestamp, precision: 'time' | 'microTime'): string {
  const seconds = new Date(t.seconds * 1000).toISOString().slice(0, 19)
  if (precision === 'time') return `${seconds}Z`
  return `${seconds}.${String(Math.floor(t.nanos / 1000)).padStart(6, '0')}Z`
}
