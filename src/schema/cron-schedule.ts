/** The grammar of cron schedules as CronJobs take it: five fields, names of months and days, or a word such as `@daily`. */

/** When a schedule is due: at moments that match every field, or every so often. */
export type CronSchedule =
  | { readonly type: 'every'; readonly everyMs: number }
  | {
      readonly type: 'fields'
      /** The zone the schedule itself names (`TZ=`); absent: whoever asks decides. */
      readonly timeZone?: string
      readonly minutes: CronField
      readonly hours: CronField
      readonly daysOfMonth: CronField
      readonly months: CronField
      /** Sunday is 0. */
      readonly daysOfWeek: CronField
    }

export interface CronField {
  readonly values: ReadonlySet<number>
  /** Written with `*` or `?`. Days match by month and week together when one of both is, else by either. */
  readonly any: boolean
}

/** A schedule that cannot be understood; the message is what clients know. */
export class MalformedSchedule extends Error {
  override readonly name = 'MalformedSchedule'
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names: Readonly<Record<string, number>>
}

const MINUTES: Bounds = { min: 0, max: 59, names: {} }
const HOURS: Bounds = { min: 0, max: 23, names: {} }
const DAYS_OF_MONTH: Bounds = { min: 1, max: 31, names: {} }
const MONTHS: Bounds = { min: 1, max: 12, names: numbered('jan feb mar apr may jun jul aug sep oct nov dec', 1) }
const DAYS_OF_WEEK: Bounds = { min: 0, max: 6, names: numbered('sun mon tue wed thu fri sat', 0) }

const FIELD_COUNT = 5

/** Reads a schedule. Throws MalformedSchedule. */
export function parseCronSchedule(text: string): CronSchedule {
  if (text === '') throw new MalformedSchedule('empty spec string')
  const { timeZone, rest } = zoneOf(text)
  const inZone = timeZone === undefined ? {} : { timeZone }
  if (rest.startsWith('@')) return named(rest, inZone)
  const fields = rest.split(WHITE_SPACE).filter((field) => field !== '')
  if (fields.length !== FIELD_COUNT)
    throw new MalformedSchedule(`expected exactly ${FIELD_COUNT} fields, found ${fields.length}: [${fields.join(' ')}]`)
  return {
    type: 'fields',
    ...inZone,
    minutes: field(fields[0]!, MINUTES),
    hours: field(fields[1]!, HOURS),
    daysOfMonth: field(fields[2]!, DAYS_OF_MONTH),
    months: field(fields[3]!, MONTHS),
    daysOfWeek: field(fields[4]!, DAYS_OF_WEEK),
  }
}

/** Why a zone cannot be loaded, or undefined when it can. Names are those of the IANA database, written as it writes them. */
export function timeZoneProblem(name: string): string | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return undefined
  // The name becomes a path below a directory of zones.
  if (name.includes('..') || name.startsWith('/') || name.includes('\\')) return 'time: invalid location name'
  return isZone(name) ? undefined : `unknown time zone ${name}`
}

function isZone(name: string): boolean {
  // Offsets are accepted by Intl but are no names of zones; and Intl does not mind capitals where files do.
  if (/^[+-]/.test(name)) return false
  try {
    const resolved = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
    return resolved.toLowerCase() !== name.toLowerCase() ? startsUpper(name) : resolved === name || LOWER_CASE_ALIKE.has(name)
  } catch {
    return false
  }
}

/** Links (`US/Eastern`, `Zulu`) resolve to other names; all start each part with a capital. */
function startsUpper(name: string): boolean {
  return name.split('/').every((part) => /^[A-Z]/.test(part))
}

const LOWER_CASE_ALIKE: ReadonlySet<string> = new Set(['Etc/UTC', 'GMT', 'Etc/GMT'])

/** What separates fields: the characters Go's unicode.IsSpace names. */
const WHITE_SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

function zoneOf(text: string): { readonly timeZone?: string; readonly rest: string } {
  if (!text.startsWith('TZ=') && !text.startsWith('CRON_TZ=')) return { rest: text }
  const end = text.indexOf(' ')
  const name = text.slice(text.indexOf('=') + 1, end === -1 ? undefined : end)
  const problem = timeZoneProblem(name)
  if (problem !== undefined) throw new MalformedSchedule(`provided bad location ${name}: ${problem}`)
  return { timeZone: name, rest: end === -1 ? '' : text.slice(end).trim() }
}

