/** Growing pauses between attempts at the same thing: restarts of a container, pulls of an image. */

import type { Instant } from '#base/clock.ts'

const FIRST_MS = 10_000 // upstream's start for crash loops and image pulls
const MOST_MS = 300_000
const FORGET_MS = 2 * MOST_MS // an attempt this much later starts anew: upstream's 10 minutes

export class BackOff {
  readonly #entries = new Map<string, { pauseMs: number; at: Instant }>()

  /** How long `key` must still wait at `now`, if its last attempt ended at `since`; 0 when it may go on. */
  remaining(key: string, since: Instant, now: Instant): number {
    const entry = this.#entries.get(key)
    if (entry === undefined || since - entry.at > FORGET_MS) return 0
    return Math.max(0, since + entry.pauseMs - now)
  }

  /** The last failed attempt is the one `next` was told; how long after it `key` must wait. */
  remainingSinceLast(key: string, now: Instant): number {
    const entry = this.#entries.get(key)
    return entry === undefined ? 0 : this.remaining(key, entry.at, now)
  }

  /** The pause in force for `key`, for messages. */
  pauseMs(key: string): number {
    return this.#entries.get(key)?.pauseMs ?? 0
  }

  /** Notes an attempt: the next one waits twice as long as this one did. */
  next(key: string, at: Instant): void {
    const entry = this.#entries.get(key)
    if (entry === undefined || at - entry.at > FORGET_MS) this.#entries.set(key, { pauseMs: FIRST_MS, at })
    else this.#entries.set(key, { pauseMs: Math.min(entry.pauseMs * 2, MOST_MS), at })
  }

  /** Forgets every key that starts with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }
}

/** Go's text of a duration of whole seconds: 10s, 1m20s, 5m0s. */
export function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}m${seconds % 60}s`
    : `${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`
}
