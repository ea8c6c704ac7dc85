/** Counters, gauges and histograms in the text form that Prometheus reads: each made once for its labels, then plain numbers. */

/** A number that grows, or for gauges moves. */
export class Count {
  value = 0

  inc(by = 1): void {
    this.value += by
  }
}

/** How often values fell into which bucket. */
export class Distribution {
  count = 0
  sum = 0
  readonly #bounds: readonly number[]
  readonly #buckets: number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#buckets = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.count++
    this.sum += value
    for (let i = 0; i < this.#bounds.length; i++)
      if (value <= this.#bounds[i]!) {
        this.#buckets[i]!++
        return
      }
  }

  /** Bounds with how many values were at most that. */
  cumulated(): readonly (readonly [bound: string, count: number])[] {
    let sum = 0
    return [
      ...this.#bounds.map((bound, i): [string, number] => [String(bound), (sum += this.#buckets[i]!)]),
      ['+Inf', this.count] as [string, number],
    ]
  }
}

/** What differs between the members of a family; keep the member where one is counted often. */
export class Family<M> {
  readonly #members = new Map<string, readonly [values: readonly string[], member: M]>()
  readonly #make: () => M

  constructor(make: () => M) {
    this.#make = make
  }

  /** The member of these label values, in the order the labels were declared. */
  of(...values: readonly string[]): M {
    const key = values.join('\n')
    let known = this.#members.get(key)
    if (known === undefined) this.#members.set(key, (known = [values, this.#make()]))
    return known[1]
  }

  *[Symbol.iterator](): Iterator<readonly [values: readonly string[], member: M]> {
    yield* this.#members.values()
  }
}

export type Stability = 'ALPHA' | 'BETA' | 'STABLE'

export interface Described {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** As upstream has it of the metric; alpha unless said otherwise. */
  readonly stability?: Stability
}

/** Label values with a number, asked for when somebody looks. */
export type Samples = () => Iterable<readonly [values: readonly string[], value: number]>

export class Metrics {
  readonly #families: (() => string)[] = []
  readonly #stability = new Family(() => new Count())

  /** With `counted` they also tell how many there are, which one page may do once. */
  constructor(counted = false) {
    if (!counted) return
    const registered = { name: 'registered_metrics_total', labels: ['stability_level', 'deprecated_version'], stability: 'BETA' } as const
    this.sampled('counter', { ...registered, help: 'Metrics there are, by their stability.' }, () =>
      [...this.#stability].map(([values, { value }]) => [values, value]),
    )
  }

  counter(described: Described): Family<Count> {
    return this.#counts('counter', described)
  }

  gauge(described: Described): Family<Count> {
    return this.#counts('gauge', described)
  }

  histogram(described: Described, bounds: readonly number[]): Family<Distribution> {
    const family = new Family(() => new Distribution(bounds))
    const { name, labels = [] } = described
    this.#add('histogram', described, () =>
      [...family].flatMap(([values, d]) => [
        ...d.cumulated().map(([bound, count]) => line(`${name}_bucket`, [...labels, 'le'], [...values, bound], count)),
        line(`${name}_sum`, labels, values, d.sum),
        line(`${name}_count`, labels, values, d.count),
      ]),
    )
    return family
  }

  /** What is known elsewhere and only read here. */
  sampled(type: 'counter' | 'gauge', described: Described, samples: Samples): void {
    const { name, labels = [] } = described
    this.#add(type, described, () => [...samples()].map(([values, value]) => line(name, labels, values, value)))
  }

  text(): string {
    return this.#families.map((family) => family()).join('')
  }

  #counts(type: 'counter' | 'gauge', described: Described): Family<Count> {
    const family = new Family(() => new Count())
    this.sampled(type, described, () => [...family].map(([values, { value }]) => [values, value]))
    return family
  }

  #add(type: string, { name, help, stability = 'ALPHA' }: Described, lines: () => readonly string[]): void {
    this.#stability.of(stability, '').inc()
    const head = `# HELP ${name} [${stability}] ${help}\n# TYPE ${name} ${type}\n`
    this.#families.push(() => {
      const all = lines()
      return all.length === 0 ? '' : head + all.join('')
    })
  }
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

function line(name: string, labels: readonly string[], values: readonly string[], value: number): string {
  const pairs = labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escaped(text: string): string {
  return /["\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text
}
