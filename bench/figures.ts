/** Figures and how they are kept: each bench answers rows, `bench/run.ts` writes them beside their budgets. */

export interface Figure {
  readonly what: string
  readonly measured: string
  readonly budget: string
  readonly met: boolean | 'not measured'
  /** By how much it is missed and why, or what the figure does not cover. */
  readonly note?: string
}

/** Figures with a section of their own in the results. */
export interface Measured {
  readonly figures: readonly Figure[]
  /** Begins with its heading, of the second level. */
  readonly section: string
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** The middle value; NaN for none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

export const ms = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`
export const perSecond = (value: number) => `${Math.round(value).toLocaleString('en')}/s`

/** Runs `work` for each of `count` items with `clients` at a time; answers milliseconds per item and in all. */
export async function drive(
  count: number,
  clients: number,
  work: (i: number) => Promise<unknown>,
): Promise<{ readonly each: readonly number[]; readonly totalMs: number }> {
  const each: number[] = []
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) {
        const i = next++
        const began = performance.now()
        await work(i)
        each.push(performance.now() - began)
      }
    }),
  )
  return { each, totalMs: performance.now() - start }
}
