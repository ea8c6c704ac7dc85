/** Prometheus' text format. */

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** Absent: the family's own name; otherwise what follows it, as `_bucket` of a histogram. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
  /** Milliseconds. */
  readonly at?: number
}

/** Families without samples are left out. */
export function prometheusText(families: readonly Family[]): string {
  return families
    .filter((f) => f.samples.length > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((f) => `# HELP ${f.name} ${f.help}\n# TYPE ${f.name} ${f.type}\n${f.samples.map((s) => line(f.name, s)).join('')}`)
    .join('')
}

function line(name: string, { suffix = '', labels = {}, value, at }: Sample): string {
  const inside = Object.entries(labels)
    .toSorted(byName)
    .map(([key, text]) => `${key}="${escaped(text)}"`)
  return `${name}${suffix}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}${at === undefined ? '' : ` ${Math.round(at)}`}\n`
}

/** By name, a bucket's bound last. */
function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  if (a === 'le' || b === 'le') return a === 'le' ? 1 : -1
  return a < b ? -1 : 1
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
