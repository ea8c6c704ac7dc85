/** A server killed at any moment loses no write it has acknowledged, tears none apart and gives no revision twice. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { KEYS } from './kill-plan.ts'

const KILLS = 20
const SEED = Number(process.env.K8TS_TEST_SEED ?? 1)

interface Acknowledged {
  readonly revision: number
  readonly client: number
  readonly key: string
  readonly value: string | null
}

test(`after ${KILLS} kills every acknowledged write is there (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-kill-'))
  const random = seededRandom(SEED)
  /** The last acknowledged write of each durable key. */
  const last = new Map<string, Acknowledged>()
  let newest = 1
  let count = 0
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const { opened, writes } = await writeUntilKilled(directory, SEED * 1000 + kill, random.next() * 150)
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

async function writeUntilKilled(
  directory: string,
  seed: number,
  afterMs: number,
): Promise<{ opened: number; writes: readonly Acknowledged[] }> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'kill-writer.ts'), directory, `${seed}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  writer.stdout.setEncoding('utf8')
  writer.stdout.on('data', (text: string) => {
    if (said === '') setTimeout(() => writer.kill('SIGKILL'), afterMs)
    said += text
  })
  await new Promise((resolve) => writer.on('close', resolve))
  const lines = said.split('\n').slice(0, -1) // the last may be cut
  return { opened: Number(lines[0]!.split(' ')[1]), writes: lines.slice(1).map((line) => JSON.parse(line) as Acknowledged) }
}
