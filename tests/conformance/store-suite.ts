/** What every store must do, whatever keeps its data. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { VirtualClock, type Clock } from '#base/clock.ts'
import { Compacted, FutureRevision, StoreUnavailable, type Revision, type Store, type StoreEvent, type Write } from '#store/store.ts'

export interface SuiteOptions {
  /** A store whose leases run out by a clock of its own: what its shortest one is, and how long it may take to notice. Then time really passes. */
  readonly ownTime?: { readonly leaseMs: number; readonly noticedMs: number }
}

/** `open` gives an empty store that compacts only when told. */
export function storeSuite(open: (clock: Clock) => Promise<Store>, { ownTime }: SuiteOptions = {}): void {
  const onStore = (name: string, run: (store: Store, clock: VirtualClock) => Promise<void>) =>
    test(name, async () => {
      const clock = new VirtualClock()
      await using store = await open(clock)
      await run(store, clock)
    })

  onStore('the first commit after an empty start is revision 2', async (store) => {
    equal(await store.revision(), 1)
    deepEqual(await put(store, '/a', 'one'), { ok: true, revision: 2 })
    deepEqual(await store.get('/a'), { key: '/a', value: bytes('one'), createRevision: 2, modRevision: 2, version: 1 })
    equal(await store.get('/b'), undefined)
  })

  onStore('an update keeps the create revision and counts versions; a key made anew starts over', async (store) => {
    await put(store, '/a', 'one')
    await put(store, '/a', 'two')
    deepEqual(await store.get('/a'), { key: '/a', value: bytes('two'), createRevision: 2, modRevision: 3, version: 2 })
    await remove(store, '/a')
    equal(await store.get('/a'), undefined)
    await put(store, '/a', 'three')
    deepEqual(await store.get('/a'), { key: '/a', value: bytes('three'), createRevision: 5, modRevision: 5, version: 1 })
  })

  onStore('a commit whose expectation fails writes nothing and shows what is there', async (store) => {
    await put(store, '/a', 'one')
    const entry = await store.get('/a')
    deepEqual(
      await store.commit({
        expect: [
          { key: '/a', modRevision: 0 },
          { key: '/b', modRevision: 0 },
        ],
        writes: [putOf('/a', 'two'), putOf('/b', 'two')],
      }),
      { ok: false, revision: 2, found: [entry, undefined] },
    )
    equal(await store.revision(), 2)
    deepEqual(await store.commit({ expect: [{ key: '/a', modRevision: 2 }], writes: [putOf('/a', 'two')] }), { ok: true, revision: 3 })
  })

  onStore('of many writers that expect the same revision exactly one wins', async (store) => {
    await put(store, '/a', 'start')
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        store.commit({ expect: [{ key: '/a', modRevision: 2 }], writes: [putOf('/a', `writer ${i}`)] }),
      ),
    )
    equal(results.filter((r) => r.ok).length, 1)
    equal(await store.revision(), 3)
  })

  onStore('all writes of a commit share one revision and one batch of events', async (store) => {
    await put(store, '/a', 'one')
    const before = await store.get('/a')
    await store.commit({ expect: [], writes: [putOf('/b', 'b'), { type: 'delete', key: '/a' }, putOf('/c', 'c')] })
    equal(await store.revision(), 3)
    deepEqual(await events(store, '/', 2, 1), [
      [
        { type: 'put', revision: 3, entry: { key: '/b', value: bytes('b'), createRevision: 3, modRevision: 3, version: 1 } },
        { type: 'delete', revision: 3, key: '/a', previous: before },
        { type: 'put', revision: 3, entry: { key: '/c', value: bytes('c'), createRevision: 3, modRevision: 3, version: 1 } },
      ],
    ])
  })

  onStore('a key may be written once a commit', async (store) => {
    await rejects(store.commit({ expect: [], writes: [putOf('/a', '1'), putOf('/a', '2')] }), TypeError)
    equal(await store.revision(), 1)
  })

  onStore('deleting what is not there is no change', async (store) => {
    deepEqual(await remove(store, '/a'), { ok: true, revision: 1 })
    equal(await store.revision(), 1)
  })

  onStore('a range is in key order, pages by limit and after, and counts the rest', async (store) => {
    for (const key of ['/p/b', '/p/a', '/q/a', '/p/c', '/p', '/p0']) await put(store, key, key)
    const range = async (...args: Parameters<Store['range']>) => {
      const { entries, revision, more } = await store.range(...args)
      return { keys: entries.map((e) => e.key), revision, more }
    }
    deepEqual(await range('/p/'), { keys: ['/p/a', '/p/b', '/p/c'], revision: 7, more: 0 })
    deepEqual(await range('/p/', { limit: 2 }), { keys: ['/p/a', '/p/b'], revision: 7, more: 1 })
    deepEqual((await range('/p/', { limit: 1, counted: false })).more > 0, true)
    deepEqual(await range('/p/', { limit: 2, after: '/p/a', counted: false }), { keys: ['/p/b', '/p/c'], revision: 7, more: 0 })
    deepEqual(await range('/p/', { limit: 2, after: '/p/b' }), { keys: ['/p/c'], revision: 7, more: 0 })
    deepEqual(await range('/p/', { limit: 3 }), { keys: ['/p/a', '/p/b', '/p/c'], revision: 7, more: 0 })
    deepEqual(await range(''), { keys: ['/p', '/p/a', '/p/b', '/p/c', '/p0', '/q/a'], revision: 7, more: 0 })
    deepEqual(await range('/none/'), { keys: [], revision: 7, more: 0 })
  })

  onStore('keys sort by their UTF-8 bytes', async (store) => {
    for (const key of ['/k/\u{1f600}', '/k/\uff5e', '/k/z', '/k/é']) await put(store, key, '')
    deepEqual(
      (await store.range('/k/')).entries.map((e) => e.key),
      ['/k/z', '/k/é', '/k/\uff5e', '/k/\u{1f600}'],
    )
  })

  onStore('keys that could not be kept apart are refused', async (store) => {
    for (const key of ['', '/a\0', '/\ud800']) await rejects(put(store, key, ''), TypeError)
  })

  onStore('the past can be read as it was', async (store) => {
    await put(store, '/p/a', 'a1')
    await put(store, '/p/b', 'b1')
    await put(store, '/p/a', 'a2')
    await remove(store, '/p/b')
    await put(store, '/p/c', 'c1')
    const at = async (revision: Revision) => (await store.range('/p/', { at: revision })).entries.map((e) => text(e.value))
    deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(at)), [[], ['a1'], ['a1', 'b1'], ['a2', 'b1'], ['a2'], ['a2', 'c1']])
    equal(text((await store.get('/p/a', 3))!.value), 'a1')
    equal(text((await store.get('/p/b', 4))!.value), 'b1')
    equal(await store.get('/p/b', 5), undefined)
    deepEqual(await store.range('/p/', { at: 3, limit: 1 }), { entries: [await store.get('/p/a', 3)], revision: 3, more: 1 })
    await rejects(store.get('/p/a', 7), FutureRevision)
  })

  onStore('a watch gives the past, then what happens, each event once and in order', async (store) => {
    for (let i = 0; i < 20; i++) await put(store, `/w/${i % 3}`, `${i}`)
    const stop = new AbortController()
    const seen: number[] = []
    const watching = (async () => {
      for await (const batch of store.watch('/w/', 5, stop.signal)) {
        for (const e of batch) seen.push(e.revision)
        if (seen.at(-1) === 62) stop.abort()
      }
    })()
    const committed: Revision[] = []
    for (let i = 20; i < 40; i++) {
      const [{ revision }] = await Promise.all([put(store, `/w/${i % 3}`, `${i}`), put(store, `/other/${i}`, '')])
      committed.push(revision)
    }
    await put(store, '/w/end', '')
    await watching
    deepEqual(seen, [...Array.from({ length: 16 }, (_, i) => 6 + i), ...committed, 62])
  })

  onStore('a watch says with an empty batch that it has given all there was', async (store) => {
    await put(store, '/w/a', '1')
    const stop = new AbortController()
    const batches: (readonly StoreEvent[])[] = []
    for await (const batch of store.watch('/w/', 1, stop.signal)) {
      batches.push(batch)
      if (batch.length === 0) break
    }
    deepEqual(
      batches.map((b) => b.length),
      [1, 0],
    )
    for await (const batch of store.watch('/none/', 1, stop.signal)) {
      equal(batch.length, 0)
      break
    }
  })

  onStore('an event carries the entry before it, a deletion the last', async (store) => {
    await put(store, '/a', 'one')
    const one = await store.get('/a')
    await put(store, '/a', 'two')
    const two = await store.get('/a')
    await remove(store, '/a')
    deepEqual(await events(store, '/a', 1, 3), [
      [{ type: 'put', revision: 2, entry: one }],
      [{ type: 'put', revision: 3, entry: two, previous: one }],
      [{ type: 'delete', revision: 4, key: '/a', previous: two }],
    ])
  })

  onStore('a watcher that sleeps through many changes still gets them all', async (store) => {
    const stop = new AbortController()
    const watch = store.watch('/w/', 1, stop.signal)[Symbol.asyncIterator]()
    equal((await watch.next()).value!.length, 0)
    const keys = Array.from({ length: 25_000 }, (_, i) => `/w/${i % 10}`)
    for (let i = 0; i < keys.length; i += 500) await Promise.all(keys.slice(i, i + 500).map((key) => put(store, key, '')))
    for (let revision = 2; revision <= keys.length + 1; revision++) equal((await watch.next()).value![0].revision, revision)
    stop.abort()
    deepEqual(await watch.next(), { done: true, value: undefined })
  })

  onStore('a watch from the future is refused', async (store) => {
    await rejects(store.watch('/', 2, new AbortController().signal)[Symbol.asyncIterator]().next(), FutureRevision)
  })

  onStore('a waiting watch ends when it is aborted', async (store) => {
    const stop = new AbortController()
    const watch = store.watch('/', 1, stop.signal)[Symbol.asyncIterator]()
    await watch.next()
    const next = watch.next()
    stop.abort()
    deepEqual(await next, { done: true, value: undefined })
  })

  onStore('compaction forgets the past before its revision and nothing else', async (store) => {
    await put(store, '/a', 'a1')
    await put(store, '/b', 'b1')
    await put(store, '/a', 'a2')
    await remove(store, '/b')
    await put(store, '/a', 'a3')
    await store.compact(5)
    equal(await store.compacted(), 5)
    await rejects(store.get('/a', 4), new Compacted(5))
    await rejects(store.range('/', { at: 4 }), new Compacted(5))
    equal(text((await store.get('/a', 5))!.value), 'a2')
    equal(text((await store.get('/a'))!.value), 'a3')
    deepEqual(
      (await store.range('/', { at: 5 })).entries.map((e) => text(e.value)),
      ['a2'],
    )
    const watch = store.watch('/', 4, new AbortController().signal)[Symbol.asyncIterator]()
    await rejects(watch.next(), new Compacted(5))
    const [[event]] = (await events(store, '/', 5, 1)) as [[StoreEvent]]
    equal(event.revision, 6)
    equal(text(event.previous!.value), 'a2')
  })

  onStore('compaction at the newest revision keeps counting, also when that was a deletion', async (store) => {
    await put(store, '/a', '1')
    await remove(store, '/a')
    await store.compact(3)
    equal(await store.revision(), 3)
    deepEqual(await put(store, '/a', '2'), { ok: true, revision: 4 })
    await rejects(store.compact(99), FutureRevision)
    await store.compact(2) // older than what is forgotten already
    equal(await store.compacted(), 3)
  })

  onStore('a lease that runs out deletes its keys in one commit', async (store, clock) => {
    const pass = async (ms: number) => (ownTime ? void (await setTimeout(ms)) : clock.advance(ms))
    const leaseMs = ownTime?.leaseMs ?? 10_000
    const lease = await store.grantLease(leaseMs)
    await store.commit({
      expect: [],
      writes: [
        { ...putOf('/l/a', '1'), lease },
        { ...putOf('/l/b', '1'), lease },
        { ...putOf('/l/c', '1'), lease },
      ],
    })
    equal((await store.get('/l/a'))!.lease, lease)
    await put(store, '/l/c', 'without the lease')
    await pass(ownTime ? leaseMs / 2 : leaseMs - 1)
    equal((await store.range('/l/')).entries.length, 3)
    await pass(ownTime ? leaseMs / 2 + ownTime.noticedMs : 1)
    const [batch] = await events(store, '/l/', 3, 1)
    deepEqual(
      batch!.map((e) => [e.type, e.revision, e.type === 'delete' && e.key]),
      [
        ['delete', 4, '/l/a'],
        ['delete', 4, '/l/b'],
      ],
    )
    deepEqual(
      (await store.range('/l/')).entries.map((e) => e.key),
      ['/l/c'],
    )
    await rejects(store.commit({ expect: [], writes: [{ ...putOf('/l/d', '1'), lease }] }), TypeError)
  })

  onStore('large values come back whole', async (store) => {
    const value = Uint8Array.from({ length: 1_500_000 }, (_, i) => i % 251)
    await store.commit({ expect: [], writes: [{ type: 'put', key: '/large', value }, putOf('/empty', '')] })
    ok(Buffer.from(value).equals((await store.get('/large'))!.value))
    equal((await store.get('/empty'))!.value.length, 0)
  })

  test('a closed store says so', async () => {
    const store = await open(new VirtualClock())
    const watch = store.watch('/', 1, new AbortController().signal)[Symbol.asyncIterator]()
    await watch.next()
    const next = watch.next().catch((error: unknown) => error)
    const committed = put(store, '/a', '1')
    await store[Symbol.asyncDispose]()
    deepEqual(await committed, { ok: true, revision: 2 })
    const closed = new StoreUnavailable('closed', 'the store has been closed')
    const last = await next
    if (last instanceof Error) deepEqual(last, closed)
    else await rejects(watch.next(), closed) // the commit came in first
    await rejects(put(store, '/a', '2'), closed)
    await rejects(store.get('/a'), closed)
    await rejects(store.revision(), closed)
  })
}

/** The first `count` batches with events after `from`. */
async function events(store: Store, prefix: string, from: Revision, count: number): Promise<(readonly StoreEvent[])[]> {
  const stop = new AbortController()
  const found: (readonly StoreEvent[])[] = []
  for await (const batch of store.watch(prefix, from, stop.signal)) {
    if (batch.length > 0) found.push(batch)
    if (found.length === count) break
  }
  return found
}

function put(store: Store, key: string, value: string) {
  return store.commit({ expect: [], writes: [putOf(key, value)] })
}

function remove(store: Store, key: string) {
  return store.commit({ expect: [], writes: [{ type: 'delete', key }] })
}

function putOf(key: string, value: string): Extract<Write, { type: 'put' }> {
  return { type: 'put', key, value: bytes(value) }
}

function bytes(of: string): Uint8Array {
  return new TextEncoder().encode(of)
}

function text(of: Uint8Array): string {
  return new TextDecoder().decode(of)
}
