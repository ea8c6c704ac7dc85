/** Settings: each declared once, read from the command line with pflag's rules. */

/** One setting of a command. `flag` is its long name; the help line ends without a full stop. */
export type Setting = {
  readonly flag: string
  readonly short?: string
  readonly help: string
  /** Shown for the value in the usage text. */
  readonly placeholder?: string
} & (
  | { readonly type: 'string'; readonly default?: string }
  /** Values outside `min` and `max` are refused. */
  | { readonly type: 'int'; readonly default?: number; readonly min?: number; readonly max?: number }
  | { readonly type: 'bool'; readonly default?: boolean }
  /** May be given several times, or once with commas. */
  | { readonly type: 'list'; readonly default?: readonly string[] }
)

export type Settings = Readonly<Record<string, Setting>>

type ValueOf<S extends Setting> = S extends { readonly type: 'string' }
  ? S extends { readonly default: string }
    ? string
    : string | undefined
  : S extends { readonly type: 'int' }
    ? S extends { readonly default: number }
      ? number
      : number | undefined
    : S extends { readonly type: 'bool' }
      ? boolean
      : readonly string[]

export type Values<S extends Settings> = { readonly [K in keyof S]: ValueOf<S[K]> }

/** Declares settings, keeping their literal types. */
export function settings<const S extends Settings>(declared: S): S {
  return declared
}

/** The range of a setting that is a port. */
export const PORT = { min: 1, max: 65535 } as const

/** The same where 0 has a meaning: none, or any that is free. */
export const PORT_OR_ZERO = { min: 0, max: 65535 } as const

/** The command line was wrong; the message is pflag's. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a command line says: the values of the declared settings and the words that are not flags. */
export interface Parsed<S extends Settings> {
  readonly values: Values<S>
  readonly words: readonly string[]
  /** Words after `--`. */
  readonly rest: readonly string[]
  readonly help: boolean
  /** The settings that were given, rather than left at their default. */
  readonly given: ReadonlySet<keyof S>
}

/** Reads `args` by pflag's rules: `--a=b`, `--a b`, `-ab`, `-a=b`, `-owide`, a boolean alone means true. Throws `UsageError`. */
export function parseArguments<S extends Settings>(declared: S, args: readonly string[]): Parsed<S> {
  const values: Record<string, unknown> = {}
  for (const [key, s] of Object.entries(declared))
    values[key] = s.default ?? (s.type === 'bool' ? false : s.type === 'list' ? [] : undefined)
  const byFlag = new Map(Object.entries(declared).map(([key, s]) => [s.flag, key]))
  const byShort = new Map(Object.entries(declared).flatMap(([key, s]) => (s.short ? [[s.short, key] as const] : [])))
  const given = new Set<string>()
  const words: string[] = []
  let rest: readonly string[] = []
  let help = false

  const put = (key: string, text: string, shown: string) => {
    const s = declared[key]!
    const wrong = (why: string) => new UsageError(`invalid argument ${JSON.stringify(text)} for ${JSON.stringify(shown)} flag: ${why}`)
    if (s.type === 'string') values[key] = text
    else if (s.type === 'list')
      values[key] = [...(given.has(key) ? (values[key] as string[]) : []), ...text.split(',').filter((p) => p !== '')]
    else if (s.type === 'bool') {
      if (!/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(text))
        throw wrong(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
      values[key] = /^[1tT]/.test(text)
    } else {
      if (!/^[+-]?\d+$/.test(text)) throw wrong(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
      const number = Number(text)
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = s
      if (number < min || number > max)
        throw wrong(s.max === undefined && number < min ? `must be at least ${min}` : `must be between ${min} and ${max}`)
      values[key] = number
    }
    given.add(key)
  }

  for (let i = 0; i < args.length; i++) {
    const word = args[i]!
    if (word === '--') {
      rest = args.slice(i + 1)
      break
    }
    if (word === '--help' || word === '-h') help = true
    else if (word.startsWith('--')) {
      const equals = word.indexOf('=')
      const flag = equals < 0 ? word.slice(2) : word.slice(2, equals)
      const key = byFlag.get(flag)
      if (key === undefined) throw new UsageError(`unknown flag: --${flag}`)
      const shown = withShort(declared[key]!)
      if (equals >= 0) put(key, word.slice(equals + 1), shown)
      else if (declared[key]!.type === 'bool') put(key, 'true', shown)
      else if (i + 1 < args.length) put(key, args[++i]!, shown)
      else throw new UsageError(`flag needs an argument: --${flag}`)
    } else if (word.startsWith('-') && word.length > 1) {
      for (let letters = word.slice(1); letters !== '';) {
        const key = byShort.get(letters[0]!)
        if (key === undefined) throw new UsageError(`unknown shorthand flag: '${letters[0]}' in ${word}`)
        const shown = withShort(declared[key]!)
        const after = letters.slice(1)
        if (after.startsWith('=')) {
          put(key, after.slice(1), shown)
          break
        }
        if (declared[key]!.type === 'bool') {
          put(key, 'true', shown)
          letters = after
          continue
        }
        if (after !== '') put(key, after, shown)
        else if (i + 1 < args.length) put(key, args[++i]!, shown)
        else throw new UsageError(`flag needs an argument: '${letters[0]}' in ${word}`)
        break
      }
    } else words.push(word)
  }
  return { values: values as Values<S>, words, rest, help, given }
}

/** Every flag with its value as text, lists as pflag writes them; what has no value is empty. */
export function flagValues<S extends Settings>(declared: S, values: Values<S>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(declared).map(([key, { flag }]) => {
      const value: unknown = values[key]
      return [flag, Array.isArray(value) ? `[${value.join(',')}]` : String(value ?? '')]
    }),
  )
}

/** The table of flags in a usage text. */
export function describeSettings(declared: Settings): string {
  const rows = Object.values(declared).map((s) => {
    const left = `  ${s.short ? `-${s.short}, ` : '    '}--${s.flag}${s.type === 'bool' ? '' : ` ${s.placeholder ?? s.type}`}`
    const shown = s.default === undefined || s.default === false || s.default === '' || (Array.isArray(s.default) && s.default.length === 0)
    return [left, `${s.help}${shown ? '' : ` (default ${JSON.stringify(s.default)})`}`] as const
  })
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 3
  return rows.map(([left, right]) => left.padEnd(width) + right).join('\n')
}

function withShort(s: Setting): string {
  return s.short ? `-${s.short}, --${s.flag}` : `--${s.flag}`
}
