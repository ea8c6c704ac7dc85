/** Writes pods' statuses to the API: the newest one of each pod, retried until the API takes it. */

import { pods, type Pod, type PodStatus } from '#api/core/v1/pod.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'

export interface StatusWriter {
  /** Writes in the background; what has not changed is not written. */
  put(pod: Pod, status: PodStatus): void
  /** Resolves once the newest status of this pod is written, or the pod is gone. */
  written(uid: string): Promise<void>
  forget(uid: string): void
}

const RETRY_MS = 1_000

interface Entry {
  status: PodStatus
  pod: Pod
  sent: string | undefined
  work: Promise<void> | undefined
}

export function createStatusWriter(parts: {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}): StatusWriter {
  const { client, clock, log, signal } = parts
  const entries = new Map<string, Entry>()

  async function write(uid: string, entry: Entry): Promise<void> {
    await Promise.resolve() // the caller notes this work first
    while (!signal.aborted && entries.get(uid) === entry) {
      const { status } = entry
      const text = JSON.stringify(status)
      if (text === entry.sent) break
      try {
        await update(client, entry.pod, status)
        entry.sent = text
      } catch (error) {
        if (isReason(error, 'NotFound')) {
          entry.sent = text
          break
        }
        log.warn('pod status not written', { pod: entry.pod.metadata.name, error: String(error) })
        await sleep(clock, RETRY_MS, signal).catch(() => undefined)
      }
    }
    // in the same turn as the last look, so that no newer status slips between
    entry.work = undefined
  }

  return {
    put(pod, status) {
      const { uid } = pod.metadata
      let entry = entries.get(uid)
      if (entry === undefined) entries.set(uid, (entry = { status, pod, sent: undefined, work: undefined }))
      entry.status = status
      entry.pod = pod
      if (entry.work === undefined && JSON.stringify(status) !== entry.sent) entry.work = write(uid, entry)
    },
    async written(uid) {
      // a status put meanwhile is taken along by the same work
      await entries.get(uid)?.work
    },
    forget(uid) {
      entries.delete(uid)
    },
  }
}

/** The conditions that are the kubelet's to write. */
export const OWNED: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'])

const CONFLICTS_MAX = 5 // others write a pod's status too (gates, the node controller), but not in a row

/** Replaces the status, keeping conditions that others own as they are now. */
async function update(client: Client, known: Pod, status: PodStatus): Promise<void> {
  let base = known
  for (let attempt = 0; ; attempt++) {
    const conditions = [
      ...(status.conditions ?? []).filter((c) => OWNED.has(c.type)),
      ...(base.status.conditions ?? []).filter((c) => !OWNED.has(c.type)),
    ]
    const merged = attempt === 0 ? status : { ...status, conditions }
    try {
      await client.update(pods, { ...base, status: merged }, { subresource: 'status' })
      return
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt >= CONFLICTS_MAX) throw error
      const { namespace, name, uid } = base.metadata
      const fresh = await client.get(pods, { name, ...(namespace !== undefined && { namespace }) })
      if (fresh.metadata.uid !== uid) return // another pod of the same name: ours is gone
      base = fresh
    }
  }
}
