/** The recent changes of one resource, oldest first, from which watches resume and lists of a moment ago are made. */

import type { KubeObject } from '#schema/resource.ts'
import type { Revision } from '#store/store.ts'
import type { CacheEvent } from './watch-cache.ts'

export type Change<T extends KubeObject> = Exclude<CacheEvent<T>, { readonly type: 'progress' }>

export const WINDOW_EVENTS_MAX = 5000 // each holds an object that may be gone, about 5 KB; older ones are read from the store's history

export class EventWindow<T extends KubeObject> {
  /** Every event after this revision is here. */
  from: Revision
  readonly #events: Change<T>[] = []
  #start = 0

  constructor(from: Revision) {
    this.from = from
  }

  push(event: Change<T>): void {
    this.#events.push(event)
    if (this.#events.length - this.#start <= WINDOW_EVENTS_MAX) return
    const dropped = this.#events[this.#start]!
    this.#events[this.#start++] = undefined as never
    this.from = dropped.revision
    if (this.#start >= WINDOW_EVENTS_MAX) {
      this.#events.splice(0, this.#start)
      this.#start = 0
    }
  }

  /** Events with a higher revision than `revision`, which is not below `from`. */
  after(revision: Revision): readonly Change<T>[] {
    let low = this.#start
    for (let high = this.#events.length; low < high;) {
      const middle = (low + high) >> 1
      if (this.#events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#events.slice(low)
  }

  /** Forgets everything; from now on it holds what comes after `from`. */
  restart(from: Revision): void {
    this.#events.length = 0
    this.#start = 0
    this.from = from
  }
}
