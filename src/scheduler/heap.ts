/** A binary heap, least first, from which anything can be removed. */

export class Heap<T> {
  readonly #items: T[] = []
  readonly #at = new Map<T, number>()
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#up(this.#items.length - 1)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  remove(item: T): boolean {
    const at = this.#at.get(item)
    if (at === undefined) return false
    this.#at.delete(item)
    const last = this.#items.pop()!
    if (last === item) return true
    this.#put(last, at)
    this.#up(at)
    this.#down(this.#at.get(last)!)
    return true
  }

  #put(item: T, at: number): void {
    this.#items[at] = item
    this.#at.set(item, at)
  }

  #up(from: number): void {
    const item = this.#items[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#compare(item, this.#items[parent]!) >= 0) break
      this.#put(this.#items[parent]!, at)
      at = parent
    }
    this.#put(item, at)
  }

  #down(from: number): void {
    const item = this.#items[from]!
    let at = from
    for (;;) {
      let least = 2 * at + 1
      if (least >= this.#items.length) break
      if (least + 1 < this.#items.length && this.#compare(this.#items[least + 1]!, this.#items[least]!) < 0) least++
      if (this.#compare(item, this.#items[least]!) <= 0) break
      this.#put(this.#items[least]!, at)
      at = least
    }
    this.#put(item, at)
  }
}
