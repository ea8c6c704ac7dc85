import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { Compacted, type Store } from '../store.ts'
import { openMemoryStore } from './memory-store.ts'

test('a snapshot restores entries, revisions and leases', async () => {
  const clock = new VirtualClock()
  const store = openMemoryStore({ clock })
  await put(store, '/a', 'one')
  await put(store, '/a', 'two')
  const lease = await store.grantLease(1000)
  await store.commit({ expect: [], writes: [{ type: 'put', key: '/b', value: Buffer.from('b'), lease }] })
  const snapshot = Buffer.concat(await Array.fromAsync(store.snapshot()))

  const restored = openMemoryStore({ clock, restore: snapshot })
  equal(await restored.revision(), 4)
  deepEqual(
    (await restored.range('')).entries.map((e) => ({ ...e, value: Buffer.from(e.value).toString() })),
    [
      { key: '/a', value: 'two', createRevision: 2, modRevision: 3, version: 2 },
      { key: '/b', value: 'b', createRevision: 4, modRevision: 4, version: 1, lease },
    ],
  )
  await rejects(restored.get('/a', 2), new Compacted(4))
  await clock.advance(1000)
  equal(await restored.get('/b'), undefined)

  snapshot[3]! ^= 1
  throws(() => openMemoryStore({ clock, restore: snapshot }), { name: 'StoreUnavailable', reason: 'damaged' })
})

test('history is forgotten by age and by size, never the newest commit', async () => {
  const clock = new VirtualClock()
  const store = openMemoryStore({ clock, historyMs: 1000, historyBytesMax: 10_000 })
  await put(store, '/a', '1')
  await clock.advance(1001)
  await put(store, '/a', '2')
  equal(await store.compacted(), 2)
  for (let i = 0; i < 100; i++) await put(store, '/a', 'x'.repeat(1000))
  equal((await store.revision()) - (await store.compacted()), 8)
})

function put(store: Store, key: string, value: string) {
  return store.commit({ expect: [], writes: [{ type: 'put', key, value: Buffer.from(value) }] })
}
