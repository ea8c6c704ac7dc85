/**
 * The work queue of control loops: each key at most once waiting and once in work; failures come back later and later. Takers
 * that wait get keys by a timer of no delay, so that all that happens at one moment makes one round of work and not many.
 */

import type { Clock } from '#base/clock.ts'

const RETRY_MS_MIN = 5 // client-go's per-item limiter: 5 ms doubling to 1000 s
const RETRY_MS_MAX = 1_000_000
const BUCKET_PER_SECOND = 10 // client-go's overall limiter of retries: 10 a second, bursts of 100
const BUCKET_BURST = 100

/** What a queue tells of itself. */
export interface QueueState {
  readonly length: number
  readonly unfinishedSeconds: readonly number[]
}

/** Hears how a queue does. */
export interface QueueObserver {
  added(): void
  /** A key is taken, this long after it was added. */
  started(waitedMs: number): void
  finished(tookMs: number): void
  retried(): void
}

export class WorkQueue<K> {
  readonly #clock: Clock
  readonly #observer: QueueObserver | undefined
  /** When keys were added, and when those in work were taken; for the observer. */
  readonly #since = new Map<K, number>()
  readonly #startedAt = new Map<K, number>()
  readonly #ready: K[] = []
  #head = 0
  readonly #queued = new Set<K>()
  readonly #working = new Set<K>()
  /** Keys added while they were in work: they go round again. */
  readonly #again = new Set<K>()
  readonly #delayed = new Map<K, { readonly at: number; readonly timer: Disposable }>()
  readonly #failures = new Map<K, number>()
  readonly #takers: ((key: K | undefined) => void)[] = []
  #tokens = BUCKET_BURST
  #tokensAt: number
  #handingOut: Disposable | undefined
  #closed = false

  constructor(clock: Clock, observer?: (queue: QueueState) => QueueObserver) {
    this.#clock = clock
    this.#observer = observer?.(this)
    this.#tokensAt = clock.monotonic()
  }

  /** Keys waiting, those in work aside. */
  get length(): number {
    return this.#queued.size
  }

  /** Seconds that each key in work has been there. */
  get unfinishedSeconds(): readonly number[] {
    const now = this.#clock.monotonic()
    return [...this.#startedAt.values()].map((at) => (now - at) / 1000)
  }

  add(key: K): void {
    if (this.#closed || this.#queued.has(key) || this.#again.has(key)) return
    if (this.#observer) {
      this.#observer.added()
      this.#since.set(key, this.#clock.monotonic())
    }
    if (this.#working.has(key)) {
      this.#again.add(key)
      return
    }
    this.#enqueue(key)
  }

  #enqueue(key: K): void {
    if (this.#closed) return
    this.#queued.add(key)
    this.#ready.push(key)
    if (this.#takers.length > 0) this.#handingOut ??= this.#clock.timer(0, () => this.#handOut())
  }

  /** Adds the key once `ms` have passed; of several delays the earliest counts. */
  addAfter(key: K, ms: number): void {
    if (this.#closed) return
    if (ms <= 0) return this.add(key)
    const at = this.#clock.monotonic() + ms
    const old = this.#delayed.get(key)
    if (old !== undefined && old.at <= at) return
    old?.timer[Symbol.dispose]()
    const timer = this.#clock.timer(ms, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { at, timer })
  }

  /** Adds the key after a delay that doubles with each call until `forget`. */
  addRateLimited(key: K): void {
    const failures = this.#failures.get(key) ?? 0
    this.#observer?.retried()
    this.#failures.set(key, failures + 1)
    const own = Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 40), RETRY_MS_MAX)
    this.addAfter(key, Math.max(own, this.#takeToken()))
  }

  /** How often the key has come back since it was last forgotten. */
  retries(key: K): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: K): void {
    this.#failures.delete(key)
  }

  /** The next key, marked as in work until `done`; undefined once the queue is closed. */
  take(): Promise<K | undefined> {
    if (this.#handingOut === undefined && this.#head < this.#ready.length) return Promise.resolve(this.#next())
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  done(key: K): void {
    this.#working.delete(key)
    if (this.#observer) {
      this.#observer.finished(this.#clock.monotonic() - (this.#startedAt.get(key) ?? 0))
      this.#startedAt.delete(key)
    }
    if (this.#again.delete(key)) this.#enqueue(key)
  }

  /** One worker: takes keys until the queue is closed. Each step may say in how many milliseconds to look again; what fails comes back. */
  async workOff(step: (key: K) => Promise<number | undefined>, failed: (key: K, error: unknown) => void): Promise<void> {
    for (let key = await this.take(); key !== undefined; key = await this.take())
      try {
        const againMs = await step(key)
        this.forget(key)
        if (againMs !== undefined) this.addAfter(key, againMs)
      } catch (error) {
        failed(key, error)
        this.addRateLimited(key)
      } finally {
        this.done(key)
      }
  }

  /** Wakes all takers with undefined; nothing can be added any more. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]()
    this.#delayed.clear()
    this.#handOut()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #handOut(): void {
    this.#handingOut?.[Symbol.dispose]()
    this.#handingOut = undefined
    while (this.#takers.length > 0 && this.#head < this.#ready.length) this.#takers.shift()!(this.#next())
  }

  #next(): K {
    const key = this.#ready[this.#head++]!
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#head)
      this.#head = 0
    }
    this.#queued.delete(key)
    this.#working.add(key)
    if (this.#observer) {
      const now = this.#clock.monotonic()
      this.#observer.started(now - (this.#since.get(key) ?? now))
      this.#since.delete(key)
      this.#startedAt.set(key, now)
    }
    return key
  }

  /** Milliseconds until the overall limiter lets one more retry through. */
  #takeToken(): number {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(BUCKET_BURST, this.#tokens + ((now - this.#tokensAt) / 1000) * BUCKET_PER_SECOND)
    this.#tokensAt = now
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / BUCKET_PER_SECOND) * 1000
  }
}
