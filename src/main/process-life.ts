/** How a process of several loops ends: when it is told to, or when one of them fails. */

import { sleep, systemClock } from '#base/clock.ts'

const STOP_MS = 5_000 // what ends on its own does so well within

/**
 * Waits until `stop` aborts, or until one of the loops fails or `failed` aborts, which rejects: whoever supervises the process starts
 * it anew. `failed` is aborted in any case, so that all loops that listen to it end.
 */
export async function untilStopped(loops: readonly Promise<void>[], stop: AbortSignal, failed: AbortController): Promise<void> {
  const all = Promise.all(loops)
  const broken = new Promise<never>((_, reject) => {
    if (failed.signal.aborted) reject(failed.signal.reason)
    else failed.signal.addEventListener('abort', () => reject(failed.signal.reason), { once: true })
  })
  const stopped = new Promise<void>((resolve) =>
    stop.aborted ? resolve() : stop.addEventListener('abort', () => resolve(), { once: true }),
  )
  try {
    await Promise.race([all, broken, stopped])
  } finally {
    all.catch(() => {})
    broken.catch(() => {})
    failed.abort(new Error('the process ends'))
    await Promise.race([Promise.allSettled(loops), sleep(systemClock, STOP_MS)])
  }
}
