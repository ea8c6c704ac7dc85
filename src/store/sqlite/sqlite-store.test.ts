import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { Compacted, StoreUnavailable, type Store } from '../store.ts'
import { restoreSqliteStore } from './restore.ts'
import { openSqliteStore, type SqliteStoreParts } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-sqlite-store-'))
after(() => rmSync(root, { recursive: true }))
let directories = 0
const newDirectory = () => join(root, `${directories++}`)

const open = (directory: string, parts: Partial<SqliteStoreParts> = {}) =>
  openSqliteStore({ directory, clock: new VirtualClock(), log: silentLog, historyMs: 0, ...parts })

test('what was written is there after a restart, with its revisions, its past and its watchable history', async () => {
  const directory = newDirectory()
  let entry
  {
    await using store = await open(directory)
    await put(store, '/a', 'one')
    await put(store, '/a', 'two')
    await put(store, '/b', 'b')
    entry = await store.get('/a')
  }
  await using store = await open(directory)
  equal(await store.revision(), 4)
  deepEqual(await store.get('/a'), entry)
  equal(text((await store.get('/a', 2))!.value), 'one')
  const stop = new AbortController()
  const revisions = []
  for await (const batch of store.watch('', 2, stop.signal)) {
    revisions.push(...batch.map((e) => e.revision))
    if (batch.length === 0) break
  }
  deepEqual(revisions, [3, 4])
})

test('revisions know when they were made, to a second, over restarts and until they are compacted', async () => {
  const directory = newDirectory()
  const clock = new VirtualClock()
  const start = clock.now()
  const at = (seconds: number) => start + seconds * 1000
  const write = async (store: Store, seconds: number) => {
    await clock.advance(at(seconds) - clock.now())
    await put(store, '/a', String(seconds))
    return store.revision()
  }
  {
    await using store = await open(directory, { clock })
    deepEqual([await store.times!.oldest(), await store.times!.revisionAt(at(0))], [undefined, undefined])
    deepEqual([await write(store, 0), await write(store, 0.5), await write(store, 60), await write(store, 3600)], [2, 3, 4, 5])
  }
  await using store = await open(directory, { clock })
  deepEqual(await store.times!.of([1, 2, 3, 4, 5]), [undefined, at(0), at(0), at(60), at(3600)])
  const asked = [-1, 0, 59, 60, 3599, 9999]
  deepEqual(await Promise.all(asked.map((s) => store.times!.revisionAt(at(s)))), [undefined, 3, 3, 4, 4, 5])
  await store.compact(4)
  await swept(store)
  deepEqual(await store.times!.of([3, 4, 5]), [undefined, at(60), at(3600)])
  deepEqual([await store.times!.oldest(), await store.times!.revisionAt(at(59))], [at(60), undefined])
})

test('the history of few keys is the same whether it is read by key or by row', async () => {
  await using store = await open(newDirectory())
  for (let i = 0; i < 20; i++) await put(store, i % 2 === 0 ? '/narrow/a' : '/wide/a', String(i))
  await store.commit({ expect: [], writes: [{ type: 'delete', key: '/narrow/a' }] })
  const seen = []
  for await (const batch of store.watch('/narrow/', 2, new AbortController().signal)) {
    seen.push(...batch.map((e) => [e.type, e.revision]))
    if (batch.length === 0) break
  }
  deepEqual(seen, [...[4, 6, 8, 10, 12, 14, 16, 18, 20].map((r) => ['put', r]), ['delete', 22]])
})

test('counting goes on after a restart though everything has been deleted, compacted and swept', async () => {
  const directory = newDirectory()
  {
    await using store = await open(directory)
    await put(store, '/a', 'one')
    await store.commit({ expect: [], writes: [{ type: 'delete', key: '/a' }] })
    await store.compact(3)
    await swept(store)
  }
  equal(rows(directory), 0)
  await using store = await open(directory)
  equal(await store.revision(), 3)
  equal(await store.compacted(), 3)
})

test('compaction frees the superseded rows and keeps what can still be read', async () => {
  const directory = newDirectory()
  {
    await using store = await open(directory)
    for (let i = 0; i < 2000; i++) await put(store, `/k/${i % 10}`, `${i}`)
    await store.compact(1991)
    await swept(store)
    equal((await store.range('/k/', { at: 1991 })).entries.length, 10)
    equal(text((await store.get('/k/0', 1991))!.value), '1980')
  }
  equal(rows(directory), 20)
})

test('history is compacted by age and by length', async () => {
  const clock = new VirtualClock()
  await using store = await open(newDirectory(), { clock, historyMs: 1000 })
  for (let i = 0; i < 10; i++) await put(store, '/a', `${i}`)
  await clock.advance(1400)
  await store.get('/a')
  equal(await store.compacted(), 11)

  await using long = await open(newDirectory(), { historyRevisionsMax: 100 })
  for (let i = 0; i < 300; i++) await put(long, '/a', `${i}`)
  await long.get('/a')
  ok((await long.compacted()) > 190)
  await rejects(long.get('/a', 150), Compacted)
})

test('the file does not grow with churn', async () => {
  const directory = newDirectory()
  await using store = await open(directory, { historyRevisionsMax: 1000 })
  const value = 'x'.repeat(2000)
  for (let i = 0; i < 200; i++) await Promise.all(Array.from({ length: 100 }, (_, k) => put(store, `/k/${k}`, value)))
  await swept(store)
  const size = statSync(join(directory, 'store.db')).size + statSync(join(directory, 'store.db-wal')).size
  ok(size < 24 * 2 ** 20, `${size} bytes for 200 KB of live data, of 40 MB written`)
})

