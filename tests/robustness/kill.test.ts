/** A server killed at any moment loses no write it has acknowledged, tears none apart and gives no revision twice. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { FAILPOINTS, type Failpoint } from '#store/sqlite/failpoints.ts'
import { DATABASE_FILE } from '#store/sqlite/schema.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { KEYS } from './kill-plan.ts'

const SEED = Number(process.env['K8TS_TEST_SEED'] ?? 1)
const LONG = process.env['K8TS_LONG'] === '1'
const KILLS = LONG ? 1000 : 50
const TO_FAILPOINT_MS_MAX = 20_000
/** How often a process may pass by some failpoints before it ends there; once at the others, which it seldom comes by. */
const PASSED_MAX: Partial<Record<Failpoint, number>> = {
  'before append': 60,
  'after append': 60,
  'before sync': 20,
  'after sync': 20,
  'before reply': 20,
  'after reply': 20,
  'in sweep': 3,
  'after sweep': 3,
  'before snapshot': 2,
  'after snapshot': 2,
}

interface Acknowledged {
  readonly revision: number
  readonly client: number
  readonly key: string
  readonly value: string | null
}

test(`after ${KILLS} kills every acknowledged write is there (seed ${SEED})`, { timeout: LONG ? 3_600_000 : 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-kill-'))
  const random = seededRandom(SEED)
  /** The last acknowledged write of each durable key. */
  const last = new Map<string, Acknowledged>()
  let newest = 1
  let count = 0
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      // each other one at a failpoint, all of them in turn; the first makes the file
      const point = kill % 2 === 0 ? FAILPOINTS[(kill / 2) % FAILPOINTS.length]! : undefined
      const end = point ? { point, time: 1 + Math.floor(random.next() * (PASSED_MAX[point] ?? 1)) } : { afterMs: random.next() * 150 }
      if (point === 'in schema' && kill > 0) makeOld(directory)
      const { opened, writes } = await writeUntilKilled(directory, SEED * 1000 + kill, end)
      if (opened === undefined) continue
      ok(opened >= newest, `opened at revision ${opened}, though ${newest} had been acknowledged`)
      for (const w of writes) {
        ok(w.revision > opened || w.value === null, `revision ${w.revision} was given before`)
        newest = Math.max(newest, w.revision)
        if (w.key.startsWith(KEYS)) last.set(w.key, w)
      }
      count += writes.length

      await using store = await openSqliteStore({ directory, clock: new VirtualClock(), log: silentLog, historyMs: 0 })
      ok((await store.revision()) >= newest)
      const stored = new Map((await store.range(KEYS)).entries.map((e) => [e.key, e]))
      for (const [key, w] of last) {
        const entry = stored.get(key)
        // a later write of the same key may have become durable without its acknowledgement coming through
        if (entry !== undefined && entry.modRevision > w.revision) continue
        if (entry === undefined && w.value !== null) {
          ok(await deletedAfter(store, key, w.revision), `${key} of revision ${w.revision} is lost`)
          last.set(key, { ...w, value: null }) // by the next kill the history that tells of it may be compacted
        } else equal(entry && Buffer.from(entry.value).toString(), w.value ?? undefined, `${key} of revision ${w.revision}`)
      }
      for (const [key, a] of stored)
        if (key.endsWith('-a')) {
          const b = stored.get(`${key.slice(0, -1)}b`)
          deepEqual(
            [b?.modRevision, Buffer.from(b!.value).toString()],
            [a.modRevision, Buffer.from(a.value).toString()],
            'one commit came in two',
          )
        }
    }
    ok(count > KILLS * 10, `only ${count} writes were made`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

async function deletedAfter(store: Awaited<ReturnType<typeof openSqliteStore>>, key: string, revision: number): Promise<boolean> {
  const from = await store.compacted()
  for await (const batch of store.watch(key, from, new AbortController().signal)) {
    if (batch.length === 0) break
    if (batch.some((e) => e.type === 'delete' && e.key === key && e.revision > revision)) return true
  }
  return false
}

/** As an earlier release left it: opening then brings it up to date. */
function makeOld(directory: string): void {
  using database = new DatabaseSync(join(directory, DATABASE_FILE))
  database.exec('DROP TABLE times')
}

type End = { readonly afterMs: number } | { readonly point: Failpoint; readonly time: number }

/** `opened` is undefined when it was killed before. */
async function writeUntilKilled(
  directory: string,
  seed: number,
  end: End,
): Promise<{ opened: number | undefined; writes: readonly Acknowledged[] }> {
  const words = 'point' in end ? [end.point, `${end.time}`] : []
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'kill-writer.ts'), directory, `${seed}`, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let isLate = false
  const tooLate = () => {
    isLate = true
    writer.kill('SIGKILL')
  }
  let timer = setTimeout(tooLate, TO_FAILPOINT_MS_MAX)
  writer.stdout.setEncoding('utf8')
  writer.stdout.on('data', (text: string) => {
    if (said === '' && 'afterMs' in end) {
      clearTimeout(timer)
      timer = setTimeout(() => writer.kill('SIGKILL'), end.afterMs)
    }
    said += text
  })
  const [, signal] = (await once(writer, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  deepEqual([signal, isLate], ['SIGKILL', false], `the end of the writer: ${JSON.stringify(end)}`)
  const lines = said.split('\n').slice(0, -1) // the last may be cut
  const [first, ...others] = lines
  return {
    opened: first === undefined ? undefined : Number(first.split(' ')[1]),
    writes: others.map((line) => JSON.parse(line) as Acknowledged),
  }
}
