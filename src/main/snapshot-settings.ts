/** Scheduled snapshots as the command line asks for them. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { Random } from '#base/random.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { durationMs } from '#schema/duration.ts'
import { directoryPlace, type SnapshotPlace } from './snapshot-places.ts'
import { runSnapshotSchedule, type SnapshotSchedule } from './snapshot-schedule.ts'

export const snapshotSettings = settings({
  snapshotSchedule: {
    type: 'string',
    flag: 'snapshot-schedule',
    help: 'Take a snapshot of all that is stored this often, such as 6h or 30m; spans are counted in UTC',
    placeholder: 'INTERVAL',
  },
  snapshotRetention: {
    type: 'int',
    flag: 'snapshot-retention',
    help: 'Scheduled snapshots that are kept; older ones are removed',
    default: 5,
    min: 1,
  },
  snapshotDirectory: { type: 'string', flag: 'snapshot-dir', help: 'Folder for scheduled snapshots' },
})

const EVERY_MS_MIN = 60_000 // it is looked once a minute what is due

export interface ScheduledSnapshots {
  readonly schedule: SnapshotSchedule
  readonly places: readonly SnapshotPlace[]
}

/** Undefined where none are asked for. Throws `UsageError` and `OperatorError`. */
export function scheduledSnapshotsOf(
  asked: Values<typeof snapshotSettings> & { readonly readOnly: boolean },
): ScheduledSnapshots | undefined {
  const { snapshotSchedule: text, snapshotDirectory: directory } = asked
  if (text === undefined) {
    if (directory !== undefined) throw new UsageError('--snapshot-dir goes with --snapshot-schedule, which says how often')
    return undefined
  }
  if (asked.readOnly) throw new UsageError('--snapshot-schedule saves the present, and --read-only shows the past')
  const schedule = { everyMs: everyMs(text), retention: asked.snapshotRetention }
  const places = directory === undefined ? [] : [directoryPlace(directory)]
  if (places.length === 0) throw new UsageError('--snapshot-schedule needs a place for its files: --snapshot-dir')
  return { schedule, places }
}

/** Takes snapshots until it is disposed. */
export function startSnapshots(
  { schedule, places }: ScheduledSnapshots,
  parts: {
    readonly snapshot: () => AsyncIterable<Uint8Array>
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
    readonly metrics: Metrics
  },
): AsyncDisposable {
  const stop = new AbortController()
  const running = runSnapshotSchedule(schedule, { ...parts, places }, stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the server ends'))
      await running
    },
  }
}

function everyMs(text: string): number {
  const refused = (why: string) => new UsageError(`invalid argument ${JSON.stringify(text)} for "--snapshot-schedule" flag: ${why}`)
  if (/[\s*@]/.test(text)) throw refused('cron expressions are not taken here; expected an interval such as 6h or 30m')
  const ms = durationMs(text)
  if (ms === undefined) throw refused('expected an interval such as 6h or 30m')
  if (ms < EVERY_MS_MIN) throw refused('expected one minute or more')
  return ms
}
