/** Follows all that happens in etcd, over one watch at a time, from member to member without gap or repetition. */

import type { ServiceError } from '@grpc/grpc-js'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Compacted, type Revision, type StoreEvent } from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import { FROM_HERE_ON, type KeySpace } from './key-space.ts'
import { watch } from './messages.ts'
import type { Read } from './protobuf.ts'

export interface FollowParts {
  readonly connection: EtcdConnection
  readonly keys: KeySpace
  readonly clock: Clock
  readonly log: Log
}

/** What one commit changed. A commit that changed keys that are none of ours has no events, but its revision counts. */
export interface Commit {
  readonly revision: Revision
  readonly events: readonly StoreEvent[]
}

const RETRY_MS = 100
const RETRY_MS_MAX = 2_000

export interface Followed {
  /** Called with every commit after `from`, in order. */
  readonly take: (commit: Commit) => void
  /** Commits are missing: the oldest revision that can still be read. The following goes on from what this answers. */
  readonly gap: (error: Compacted) => Promise<Revision>
  /** Whether commits arrive. */
  readonly connected: (yes: boolean) => void
}

/** Resolves once `signal` aborts. */
export async function follow(parts: FollowParts, from: Revision, followed: Followed, signal: AbortSignal): Promise<void> {
  let seen = from
  let pauseMs = RETRY_MS
  while (!signal.aborted)
    try {
      for await (const commit of commitsAfter(parts, seen, signal, () => followed.connected(true))) {
        seen = commit.revision
        pauseMs = RETRY_MS
        followed.take(commit)
      }
    } catch (error) {
      if (signal.aborted) return
      followed.connected(false)
      if (error instanceof Compacted) {
        parts.log.warn('the history went on without this server', { from: seen, compacted: error.compacted })
        seen = await followed.gap(error).catch(() => seen)
        continue
      }
      parts.log.info('the watch of etcd broke off and is resumed', { from: seen, error: (error as Error).message })
      await sleep(parts.clock, pauseMs, signal).catch(() => {})
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)
    }
}

/**
 * Every commit after `from`, until the watch breaks off (which throws) or `signal` aborts. Everything in etcd is watched, so that
 * each revision is seen, whatever was written: whoever has seen a revision has seen all before it.
 */
export async function* commitsAfter(
  { connection, keys }: FollowParts,
  from: Revision,
  signal: AbortSignal,
  opened: () => void = () => {},
): AsyncGenerator<Commit> {
  const { stream, failed } = await connection.open(watch, true)
  const abort = () => stream.cancel()
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    // `from` itself is asked for, too: deletions made at a compacted revision are forgotten, so one that follows it would be missed
    stream.write({
      create: {
        key: FROM_HERE_ON,
        rangeEnd: FROM_HERE_ON,
        startRevision: Math.max(from, 1),
        progressNotify: true,
        previous: true,
        fragment: true,
      },
    })
    let seen = from
    const fragments: Read<typeof watch.response>['events'][number][] = []
    for await (const response of stream as AsyncIterable<Read<typeof watch.response>>) {
      if (response.compactRevision > 0) throw new Compacted(response.compactRevision)
      if (response.canceled) throw failureOf(failed, response.cancelReason)
      if (response.created) opened()
      fragments.push(...response.events)
      if (response.fragment) continue
      for (let i = 0; i < fragments.length;) {
        const revision = fragments[i]!.kv!.modRevision
        const events: StoreEvent[] = []
        for (; i < fragments.length && fragments[i]!.kv!.modRevision === revision; i++) {
          const event = keys.event(fragments[i]!)
          if (event !== undefined) events.push(event)
        }
        if (revision <= seen) continue
        seen = revision
        yield { revision, events }
      }
      fragments.length = 0
    }
    throw new Error('etcd ended the watch')
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof Error && 'details' in error) throw failureOf(failed, error as ServiceError)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    stream.on('error', () => {}) // the cancellation's own
    stream.cancel()
  }
}

function failureOf(
  failed: (error: ServiceError) => { readonly type: string; readonly error?: Error },
  cause: string | ServiceError,
): Error {
  const error =
    typeof cause === 'string' ? Object.assign(new Error(cause), { code: 14, details: cause, metadata: undefined as never }) : cause
  const verdict = failed(error)
  return verdict.error ?? error
}
