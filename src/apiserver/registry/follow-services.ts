/** Follows the services that other servers on the same store write, so that no address or port of theirs is given again here. */

import type { Registry } from './registry.ts'
import type { StoredService } from './strategies/service.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

export interface FollowServicesParts {
  readonly services: Registry
  readonly clock: Clock
  readonly log: Log
  readonly moved: (before: StoredService | undefined, after: StoredService | undefined) => void
}

const RETRY_MS = 1000

/** Until `signal` aborts. */
export async function followServices({ services, clock, log, moved }: FollowServicesParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted)
    try {
      const { items, revision } = services.cache.list(services.prefix)
      for (const { object } of items) moved(undefined, object as unknown as StoredService)
      for await (const batch of services.cache.watch({ prefix: services.prefix, from: revision, signal }))
        for (const e of batch) {
          if (e.type === 'progress') continue
          const before = e.previous?.object as unknown as StoredService | undefined
          moved(before, e.type === 'put' ? (e.published.object as unknown as StoredService) : undefined)
        }
    } catch (error) {
      if (signal.aborted) return
      // what was freed meanwhile stays unused until the next start, which does no harm
      log.warn('lost track of the services of other servers', { error })
      await sleep(clock, RETRY_MS, signal).catch(() => {})
    }
}
