/** Keeps answers of webhooks for a while, and asks once for all who want the same answer at the same time. */

import type { Clock } from '#base/clock.ts'

export interface AnswerCache<T> {
  /** The answer kept under `key`, else what `ask` says; failures are not kept. */
  answer(key: string, ask: () => Promise<T>): T | Promise<T>
}

/** `keepMs` says how long each answer is good for; 0 or less: not at all. The oldest go first when there are too many. */
export function answerCache<T>(clock: Pick<Clock, 'monotonic'>, keepMs: (answer: T) => number, answersMax: number): AnswerCache<T> {
  const kept = new Map<string, { readonly answer: T; readonly until: number }>()
  const asking = new Map<string, Promise<T>>()
  const keep = (key: string, answer: T) => {
    const ms = keepMs(answer)
    if (ms <= 0) return
    kept.set(key, { answer, until: clock.monotonic() + ms })
    if (kept.size > answersMax) kept.delete(kept.keys().next().value!)
  }
  return {
    answer(key, ask) {
      const known = kept.get(key)
      if (known !== undefined) {
        if (clock.monotonic() < known.until) return known.answer
        kept.delete(key)
      }
      const under = asking.get(key)
      if (under !== undefined) return under
      const asked = ask()
        .then((answer) => {
          keep(key, answer)
          return answer
        })
        .finally(() => asking.delete(key))
      asking.set(key, asked)
      return asked
    },
  }
}
