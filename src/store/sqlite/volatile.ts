/** The keys that are kept in memory only, with their recent history: heartbeats, which a restart may forget. */

import { OrderedMap } from '../ordered-map.ts'
import { Compacted, type Entry, type Revision } from '../store.ts'

export interface VolatileEvent {
  readonly revision: Revision
  /** Which of its commit's writes it was. */
  readonly place: number
  readonly key: string
  /** Absent for a deletion. */
  readonly entry?: Entry
  readonly previous?: Entry
}

const VOLATILE_EVENTS_MAX = 20_000 // 40 s of heartbeats of 5 000 nodes, about 10 MB

export class Volatile {
  readonly #prefixes: readonly string[]
  readonly #live = new OrderedMap<Entry>()
  readonly #past: VolatileEvent[] = []
  #pastStart = 0
  /** The history is complete after this revision. */
  #from: Revision

  constructor(prefixes: readonly string[], from: Revision) {
    this.#prefixes = prefixes
    this.#from = from
  }

  holds(key: string): boolean {
    return this.#prefixes.some((p) => key.startsWith(p))
  }

  /** Whether keys with `prefix` may be among these. */
  touches(prefix: string): boolean {
    return this.#prefixes.some((p) => p.startsWith(prefix) || prefix.startsWith(p))
  }

  get(key: string): Entry | undefined {
    return this.#live.get(key)
  }

  apply(event: VolatileEvent): void {
    if (event.entry) this.#live.set(event.key, event.entry)
    else this.#live.delete(event.key)
    this.#past.push(event)
    if (this.#past.length - this.#pastStart > VOLATILE_EVENTS_MAX) this.forget(this.#past[this.#pastStart]!.revision)
  }

  /** Takes back the newest events, down to `revision`. */
  undo(revision: Revision): void {
    while (this.#past.length > this.#pastStart && this.#past.at(-1)!.revision > revision) {
      const { key, previous } = this.#past.pop()!
      if (previous) this.#live.set(key, previous)
      else this.#live.delete(key)
    }
  }

  forget(until: Revision): void {
    this.#from = Math.max(this.#from, until)
    while (this.#pastStart < this.#past.length && this.#past[this.#pastStart]!.revision <= until)
      this.#past[this.#pastStart++] = undefined as never
    if (this.#pastStart > VOLATILE_EVENTS_MAX) {
      this.#past.splice(0, this.#pastStart)
      this.#pastStart = 0
    }
  }

  /** Entries under `prefix` as of `at`, in key order. Throws `Compacted`. */
  entriesAt(at: Revision, prefix: string): Entry[] {
    const changed = new Map<string, Entry | undefined>()
    for (const e of this.after(at, prefix)) if (!changed.has(e.key)) changed.set(e.key, e.previous)
    if (changed.size === 0) return this.#live.under(prefix).values
    const then = new OrderedMap<Entry>()
    for (const [key, entry] of this.#live.entries(prefix)) then.set(key, entry)
    for (const [key, entry] of changed) {
      if (entry) then.set(key, entry)
      else then.delete(key)
    }
    return then.under('').values
  }

  /** Events under `prefix` with a higher revision than `revision`. Throws `Compacted`. */
  after(revision: Revision, prefix: string): VolatileEvent[] {
    if (revision < this.#from) throw new Compacted(this.#from)
    const events: VolatileEvent[] = []
    for (let i = this.#past.length - 1; i >= this.#pastStart && this.#past[i]!.revision > revision; i--)
      if (this.#past[i]!.key.startsWith(prefix)) events.push(this.#past[i]!)
    return events.toReversed()
  }

  /** Keys put with `lease`. */
  leased(lease: string): string[] {
    return this.#live.under('').values.flatMap((e) => (e.lease === lease ? [e.key] : []))
  }
}
