/** A loop over keys for controllers whose step has to ask someone before it can decide. */

import type { Log } from '#base/log.ts'
import { isReason } from '#client/client.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { WorkQueue } from '#client/work-queue.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { RunnerParts } from './runner.ts'

export interface KeyedLoop<T extends KubeObject> {
  readonly name: string
  readonly primary: Resource<T>
  readonly workers?: number
  /** Answers after how many milliseconds to look again; a failure comes back by itself, later and later. */
  readonly sync: (object: T, key: Key) => Promise<number | undefined>
}

const WORKERS = 5

/** Call it before the informers start; the returned function runs until `signal` aborts. */
export function prepareKeyedLoop<T extends KubeObject>(loop: KeyedLoop<T>, parts: RunnerParts): (signal: AbortSignal) => Promise<void> {
  const informer = parts.informers.for(loop.primary)
  const log = parts.log.with({ controller: loop.name })
  return async (signal) => {
    await parts.informers.synced(signal)
    const queue = new WorkQueue<Key>(parts.clock, parts.queues?.(loop.name))
    const stop = () => queue.close()
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    using _ = informer.subscribe((change) => queue.add(keyOf(change.object)))

    const sync = async (key: Key) => {
      const object = informer.get(key)
      return object === undefined ? undefined : loop.sync(object, key)
    }
    const failed = syncFailed(log, signal)
    await Promise.all(Array.from({ length: loop.workers ?? WORKERS }, () => queue.workOff(sync, failed)))
  }
}

/** Logs why a key comes back: what another write has overtaken is not worth a warning. */
export function syncFailed(log: Log, signal: AbortSignal): (key: Key, error: unknown) => void {
  return (key, error) => {
    const passing = isReason(error, 'Conflict') || isReason(error, 'NotFound') || signal.aborted
    log[passing ? 'debug' : 'warn']('sync failed, will retry', { key, error: (error as Error).message })
  }
}
