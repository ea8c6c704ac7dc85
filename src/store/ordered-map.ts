/** A map from keys to values that can be walked in key order from any key: a list of sorted chunks beside a hash map. */

import { compareKeys } from './keys.ts'

interface Chunk<V> {
  readonly keys: string[]
  readonly values: V[]
}

const CHUNK_ENTRIES_MAX = 256 // an insert moves at most 2 KB of pointers; 150 000 keys make about 1 000 chunks

export class OrderedMap<V> {
  readonly #hashed = new Map<string, V>()
  readonly #chunks: Chunk<V>[] = []

  get size(): number {
    return this.#hashed.size
  }

  get(key: string): V | undefined {
    return this.#hashed.get(key)
  }

  set(key: string, value: V): void {
    const known = this.#hashed.has(key)
    this.#hashed.set(key, value)
    const at = Math.max(0, this.#chunkOf(key))
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] })
      return
    }
    const i = lowerBound(chunk.keys, key)
    if (known) {
      chunk.values[i] = value
      return
    }
    chunk.keys.splice(i, 0, key)
    chunk.values.splice(i, 0, value)
    if (chunk.keys.length > CHUNK_ENTRIES_MAX) {
      // keys that arrive in order leave full chunks behind rather than half-full ones
      const half = i === CHUNK_ENTRIES_MAX ? CHUNK_ENTRIES_MAX : CHUNK_ENTRIES_MAX / 2
      this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(half), values: chunk.values.splice(half) })
    }
  }

  delete(key: string): boolean {
    if (!this.#hashed.delete(key)) return false
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]!
    const i = lowerBound(chunk.keys, key)
    chunk.keys.splice(i, 1)
    chunk.values.splice(i, 1)
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1)
    return true
  }

  clear(): void {
    this.#hashed.clear()
    this.#chunks.length = 0
  }

  /**
   * Values of keys with `prefix`, in key order, those strictly after `after` when given, at most `limit` of them (0: all);
   * `more` counts the rest.
   */
  under(prefix: string, after?: string, limit = 0): { readonly values: V[]; readonly more: number } {
    const values: V[] = []
    let more = 0
    this.#spans(prefix, after, (chunk, from, to) => {
      const take = limit === 0 ? to - from : Math.min(to - from, limit - values.length)
      for (let i = from; i < from + take; i++) values.push(chunk.values[i]!)
      more += to - from - take
    })
    return { values, more }
  }

  /** Keys and values under a prefix, in key order. The map must not change meanwhile. */
  *entries(prefix: string): Generator<readonly [string, V]> {
    const spans: [Chunk<V>, number, number][] = []
    this.#spans(prefix, undefined, (...span) => spans.push(span))
    for (const [chunk, from, to] of spans) for (let i = from; i < to; i++) yield [chunk.keys[i]!, chunk.values[i]!]
  }

  count(prefix: string): number {
    let count = 0
    this.#spans(prefix, undefined, (_, from, to) => (count += to - from))
    return count
  }

  #spans(prefix: string, after: string | undefined, visit: (chunk: Chunk<V>, from: number, to: number) => void): void {
    const start = after !== undefined && compareKeys(after, prefix) >= 0 ? after : prefix
    for (let at = Math.max(0, this.#chunkOf(start)), first = true; at < this.#chunks.length; at++, first = false) {
      const chunk = this.#chunks[at]!
      let from = first ? lowerBound(chunk.keys, start) : 0
      if (first && chunk.keys[from] === after) from++
      if (from === chunk.keys.length) continue
      if (chunk.keys.at(-1)!.startsWith(prefix)) {
        visit(chunk, from, chunk.keys.length)
        continue
      }
      let to = from
      for (let high = chunk.keys.length; to < high;) {
        const middle = (to + high) >> 1
        if (chunk.keys[middle]!.startsWith(prefix)) to = middle + 1
        else high = middle
      }
      if (to > from) visit(chunk, from, to)
      return
    }
  }

  /** The chunk in which `key` is or belongs: the last that begins at or before it; -1 before all. */
  #chunkOf(key: string): number {
    let low = 0
    for (let high = this.#chunks.length; low < high;) {
      const middle = (low + high) >> 1
      if (compareKeys(this.#chunks[middle]!.keys[0]!, key) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** Index of the first key not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  for (let high = keys.length; low < high;) {
    const middle = (low + high) >> 1
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
