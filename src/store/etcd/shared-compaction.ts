/**
 * Compacts what is older than an interval, once for all API servers that share a cluster, ours and upstream's alike: they agree by
 * upstream's key `compact_rev_key`. Who finds it unchanged since last time writes it, and compacts up to where the store then was.
 */

import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Revision } from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import { RevisionGone } from './failures.ts'
import { COMPARE_VERSION, compact, transact } from './messages.ts'

export interface CompactionParts {
  readonly connection: EtcdConnection
  readonly clock: Clock
  readonly log: Log
  readonly everyMs: number
}

/** How often the key was written, and the store's revision, as of last time. */
export interface Round {
  readonly version: number
  readonly revision: Revision
}

const KEY = Buffer.from('compact_rev_key')

/** Resolves once `signal` aborts. */
export async function compactTogether(parts: CompactionParts, signal: AbortSignal): Promise<void> {
  let round: Round = { version: 0, revision: 0 }
  for (;;) {
    await sleep(parts.clock, parts.everyMs, signal).catch(() => {})
    if (signal.aborted) return
    try {
      round = await compactOnce(parts.connection, round)
    } catch (error) {
      if (!signal.aborted) parts.log.warn('the history could not be compacted', { error })
    }
  }
}

/** One round; answers what the next one starts from. */
export async function compactOnce(connection: EtcdConnection, last: Round): Promise<Round> {
  const { header, succeeded, responses } = await connection.call(
    transact,
    {
      compare: [{ target: COMPARE_VERSION, key: KEY, version: last.version }],
      success: [{ put: { key: KEY, value: Buffer.from(String(last.revision)) } }],
      failure: [{ range: { key: KEY } }],
    },
    'write',
  )
  const { revision } = header!
  // another server was faster; the key's version is what is expected next time
  if (!succeeded) return { version: responses[0]?.range?.kvs[0]?.version ?? 0, revision }
  if (last.revision > 0)
    await connection.call(compact, { revision: last.revision }, 'read').catch((error: unknown) => {
      if (!(error instanceof RevisionGone)) throw error
    })
  return { version: last.version + 1, revision }
}
