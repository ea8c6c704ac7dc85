import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openMemoryStore } from '../memory/memory-store.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { Compacted, StoreUnavailable, type Entry, type Store } from '../store.ts'
import { restoreToSqlite } from './restore-sqlite.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'

const clock = new VirtualClock()
const BUMP = 1000

test('a restored store has every entry as it was, and goes on above with the past forgotten', async () => {
  await using from = await filled(1200)
  const bytes = await all(writeSnapshot(from))
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-'))
  try {
    const revision = await restoreToSqlite(await readSnapshot(stream(gzipSync(bytes))), directory, { bumpRevision: BUMP, now: clock.now() })
    equal(revision, (await from.revision()) + BUMP)
    await using to = await openSqliteStore({ directory, clock, log: silentLog, historyMs: 0 })
    deepEqual(plain((await to.range('/registry/')).entries), plain((await from.range('/registry/')).entries))
    deepEqual([await to.revision(), await to.compacted()], [revision, revision])
    await rejects(watchFrom(to, await from.revision()), Compacted)
    const { revision: next } = await to.commit({ expect: [], writes: [{ type: 'put', key: '/registry/new', value: Buffer.from('x') }] })
    equal(next, revision + 1)
    await rejects(restoreToSqlite(await readSnapshot(stream(bytes)), directory, { bumpRevision: BUMP, now: 0 }), /holds a store already/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a snapshot taken while writers go on shows one revision', async () => {
  await using from = await filled(1200)
  const before = await from.range('/registry/')
  const chunks: Uint8Array[] = []
  let round = 0
  for await (const chunk of writeSnapshot(from)) {
    chunks.push(chunk)
    // both keys change together, one at the start of the range and one at its end
    const value = Buffer.from(`round ${round++}`)
    await from.commit({
      expect: [],
      writes: ['/registry/pods/a-0', '/registry/pods/z'].map((key) => ({ type: 'put', key, value })),
    })
  }
  const snapshot = await readSnapshot(stream(Buffer.concat(chunks)))
  const entries = (await Array.fromAsync(snapshot.pages)).flat()
  // nothing is read before the first chunk is asked for
  deepEqual([snapshot.header.revision, plain(entries)], [before.revision, plain(before.entries)])
})

test('a flipped bit, a missing end and anything after it are refused, and leave nothing behind', async () => {
  await using from = await filled(300)
  const bytes = await all(writeSnapshot(from))
  const random = seededRandom(20)
  const faulty: Uint8Array[] = Array.from({ length: 200 }, () => {
    const copy = Buffer.from(bytes)
    const at = Math.floor(random.next() * copy.length)
    copy[at] = copy[at]! ^ (1 << Math.floor(random.next() * 8))
    return copy
  })
  faulty.push(...Array.from({ length: 50 }, () => bytes.subarray(0, Math.floor(random.next() * bytes.length))))
  faulty.push(Buffer.concat([bytes, Buffer.of(0)]))
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-'))
  try {
    for (const f of faulty)
      await rejects(
        (async () => restoreToSqlite(await readSnapshot(stream(f)), directory, { bumpRevision: BUMP, now: 0 }))(),
        (error) => error instanceof StoreUnavailable && error.reason === 'damaged',
      )
    deepEqual(readdirSync(directory), [])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('what a restore that was cut off left is cleared away by the next', async () => {
  await using from = await filled(3)
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-'))
  try {
    mkdirSync(join(directory, 'store.restoring'))
    writeFileSync(join(directory, 'store.restoring', 'store.db'), 'half')
    await restoreToSqlite(await readSnapshot(writeSnapshot(from)), directory, { bumpRevision: 0, now: 0 })
    deepEqual(readdirSync(directory), ['store.db'])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

async function filled(count: number): Promise<Store> {
  const store = openMemoryStore({ clock })
  const put = (key: string, text: string) => ({ type: 'put' as const, key: `/registry/${key}`, value: Buffer.from(text) })
  for (let i = 0; i < count; i += 100)
    await store.commit({
      expect: [],
      writes: Array.from({ length: Math.min(100, count - i) }, (_, n) => put(`pods/a-${i + n}`, `value ${i + n} `.repeat(200))),
    })
  await store.commit({ expect: [], writes: [put('pods/a-1', 'again'), put('pods/ümlaut', '')] })
  return store
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks))
}

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

function plain(entries: readonly Entry[]) {
  return entries.map((e) => ({ ...e, value: Buffer.from(e.value).toString() }))
}

async function watchFrom(store: Store, revision: number): Promise<void> {
  for await (const _ of store.watch('/registry/', revision, new AbortController().signal)) return
}
