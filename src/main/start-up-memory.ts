/** Gives back the memory that only starting needed: V8 does not collect in an idle process on its own. */

import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sleep, systemClock } from '#base/clock.ts'

const SETTLED_MS = 5_000 // by then controllers have listed and the first clients are served
const IDLE = 0.1 // of the time between; collecting takes 0.1 s in an empty server, a few times that in a large one

/** Collects once, when there is little to do. Saves about 40 MB until there is work. */
export async function releaseStartUpMemory(signal: AbortSignal): Promise<void> {
  for (let busy = 1; busy > IDLE;) {
    const before = performance.eventLoopUtilization()
    try {
      await sleep(systemClock, SETTLED_MS, signal)
    } catch {
      return // it ends before
    }
    busy = performance.eventLoopUtilization(before).utilization
  }
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
  collect({ type: 'major', flavor: 'last-resort' })
}
