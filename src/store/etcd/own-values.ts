/** The values this server has under way, so that their events carry the very arrays it wrote: readers need not decode those again. */

import type { StoreEvent, Write } from '../store.ts'

export class OwnValues {
  readonly #underWay = new Map<string, Uint8Array[]>()

  /** Until it is disposed, events with these values are recognized. */
  written(writes: readonly Write[]): Disposable {
    const puts = writes.filter((w) => w.type === 'put')
    for (const { key, value } of puts) this.#underWay.set(key, [...(this.#underWay.get(key) ?? []), value])
    return {
      [Symbol.dispose]: () => {
        for (const { key, value } of puts) {
          const others = this.#underWay.get(key)!.toSpliced(this.#underWay.get(key)!.indexOf(value), 1)
          if (others.length > 0) this.#underWay.set(key, others)
          else this.#underWay.delete(key)
        }
      },
    }
  }

  recognized(events: readonly StoreEvent[]): readonly StoreEvent[] {
    if (this.#underWay.size === 0) return events
    return events.map((e) => {
      if (e.type !== 'put') return e
      const own = this.#underWay.get(e.entry.key)?.find((value) => Buffer.compare(value, e.entry.value) === 0)
      return own === undefined ? e : { ...e, entry: { ...e.entry, value: own } }
    })
  }
}
