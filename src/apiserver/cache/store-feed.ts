/** The one subscription to the store that all watch caches of a server share, so that each knows how far the store has got. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Revision, Store } from '#store/store.ts'

export interface StoreFeed extends AsyncDisposable {
  readonly store: Store
  readonly clock: Clock
  /** Everything up to here has been handed to the caches. */
  readonly revision: Revision
  waitUntil(revision: Revision, timeoutMs: number): Promise<boolean>
}

export interface StoreFeedParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/** Follows `store` from its present revision on. */
export async function openStoreFeed(parts: StoreFeedParts): Promise<StoreFeed> {
  throw new Error(`the store cannot be followed yet from ${await parts.store.revision()}`)
}
