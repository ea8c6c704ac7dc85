import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { copyDatabase } from './copy-beside.ts'
import { openSqliteStore } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-copy-'))
after(() => rmSync(root, { recursive: true }))

const open = (directory: string) => openSqliteStore({ directory, clock: new VirtualClock(), log: silentLog, historyMs: 0 })

const WAL_BYTES_MAX = 32 * 2 ** 20
const VALUE_BYTES = 20_000 // so that the WAL is emptied into the file every hundred commits or so

test('copies made while the owner writes and checkpoints hold whole commits up to some revision', { timeout: 120_000 }, async () => {
  const directory = join(root, 'live')
  await using store = await open(directory)
  let copying = true
  const write = async () => {
    for (let i = 0; copying; i++) {
      const value = Buffer.alloc(VALUE_BYTES, i % 251)
      await store.commit({ expect: [], writes: ['x', 'y'].map((k) => ({ type: 'put', key: `/${k}/${i % 40}`, value })) })
      if (i % 200 === 199) await store.compact(await store.revision())
    }
  }
  const writing = write()
  let last = 0
  for (let i = 0; i < 12; i++) {
    const acknowledged = await store.revision()
    const copy = join(root, `copy-${i}`)
    if (!(await copyDatabase(directory, copy))) continue
    const db = new DatabaseSync(join(copy, 'store.db'))
    deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    db.close()
    await using copied = await open(copy)
    const revision = await copied.revision()
    ok(revision >= acknowledged && revision >= last, `${revision} has all of ${acknowledged}`)
    last = revision
    const values = async (prefix: string) => (await copied.range(prefix)).entries.map((e) => [e.modRevision, e.value])
    deepEqual(await values('/x/'), await values('/y/'))
    rmSync(copy, { recursive: true })
    ok(statSync(join(directory, 'store.db-wal')).size <= WAL_BYTES_MAX, 'no copy keeps the WAL from being begun anew')
  }
  copying = false
  await writing
  ok(last > 0, 'some copy was made')
  equal((await store.range('/')).entries.length, 80)
})
