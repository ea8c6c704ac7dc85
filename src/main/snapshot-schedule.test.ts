import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock, type Clock } from '#base/clock.ts'
import { silentLog, type Log } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { seededRandom } from '#base/random.ts'
import { encodeSnapshot } from '#store/snapshot/format.ts'
import { StoreUnavailable } from '#store/store.ts'
import { directoryPlace } from './snapshot-places.ts'
import { excess, isDue, runSnapshotSchedule } from './snapshot-schedule.ts'

const HOUR_MS = 3600_000
const hourly = { everyMs: HOUR_MS, retention: 2 }
const at = (text: string) => Date.parse(`2026-01-01T${text}Z`)
const named = (time: string, revision = 7) => `k8ts-20260101T${time}Z-${revision}.snapshot.gz`

test('one snapshot is due in each span of the schedule, and other files are none', () => {
  const names = [named('010500'), 'k8ts-20260101T020500Z-7.snapshot', 'notes', `${named('020500')}.unfinished`]
  deepEqual(
    ['01:00:00', '01:59:59', '02:00:00', '00:59:59'].map((time) => isDue(names, at(time), hourly)),
    [false, false, true, true],
  )
})

test('all but the newest go, and nothing that is not of the schedule', () => {
  const names = [named('030000'), 'kept.gz', named('010000'), 'k8ts-1.unfinished', named('020000'), named('000000')]
  deepEqual(excess(names, at('03:10:00'), hourly), [named('010000'), named('000000')])
  deepEqual(excess(names, at('03:10:00'), { everyMs: HOUR_MS, retention: 9 }), [])
})

test('files of a clock that was ahead do not push out the newest that is not from the future', () => {
  const future = ['k8ts-20300101T000000Z-9.snapshot.gz', 'k8ts-20300102T000000Z-9.snapshot.gz']
  deepEqual(excess([...future, named('030000'), named('020000')], at('03:10:00'), hourly), [named('020000')])
})

test('taken at the start and in each hour; a failure is counted, said, and mended a minute later', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-schedule-'))
  try {
    writeFileSync(join(directory, 'mine.txt'), 'x')
    let sleeping = 0 // files take real time: what was woken has settled once it sleeps again
    const clock = new VirtualClock(at('00:30:30'), async () => {
      while (sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
    })
    const watched: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      timer(ms, fire) {
        sleeping++
        return clock.timer(ms, () => {
          sleeping--
          fire()
        })
      },
    }
    const metrics = new Metrics()
    const said: unknown[] = []
    const log: Log = { ...silentLog, error: (message, fields) => said.push([message, fields]) }
    const stop = new AbortController()
    let isFailing = false
    let revision = 10
    const running = runSnapshotSchedule(
      hourly,
      {
        async *snapshot() {
          yield* encodeSnapshot({ revision: revision++, compacted: 0 }, pages())
          if (isFailing) throw new StoreUnavailable('unreachable', 'the store went away')
        },
        places: [directoryPlace(directory)],
        clock: watched,
        random: seededRandom(1),
        log,
        metrics,
      },
      stop.signal,
    )
    await clock.advance(60_000)
    deepEqual(readdirSync(directory), [named('003030', 10), 'mine.txt'])
    isFailing = true
    await clock.advance(at('01:00:30') - clock.now())
    deepEqual(
      [said, readdirSync(directory)],
      [
        [['a scheduled snapshot failed and is tried again at the next minute', { place: directory, error: 'the store went away' }]],
        [named('003030', 10), 'mine.txt'],
      ],
    )
    isFailing = false
    await clock.advance(60_000)
    deepEqual(readdirSync(directory), [named('003030', 10), named('010100', 12), 'mine.txt'])
    await clock.advance(HOUR_MS)
    deepEqual(readdirSync(directory), [named('010100', 12), named('020000', 13), 'mine.txt'])
    stop.abort()
    await running
    equal(
      metrics
        .text()
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .join('\n'),
      `k8ts_snapshots_total{place="directory",result="success"} 3
k8ts_snapshots_total{place="directory",result="failure"} 1
k8ts_snapshot_last_success_timestamp_seconds{place="directory"} ${at('02:00:00') / 1000}
`,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

async function* pages() {
  yield [{ key: '/registry/configmaps/default/a', value: Buffer.from('{}'), createRevision: 2, modRevision: 2, version: 1 }]
}