const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const EVERY = '@every '
const EVERY_MS_MIN = 1000 // shorter ones are taken for a second

function named(text: string, inZone: { readonly timeZone?: string }): CronSchedule {
  if (Object.hasOwn(WORDS, text)) return { ...parseCronSchedule(WORDS[text]!), ...inZone } as CronSchedule
  if (text.startsWith(EVERY)) return { type: 'every', everyMs: everyMs(text) }
  throw new MalformedSchedule(`unrecognized descriptor: ${text}`)
}

const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Whole seconds: fractions are dropped. */
function everyMs(text: string): number {
  const written = text.slice(EVERY.length)
  const refused = (why: string) => new MalformedSchedule(`failed to parse duration ${text}: time: ${why}`)
  const shown = JSON.stringify(written)
  let rest = written.replace(/^[+-]/, '')
  if (rest === '0') return EVERY_MS_MIN
  if (rest === '') throw refused(`invalid duration ${shown}`)
  let total = 0
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)
    if (number === null) throw refused(`invalid duration ${shown}`)
    rest = rest.slice(number[0].length)
    const unit = /^[^.\d]*/.exec(rest)![0]
    if (unit === '') throw refused(`missing unit in duration ${shown}`)
    if (!Object.hasOwn(UNITS_MS, unit)) throw refused(`unknown unit ${JSON.stringify(unit)} in duration ${shown}`)
    total += Number(number[0]) * UNITS_MS[unit]!
    rest = rest.slice(unit.length)
  }
  const ms = written.startsWith('-') ? -total : total
  return ms < EVERY_MS_MIN ? EVERY_MS_MIN : ms - (ms % 1000)
}

function field(text: string, bounds: Bounds): CronField {
  const values = new Set<number>()
  let any = false
  for (const expression of text.split(',').filter((part) => part !== '')) {
    const range = rangeOf(expression, bounds)
    any ||= range.any
    for (let value = range.start; value <= range.end; value += range.step) values.add(value)
  }
  return { values, any }
}

function rangeOf(expression: string, bounds: Bounds): { readonly start: number; end: number; step: number; any: boolean } {
  const parts = expression.split('/')
  const limits = parts[0]!.split('-')
  const single = limits.length === 1
  let [start, end] = [bounds.min, bounds.max]
  let any = limits[0] === '*' || limits[0] === '?'
  if (!any) {
    start = numberOrName(limits[0]!, bounds.names)
    if (limits.length > 2) throw new MalformedSchedule(`too many hyphens: ${expression}`)
    end = single ? start : numberOrName(limits[1]!, bounds.names)
  }
  let step = 1
  if (parts.length > 2) throw new MalformedSchedule(`too many slashes: ${expression}`)
  if (parts.length === 2) {
    step = numberOf(parts[1]!)
    // `3/15` runs from 3 to the end.
    if (single) end = bounds.max
    if (step > 1) any = false
  }
  if (start < bounds.min) throw new MalformedSchedule(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`)
  if (end > bounds.max) throw new MalformedSchedule(`end of range (${end}) above maximum (${bounds.max}): ${expression}`)
  if (start > end) throw new MalformedSchedule(`beginning of range (${start}) beyond end of range (${end}): ${expression}`)
  if (step === 0) throw new MalformedSchedule(`step of range should be a positive number: ${expression}`)
  return { start, end, step, any }
}

function numberOrName(text: string, names: Readonly<Record<string, number>>): number {
  const name = text.toLowerCase()
  return Object.hasOwn(names, name) ? names[name]! : numberOf(text)
}

const INT64_MAX = 2n ** 63n - 1n

function numberOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new MalformedSchedule(`failed to parse int from ${text}: ${atoi(text)}: invalid syntax`)
  const value = BigInt(text.replace(/^\+/, ''))
  if (value > INT64_MAX || value < -INT64_MAX - 1n)
    throw new MalformedSchedule(`failed to parse int from ${text}: ${atoi(text)}: value out of range`)
  if (value < 0n) throw new MalformedSchedule(`negative number (${value}) not allowed: ${text}`)
  return Number(value)
}

function atoi(text: string): string {
  return `strconv.Atoi: parsing ${JSON.stringify(text)}`
}

function numbered(names: string, first: number): Readonly<Record<string, number>> {
  return Object.fromEntries(names.split(' ').map((name, index) => [name, index + first]))
}
