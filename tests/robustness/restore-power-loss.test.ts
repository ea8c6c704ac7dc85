/** The power goes while a snapshot is restored: the store is there as a whole or not at all, and then restoring again works. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { restoreSqliteStore } from '#store/sqlite/restore.ts'
import { DATABASE_FILE } from '#store/sqlite/schema.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { openFound } from './disk-history.ts'
import { needsShim, readDiskLog, shimEnvironment } from './disk-shim.ts'
import { CUTS, PowerCuts } from './power-cut.ts'

/** Seeds that found something, and what it was; they are run for ever after. */
const FOUND: Readonly<Record<number, string>> = { 1: "a journal left behind by one attempt was rolled back into the next one's file" }
const SEEDS = process.env['K8TS_TEST_SEED'] ? [Number(process.env['K8TS_TEST_SEED'])] : Object.keys(FOUND).map(Number)
const OBJECTS = 60

for (const seed of SEEDS)
  test(`a restored store is whole or not there when the power goes (seed ${seed})`, { skip: needsShim, timeout: 120_000 }, () =>
    tryCuts(seed),
  )

async function tryCuts(seed: number): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'k8ts-restore-'))
  try {
    const snapshot = await snapshotOf(join(base, 'source'), 'the one to restore')
    const directory = join(base, 'restored')
    mkdirSync(directory)
    const cuts = new PowerCuts(directory)
    const log = join(base, 'log')
    const words = [join(import.meta.dirname, 'disk-restorer.ts'), directory, snapshot]
    const { status } = spawnSync(process.execPath, words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: shimEnvironment({ root: directory, log }),
    })
    equal(status, 0)
    const whole = openFound(directory)
    equal(whole.state.size, OBJECTS)
    // what is left behind may meet another snapshot the next time
    const other = await snapshotOf(join(base, 'other'), 'another')
    const random = seededRandom(seed)
    let isRestored = false
    let again = 0
    const records = readDiskLog(log)
    for (const [i, record] of [...records, undefined].entries()) {
      const cut = CUTS[i % CUTS.length]!
      const image = join(base, 'image')
      cuts.image(image, cut, random)
      const there = existsSync(join(image, DATABASE_FILE))
      ok(there || !isRestored, `what had been restored is gone after ${i} of ${records.length} requests, with ${cut} written`)
      if (!there) {
        await restoreSqliteStore(image, createReadStream(other) as AsyncIterable<Uint8Array>)
        again++
      }
      const { state } = openFound(image)
      deepEqual([...state.values()].filter((v) => v.includes(there ? 'the one to restore' : 'another')).length, OBJECTS, `${i}, ${cut}`)
      rmSync(image, { recursive: true })
      if (record === undefined) break
      cuts.take(record)
      isRestored ||= record.type === 'said'
    }
    ok(isRestored && again > 5)
  } finally {
    rmSync(base, { recursive: true })
  }
}

async function snapshotOf(directory: string, value: string): Promise<string> {
  await using store = await openSqliteStore({ directory, clock: new VirtualClock(), log: silentLog })
  for (let i = 0; i < OBJECTS; i++)
    await store.commit({ expect: [], writes: [{ type: 'put', key: `/k/${i}`, value: Buffer.from(`${value} ${'x'.repeat(2000)}`) }] })
  const path = join(directory, 'copy')
  writeFileSync(path, Buffer.concat(await Array.fromAsync(store.snapshot())))
  return path
}
