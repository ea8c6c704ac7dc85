/** A day of churn through the SQLite store on a virtual clock: what grows that should not. */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import type { Store, Write } from '#store/store.ts'
import { median, table, type Measured } from './figures.ts'

const HOURS = 24
const STEP_SECONDS = 5
const WRITES_PER_SECOND = 10
const HEARTBEATS_PER_SECOND = 20 // 200 nodes
const NODES = 200
const OBJECTS = 2_000
const VALUE_BYTES_MAX = 4_096
const HISTORY_SECONDS = 300 // the default
const LEASES = '/registry/leases/kube-node-lease/'
const COMPARED = 6 // hours, by their median
const FLAT = 1.15
const BAR = 30

interface Hour {
  readonly hour: number
  readonly fileMb: number
  readonly walMb: number
  readonly memoryMb: number
  readonly cpuMs: number
}

/** In a process of its own, as memory is measured. */
export async function benchChurn(): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename])
  const { hours, liveMb } = JSON.parse(stdout) as Day
  const historyMb = (HISTORY_SECONDS * 1.2 * WRITES_PER_SECOND * VALUE_BYTES_MAX) / 2 / 2 ** 20
  return { figures: figuresOf(hours, liveMb + historyMb), section: sectionOf(hours) }
}

interface Day {
  readonly hours: readonly Hour[]
  readonly liveMb: number
}

async function day(): Promise<Day> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-churn-'))
  try {
    const clock = new VirtualClock()
    await using store = await openSqliteStore({ directory, clock, log: silentLog, volatilePrefixes: [LEASES] })
    const mb = (name: string) => statSync(join(directory, name)).size / 2 ** 20
    const hours: Hour[] = []
    for (let hour = 1; hour <= HOURS; hour++) {
      const before = process.cpuUsage()
      await live(store, clock, hour)
      const { user, system } = process.cpuUsage(before)
      const memoryMb = process.memoryUsage.rss() / 2 ** 20
      hours.push({ hour, fileMb: mb('store.db'), walMb: mb('store.db-wal'), memoryMb, cpuMs: (user + system) / 1000 })
    }
    const { entries } = await store.range('/')
    return { hours, liveMb: entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0) / 2 ** 20 }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** An hour: objects are made, changed and deleted, nodes say that they are there. */
async function live(store: Store, clock: VirtualClock, hour: number): Promise<void> {
  const random = seededRandom(hour)
  for (let second = 0; second < 3600; second += STEP_SECONDS) {
    const commits: Promise<unknown>[] = []
    for (let i = 0; i < WRITES_PER_SECOND * STEP_SECONDS; i++) {
      const key = `/registry/pods/default/pod-${Math.floor(random.next() * OBJECTS)}`
      const value = Buffer.alloc(1 + Math.floor(random.next() * VALUE_BYTES_MAX), i)
      const write: Write = random.next() < 0.1 ? { type: 'delete', key } : { type: 'put', key, value }
      commits.push(store.commit({ expect: [], writes: [write] }))
    }
    for (let i = 0; i < HEARTBEATS_PER_SECOND * STEP_SECONDS; i++) {
      const key = `${LEASES}node-${Math.floor(random.next() * NODES)}`
      commits.push(store.commit({ expect: [], writes: [{ type: 'put', key, value: Buffer.alloc(300, i) }] }))
    }
    await Promise.all(commits)
    await clock.advance(STEP_SECONDS * 1000)
  }
}

function figuresOf(hours: readonly Hour[], keptMb: number): Measured['figures'] {
  const flat = (what: string, of: (hour: Hour) => number, unit: string) => {
    const early = median(hours.slice(2, 2 + COMPARED).map(of))
    const late = median(hours.slice(-COMPARED).map(of))
    return {
      what: `a day of churn: ${what}`,
      measured: `${early.toFixed(0)} ${unit} in hours 3 to ${2 + COMPARED}, ${late.toFixed(0)} ${unit} in the last ${COMPARED}`,
      budget: `flat, within ${Math.round((FLAT - 1) * 100)} %`,
      met: late <= early * FLAT,
    }
  }
  const biggest = Math.max(...hours.map((h) => h.fileMb))
  const longest = Math.max(...hours.map((h) => h.walMb))
  return [
    {
      what: 'a day of churn: the file',
      measured: `${biggest.toFixed(0)} MB at most, with about ${keptMb.toFixed(0)} MB of data and history in it`,
      budget: 'within 2x',
      met: biggest <= 2 * keptMb,
    },
    { what: 'a day of churn: the WAL', measured: `${longest.toFixed(0)} MB at most`, budget: '32 MB', met: longest <= 32 },
    flat('the file', (h) => h.fileMb, 'MB'),
    flat('memory of the process', (h) => h.memoryMb, 'MB'),
    flat('CPU', (h) => h.cpuMs, 'ms'),
  ]
}

function sectionOf(hours: readonly Hour[]): string {
  const most = Math.max(...hours.map((h) => h.fileMb))
  const rows = hours
    .filter((h) => h.hour === 1 || h.hour % 3 === 0)
    .map((h) => [
      `${h.hour}`,
      h.fileMb.toFixed(1),
      `\`${'#'.repeat(Math.round((h.fileMb / most) * BAR))}\``,
      h.walMb.toFixed(1),
      h.memoryMb.toFixed(0),
      h.cpuMs.toFixed(0),
    ])
  return `## A day of churn

\`bench/churn.ts\`: ${HOURS} hours on a virtual clock, ${WRITES_PER_SECOND} durable writes of up to 4 KB and ${HEARTBEATS_PER_SECOND} heartbeats a second over ${OBJECTS} objects, history of ${HISTORY_SECONDS / 60} minutes.
CPU is that of an hour's worth of writes, store and writer together.

${table(['hour', 'file MB', '', 'WAL MB', 'memory MB', 'CPU ms'], rows)}
`
}

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(await day()))
