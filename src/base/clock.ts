/** Time as a parameter: the system's clock for processes, a virtual one for tests and simulations. */

/** Milliseconds since the Unix epoch. */
export type Instant = number

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. */
  now(): Instant
  /** Milliseconds from an arbitrary start; never goes back. Use it for durations and deadlines. */
  monotonic(): number
  /** Calls `fire` once, `ms` from now, unless the timer is disposed before. A negative `ms` counts as 0. */
  timer(ms: number, fire: () => void): Disposable
}

/** Resolves after `ms`; rejects with the signal's reason as soon as that aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      timer[Symbol.dispose]()
      reject(signal?.reason)
    }
    const timer = clock.timer(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** RFC 3339 with whole seconds, as `metav1.Time` is written. */
export function timestamp(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** RFC 3339 with six digits of a second, as `metav1.MicroTime` is written. */
export function microTimestamp(at: Instant): string {
  const whole = Math.floor(at)
  const micros = Math.floor((at - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`
}

/** The machine's own clock. Only `src/main` and the public testing entry make one. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const handle = setTimeout(fire, Math.min(Math.max(ms, 0), TIMER_MS_MAX))
    return { [Symbol.dispose]: () => clearTimeout(handle) }
  },
}

const TIMER_MS_MAX = 2 ** 31 - 1 // what setTimeout takes; a longer delay would fire at once

interface Pending {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/**
 * A clock that stands still until it is driven. Timers fire in order of their time, then of their making; between two
 * of them the microtask and immediate queues are drained, so that what one timer wakes has settled before the next.
 */
export class VirtualClock implements Clock {
  #now: number
  readonly #start: number
  #order = 0
  readonly #pending: Pending[] = [] // a binary heap, earliest first
  readonly #settle: () => Promise<void>

  constructor(start: Instant = Date.UTC(2026, 0, 1), settle: () => Promise<void> = settled) {
    this.#now = start
    this.#start = start
    this.#settle = settle
  }

  now(): Instant {
    return this.#now
  }

  monotonic(): number {
    return this.#now - this.#start
  }

  timer(ms: number, fire: () => void): Disposable {
    let live = true
    this.#push({ at: this.#now + Math.max(ms, 0), order: this.#order++, fire: () => live && fire() })
    return {
      [Symbol.dispose]: () => {
        live = false
      },
    }
  }

  /** Lets `ms` pass, firing every timer that falls due, and returns once all work they caused has settled. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.#settle()
    for (let next = this.#pending[0]; next !== undefined && next.at <= until; next = this.#pending[0]) {
      this.#pop()
      this.#now = Math.max(this.#now, next.at)
      next.fire()
      await this.#settle()
    }
    this.#now = until
  }

  /** Lets time pass timer by timer until `done` holds; false when `withinMs` went by first. */
  async advanceUntil(done: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    const until = this.#now + withinMs
    await this.#settle()
    while (!(await done())) {
      const next = this.#pending[0]
      if (next === undefined || next.at > until) return false
      await this.advance(next.at - this.#now)
    }
    return true
  }

  #push(p: Pending): void {
    const heap = this.#pending
    heap.push(p)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!earlier(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): void {
    const heap = this.#pending
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && earlier(heap[child]!, heap[least]!)) least = child
      if (least === i) break
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

function earlier(a: Pending, b: Pending): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

const SETTLE_ROUNDS = 3 // immediates queued by immediates: in-process calls hop through at most two

async function settled(): Promise<void> {
  for (let i = 0; i < SETTLE_ROUNDS; i++) await new Promise((resolve) => setImmediate(resolve))
}
