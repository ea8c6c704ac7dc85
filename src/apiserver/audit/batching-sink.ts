/** Gathers audit events and hands them on in batches, so that requests do not wait for a log far away; more than its buffer holds is lost, and said so. */

import type { AuditEvent, AuditSink } from './event.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

export interface BatchOptions {
  /** Events waiting at most; more are dropped. */
  readonly bufferSize: number
  readonly batchSize: number
  /** A batch that does not fill goes after this long. */
  readonly waitMs: number
  /** Batches a second, on average; 0: as many as there are. */
  readonly perSecond: number
  /** Batches at once, after a pause. */
  readonly burst: number
}

export function openBatchingSink(
  sink: AuditSink,
  options: BatchOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): AuditSink & AsyncDisposable {
  const waiting: AuditEvent[] = []
  const handed = new Set<Promise<void>>()
  let timer: Disposable | undefined
  let tokens = options.burst
  let refilled = clock.monotonic()

  /** Milliseconds until a batch may go; takes its place when it is 0. */
  function takeTurn(): number {
    if (options.perSecond === 0) return 0
    const now = clock.monotonic()
    tokens = Math.min(options.burst, tokens + ((now - refilled) / 1000) * options.perSecond)
    refilled = now
    if (tokens < 1) return Math.ceil(((1 - tokens) / options.perSecond) * 1000)
    tokens--
    return 0
  }

  function hand(): void {
    const batch = waiting.splice(0, options.batchSize)
    const done = (async () => {
      try {
        await sink.write(batch)
      } catch (error) {
        log.error('audit events not delivered', { events: batch.length, error })
      }
    })()
    handed.add(done)
    void done.finally(() => handed.delete(done))
  }

  function plan(ms: number): void {
    timer?.[Symbol.dispose]()
    timer = clock.timer(ms, () => {
      timer = undefined
      go(true)
    })
  }

  /** `due`: what waits has waited long enough, however little it is. */
  function go(due: boolean): void {
    while (waiting.length >= options.batchSize || (due && waiting.length > 0)) {
      const ms = takeTurn()
      if (ms > 0) return plan(ms)
      hand()
    }
    if (waiting.length > 0 && timer === undefined) plan(options.waitMs)
  }

  return {
    write(events) {
      const room = options.bufferSize - waiting.length
      if (events.length > room) log.error('audit buffer full: events are lost', { lost: events.length - Math.max(room, 0) })
      waiting.push(...events.slice(0, Math.max(room, 0)))
      go(false)
    },
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]()
      while (waiting.length > 0) hand()
      await Promise.all(handed)
    },
  }
}
