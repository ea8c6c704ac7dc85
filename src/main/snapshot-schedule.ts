/** Snapshots that a server takes by itself: one in each span of the schedule, the oldest removed once there are enough. */

import { randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep, type Clock, type Instant } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { Random } from '#base/random.ts'
import { plainly } from '#cli/data-directory.ts'
import { writeVerified } from './snapshot-file.ts'
import type { SnapshotPlace } from './snapshot-places.ts'

export interface SnapshotSchedule {
  readonly everyMs: number
  readonly retention: number
}

export interface SnapshotParts {
  /** What is to be kept, at its newest. */
  readonly snapshot: () => AsyncIterable<Uint8Array>
  readonly places: readonly SnapshotPlace[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
}

const CHECK_EVERY_MS = 60_000
const SPREAD_MS = 20_000 // servers that share a bucket look one after the other
const ABANDONED_MS = 24 * 3600 * 1000 // no snapshot takes that long
const NAME = /^k8ts-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-\d+\.snapshot\.gz$/
const UNFINISHED = /^k8ts-[0-9a-f]{16}\.unfinished$/

/** Goes on until the signal aborts; then nothing is under way any more. */
export async function runSnapshotSchedule(schedule: SnapshotSchedule, parts: SnapshotParts, signal: AbortSignal): Promise<void> {
  const taken = parts.metrics.counter({ name: 'k8ts_snapshots_total', help: 'Scheduled snapshots.', labels: ['place', 'result'] })
  const last = parts.metrics.gauge({
    name: 'k8ts_snapshot_last_success_timestamp_seconds',
    help: 'When the newest scheduled snapshot was taken.',
    labels: ['place'],
  })
  for (const { type } of parts.places) for (const result of ['success', 'failure']) taken.of(type, result)
  await Promise.all(
    parts.places.map((place) =>
      keepTaking(
        {
          taken: (result) => taken.of(place.type, result).inc(),
          newest: (at) => (last.of(place.type).value = at / 1000),
        },
        place,
        schedule,
        parts,
        signal,
      ),
    ),
  )
}

/** Whether the span that `now` lies in has none yet. Spans are counted from the epoch, so all servers agree on them. */
export function isDue(names: readonly string[], now: Instant, { everyMs }: SnapshotSchedule): boolean {
  return !names.some((name) => spanOf(takenAt(name), everyMs) === spanOf(now, everyMs))
}

/** What may go: never the newest, nor the newest of those that are not from the future (a clock may have been wrong), and nothing else's. */
export function excess(names: readonly string[], now: Instant, { everyMs, retention }: SnapshotSchedule): readonly string[] {
  const ours = names.filter((name) => takenAt(name) !== undefined).toSorted((a, b) => takenAt(b)! - takenAt(a)! || (a < b ? 1 : -1))
  const present = ours.find((name) => spanOf(takenAt(name), everyMs)! <= spanOf(now, everyMs)!)
  return ours.slice(Math.max(retention, 1)).filter((name) => name !== present)
}

/** Undefined for names that no schedule gives. */
function takenAt(name: string): Instant | undefined {
  const found = NAME.exec(name)
  if (found === null) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number]
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function snapshotName(at: Instant, revision: number): string {
  return `k8ts-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${revision}.snapshot.gz`
}

function spanOf(at: Instant | undefined, everyMs: number): number | undefined {
  return at === undefined ? undefined : Math.floor(at / everyMs)
}

interface Counted {
  taken(result: 'success' | 'failure'): void
  newest(at: Instant): void
}

async function keepTaking(
  counted: Counted,
  place: SnapshotPlace,
  schedule: SnapshotSchedule,
  parts: SnapshotParts,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = parts
  let done: number | undefined // the span that needs nothing more
  for (let isFirst = true; !signal.aborted; isFirst = false)
    try {
      if (!isFirst) await sleep(clock, CHECK_EVERY_MS - (clock.now() % CHECK_EVERY_MS), signal)
      if (done === spanOf(clock.now(), schedule.everyMs)) continue
      if (place.shared && !isFirst) await sleep(clock, random.next() * SPREAD_MS, signal)
      const now = clock.now()
      if ((await taken(now, counted, place, schedule, parts, signal)) && (await thinned(now, place, schedule, parts, signal)))
        done = spanOf(now, schedule.everyMs)
    } catch (error) {
      if (!signal.aborted) throw error
    }
}

/** Whether there is one for the span of `now`, be it from before. */
async function taken(
  now: Instant,
  counted: Counted,
  place: SnapshotPlace,
  schedule: SnapshotSchedule,
  parts: SnapshotParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { log } = parts
  try {
    const names = await place.list(signal)
    if (!isDue(names, now, schedule)) {
      counted.newest(Math.max(...names.map((name) => takenAt(name) ?? 0).filter((at) => at < now + schedule.everyMs)))
      return true
    }
    const name = await take(now, place, parts, signal)
    counted.taken('success')
    counted.newest(now)
    log.info('snapshot taken', { place: place.where, name })
    return true
  } catch (error) {
    if (signal.aborted) return false
    counted.taken('failure')
    log.error('a scheduled snapshot failed and is tried again at the next minute', { place: place.where, error: plainly(error) })
    return false
  }
}

async function thinned(
  now: Instant,
  place: SnapshotPlace,
  schedule: SnapshotSchedule,
  { log }: SnapshotParts,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for (const name of excess(await place.list(signal), now, schedule)) {
      await place.remove(name, signal)
      log.info('old snapshot removed', { place: place.where, name })
    }
    return true
  } catch (error) {
    if (!signal.aborted)
      log.error('old snapshots could not be removed, which is tried again at the next minute', {
        place: place.where,
        error: plainly(error),
      })
    return false
  }
}

async function take(now: Instant, place: SnapshotPlace, { snapshot, clock }: SnapshotParts, signal: AbortSignal): Promise<string> {
  const scratch = await place.scratch()
  await removeAbandoned(scratch, clock.now())
  const unfinished = join(scratch, `k8ts-${randomBytes(8).toString('hex')}.unfinished`)
  try {
    const { revision } = await writeVerified(snapshot(), unfinished, { compressed: true, signal })
    const name = snapshotName(now, revision)
    await place.keep(unfinished, name, signal)
    return name
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** Of servers that were killed. */
async function removeAbandoned(directory: string, now: Instant): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!UNFINISHED.test(name)) continue
    const { mtimeMs } = await stat(join(directory, name))
    if (now - mtimeMs > ABANDONED_MS) await rm(join(directory, name), { force: true })
  }
}