test('a directory in use says so, and by whom', async () => {
  const directory = newDirectory()
  await using _owner = await open(directory)
  await rejects(open(directory), (error: Error) => {
    equal(error.message, `${directory} is in use by another process (${process.pid})`)
    return error instanceof StoreUnavailable
  })
})

test('a full disk refuses writes, goes on reading, and takes writes again once there is space', async () => {
  const directory = newDirectory()
  {
    await using store = await open(directory, { pagesMax: 100 })
    await put(store, '/a', 'one')
    const large = 'x'.repeat(1_000_000)
    await rejects(put(store, '/large', large), { name: 'StoreUnavailable', reason: 'no-space' })
    equal(text((await store.get('/a'))!.value), 'one')
    equal(await store.get('/large'), undefined)
    deepEqual(await put(store, '/b', 'small'), { ok: true, revision: 3 })
  }
  await using store = await open(directory)
  deepEqual(
    (await store.range('')).entries.map((e) => e.key),
    ['/a', '/b'],
  )
})

test('volatile keys are not written, and their revisions are not handed out again after a crash', async () => {
  const directory = newDirectory()
  const options = { volatilePrefixes: ['/leases/node/'] }
  const copy = newDirectory()
  {
    await using store = await open(directory, options)
    await put(store, '/a', 'one')
    for (let i = 0; i < 100; i++) await put(store, '/leases/node/n1', `${i}`)
    equal(await store.revision(), 102)
    equal((await store.get('/leases/node/n1'))!.version, 100)
    // what a crash would leave behind
    const files = ['store.db', 'store.db-wal'].map((name) => [name, readFileSync(join(directory, name))] as const)
    await using _made = await open(copy)
    await _made[Symbol.asyncDispose]()
    for (const [name, bytes] of files) writeFileSync(join(copy, name), bytes)
  }
  {
    await using clean = await open(directory, options)
    equal(await clean.revision(), 102)
    equal(await clean.get('/leases/node/n1'), undefined)
    const watch = clean.watch('/leases/', 50, new AbortController().signal)[Symbol.asyncIterator]()
    await rejects(watch.next(), new Compacted(102))
  }
  equal(rows(directory), 1)
  await using crashed = await open(copy, options)
  ok((await crashed.revision()) >= 102)
  equal(text((await crashed.get('/a'))!.value), 'one')
})

test('leases survive a restart and run out when they would have', async () => {
  const directory = newDirectory()
  const clock = new VirtualClock()
  {
    await using store = await open(directory, { clock })
    const lease = await store.grantLease(10_000)
    await store.commit({ expect: [], writes: [{ type: 'put', key: '/e', value: bytes('event'), lease }] })
    await clock.advance(6000)
  }
  await using store = await open(directory, { clock })
  await clock.advance(3999)
  ok(await store.get('/e'))
  await clock.advance(1)
  equal(await store.get('/e'), undefined)
})

test('a snapshot restores to one state whose revisions lie above all that were ever given', async () => {
  const directory = newDirectory()
  let snapshot: Uint8Array
  {
    await using store = await open(directory)
    for (let i = 0; i < 100; i++) await put(store, `/k/${i % 20}`, `${i}`)
    const taken = store.snapshot()
    const chunks = []
    for await (const chunk of taken) {
      chunks.push(chunk)
      await put(store, '/later', 'x')
    }
    snapshot = Buffer.concat(chunks)
  }
  const restored = newDirectory()
  await restoreSqliteStore(restored, [snapshot])
  await using store = await open(restored)
  deepEqual(
    (await store.range('')).entries.map((e) => text(e.value)).sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 20 }, (_, i) => `${80 + i}`),
  )
  equal(await store.revision(), 101 + 1_000_000_000)
  await rejects(store.get('/k/1', 101), Compacted)
  await rejects(restoreSqliteStore(restored, [snapshot]), { message: `${restored} holds a store already` })

  const broken = Buffer.from(snapshot)
  broken[5000]! ^= 1
  await rejects(restoreSqliteStore(newDirectory(), [broken]), { name: 'StoreUnavailable', reason: 'damaged' })
})

test('a value that has changed on disk is not served', async () => {
  const directory = newDirectory()
  {
    await using store = await open(directory)
    await put(store, '/a', 'a value to find on disk')
  }
  const file = readFileSync(join(directory, 'store.db'))
  file[file.indexOf('a value to find') + 3]! ^= 1
  writeFileSync(join(directory, 'store.db'), file)
  await using store = await open(directory)
  await rejects(store.get('/a'), { name: 'StoreUnavailable', reason: 'damaged' })
})

test('a file that is no store is refused', async () => {
  const directory = newDirectory()
  await (await open(directory))[Symbol.asyncDispose]()
  writeFileSync(join(directory, 'store.db'), 'not a database at all, and long enough to be looked at'.repeat(100))
  await rejects(open(directory), { name: 'StoreUnavailable', reason: 'damaged' })
})

function put(store: Store, key: string, value: string) {
  return store.commit({ expect: [], writes: [{ type: 'put', key, value: bytes(value) }] })
}

/** Sweeping happens between requests, a step a turn: some requests later it is over. */
async function swept(store: Store): Promise<void> {
  for (let i = 0; i < 200; i++) await store.get('/none')
}

function rows(directory: string): number {
  const db = new DatabaseSync(join(directory, 'store.db'))
  const { n } = db.prepare('SELECT count(*) AS n FROM log').get() as { n: number }
  db.close()
  return n
}

function bytes(of: string): Uint8Array {
  return new TextEncoder().encode(of)
}

function text(of: Uint8Array): string {
  return new TextDecoder().decode(of)
}
