/** A file that is read again when it changes. */

import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'

const LOOK_EVERY_MS = 1000 // one stat each; notifications would miss the links that mounted ConfigMaps are made of

/**
 * Calls `changed` with the new text whenever the file has become another one, and again every minute while it throws, as what stood in the
 * way may lie elsewhere.
 */
export function onFileChange(path: string, clock: Clock, changed: (text: string) => Promise<void>): Disposable {
  let seen = stateOf(path)
  let failedAt: number | undefined
  let stopped = false
  let timer: Disposable
  const look = async () => {
    const state = stateOf(path)
    const again = failedAt !== undefined && clock.monotonic() - failedAt >= AGAIN_MS
    if (state !== undefined && (state !== seen || again)) {
      seen = state
      try {
        await changed(readFileSync(path, 'utf8'))
        failedAt = undefined
      } catch {
        failedAt = clock.monotonic()
      }
    }
    if (!stopped) timer = clock.timer(LOOK_EVERY_MS, () => void look())
  }
  timer = clock.timer(LOOK_EVERY_MS, () => void look())
  return {
    [Symbol.dispose]() {
      stopped = true
      timer[Symbol.dispose]()
    },
  }
}

const AGAIN_MS = 60_000

/** Undefined while it cannot be looked at. */
function stateOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch {
    return undefined
  }
}
