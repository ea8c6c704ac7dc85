import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { openMemoryStore } from './memory/memory-store.ts'
import { pastStore } from './past.ts'
import { Compacted, FutureRevision, StoreUnavailable, type Store } from './store.ts'

const put = (store: Store, key: string, value: string) =>
  store.commit({ expect: [], writes: [{ type: 'put', key, value: Buffer.from(value) }] })

const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()

async function past(at: number): Promise<Store> {
  const present = openMemoryStore({ clock: new VirtualClock(), historyMs: 0 })
  await put(present, '/a', 'old') // 2
  await put(present, '/b', 'kept') // 3
  await put(present, '/a', 'new') // 4
  await present.commit({ expect: [], writes: [{ type: 'delete', key: '/b' }] }) // 5
  const store = await pastStore(present, at)
  await present[Symbol.asyncDispose]()
  return store
}

test('a store of the past has what was there then, and keeps it when the present is gone', async () => {
  await using store = await past(3)
  equal(await store.revision(), 3)
  const { entries, revision, more } = await store.range('', { limit: 1 })
  deepEqual([entries.map((e) => [e.key, text(e.value), e.modRevision]), revision, more], [[['/a', 'old', 2]], 3, 1])
  equal(text((await store.get('/b', 3))?.value), 'kept')
  equal(await store.get('/c'), undefined)
})

test('no other revision can be read from it', async () => {
  await using store = await past(3)
  await rejects(store.get('/a', 2), Compacted)
  await rejects(store.range('', { at: 4 }), FutureRevision)
  await rejects(past(9), FutureRevision)
})

test('its watches stay open and tell of nothing', async () => {
  await using store = await past(3)
  const stop = new AbortController()
  const batches = []
  for await (const batch of store.watch('', 3, stop.signal)) {
    batches.push(batch)
    setImmediate(() => stop.abort())
  }
  deepEqual(batches, [[]])
})

test('it takes no writes', async () => {
  await using store = await past(3)
  await rejects(put(store, '/a', 'changed'), (error: StoreUnavailable) => error.reason === 'read-only')
  equal(text((await store.get('/a'))?.value), 'old')
})
