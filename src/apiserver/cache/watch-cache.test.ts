import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '#api/core/v1/config-map.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { KubeObject } from '#schema/resource.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { Compacted, type Revision, type Store } from '#store/store.ts'
import { openStoreFeed } from './store-feed.ts'
import { openWatchCache, SlowWatcher, type CacheEvent, type WatchCache, type WatchOptions } from './watch-cache.ts'

const prefix = '/registry/configmaps/'

async function setUp(prepare?: (store: Store) => Promise<void>) {
  const clock = new VirtualClock()
  const store = openMemoryStore({ clock, historyMs: 0 })
  await prepare?.(store)
  const feed = await openStoreFeed({ store, clock, log: silentLog })
  let decoded = 0
  const cache = (await openWatchCache({
    feed,
    resource: configMaps,
    prefix,
    decode: (bytes) => {
      decoded++
      return JSON.parse(new TextDecoder().decode(bytes))
    },
    log: silentLog,
    indexes: { shelf: (o) => o.metadata.labels?.shelf ?? '' },
  })) as WatchCache
  const stop = new AbortController()
  return {
    clock,
    store,
    feed,
    cache,
    stop,
    decodes: () => decoded,
    watch: (options: Partial<WatchOptions> = {}) =>
      cache.watch({ prefix, from: cache.revision, signal: stop.signal, ...options })[Symbol.asyncIterator](),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await cache[Symbol.asyncDispose]()
      await feed[Symbol.asyncDispose]()
    },
  }
}

test('what was there before and what comes after is kept with its resourceVersion, in key order', async () => {
  await using s = await setUp(async (store) => {
    await put(store, 'b/x', 'one')
    await put(store, 'a/x', 'one')
  })
  await put(s.store, 'a/y', 'one')
  await put(s.store, 'b/x', 'two')
  ok(await s.cache.fresh(1000))
  const { items, revision, more } = s.cache.list(prefix)
  deepEqual([items.map(short), revision, more], [['a/x one 3', 'a/y one 4', 'b/x two 5'], 5, 0])
  deepEqual(s.cache.list(`${prefix}a/`, { limit: 1 }), { items: [s.cache.get(`${prefix}a/x`)], revision: 5, more: 1 })
  deepEqual(s.cache.list(`${prefix}a/`, { limit: 1, after: `${prefix}a/x` }), {
    items: [s.cache.get(`${prefix}a/y`)],
    revision: 5,
    more: 0,
  })
  deepEqual(s.cache.list(`${prefix}a/x`).items.map(short), ['a/x one 3'])
  equal(s.cache.count(prefix), 3)
  equal(s.cache.count(`${prefix}a/`), 2)
})

test('the revision moves with commits to other resources', async () => {
  await using s = await setUp()
  await s.store.commit({ expect: [], writes: [{ type: 'put', key: '/registry/pods/a/b', value: new Uint8Array() }] })
  ok(await s.cache.waitUntil(2, 1000))
  equal(s.cache.revision, 2)
  const late = s.cache.waitUntil(3, 1000)
  await s.clock.advance(1000)
  equal(await late, false)
})

test('a list of a moment ago is made by undoing what happened since', async () => {
  await using s = await setUp()
  await put(s.store, 'a/x', 'one')
  await put(s.store, 'a/y', 'one')
  await put(s.store, 'a/x', 'two')
  await remove(s.store, 'a/y')
  await s.cache.fresh(1000)
  const at = (revision: Revision) => s.cache.list(prefix, { at: revision })?.items.map(short)
  deepEqual([0, 1, 2, 3, 4, 5, 6].map(at), [
    undefined,
    [],
    ['a/x one 2'],
    ['a/x one 2', 'a/y one 3'],
    ['a/x two 4', 'a/y one 3'],
    ['a/x two 4'],
    undefined,
  ])
})

test('watchers of a resource, a namespace and one object each get theirs, and the very same events', async () => {
  await using s = await setUp()
  const all = s.watch()
  const namespace = s.watch({ prefix: `${prefix}a/` })
  const one = s.watch({ prefix: `${prefix}a/x` })
  const firsts = [all.next(), namespace.next(), one.next()]
  await s.store.commit({
    expect: [],
    writes: ['b/x', 'a/xx', 'a/x'].map((name) => ({ type: 'put', key: prefix + name, value: encoded(name, 'one') })),
  })
  const [a, n, o] = (await Promise.all(firsts)).map((r) => r.value as CacheEvent[])
  deepEqual(a!.map(shortEvent), ['put b/x one 2', 'put a/xx one 2', 'put a/x one 2'])
  deepEqual(n, a!.slice(1))
  equal(o![0], a![2])
})

test('a deletion shows the last state with its own revision', async () => {
  await using s = await setUp((store) => put(store, 'a/x', 'one'))
  const watch = s.watch()
  const next = watch.next()
  const last = s.cache.get(`${prefix}a/x`)!
  await remove(s.store, 'a/x')
  const [event] = (await next).value as [CacheEvent]
  deepEqual(event.type === 'delete' && [short(event.published), event.previous === last], ['a/x one 3', true])
  equal(s.cache.get(`${prefix}a/x`), undefined)
})

test('a watch resumes from the window, and from the store before that', async () => {
  await using s = await setUp(async (store) => {
    await put(store, 'a/x', 'one')
    await put(store, 'a/x', 'two')
    await remove(store, 'a/x')
  })
  await put(s.store, 'a/y', 'one')
  await s.cache.fresh(1000)
  const shown = async (from: Revision) => ((await s.watch({ from }).next()).value as CacheEvent[]).map(shortEvent)
  deepEqual(await shown(4), ['put a/y one 5'])
  deepEqual(await shown(2), ['put a/x two 3', 'delete a/x two 4', 'put a/y one 5'])
  await s.store.compact(3)
  await rejects(s.watch({ from: 2 }).next(), new Compacted(3))
})

test('an index narrows lists and watches; an object that leaves is shown to those it leaves', async () => {
  await using s = await setUp((store) => put(store, 'a/x', 'one', 'top'))
  const top = s.watch({ index: { name: 'shelf', value: 'top' } })
  const low = s.watch({ index: { name: 'shelf', value: 'low' } })
  const moved = [top.next(), low.next()]
  await put(s.store, 'a/y', 'one', 'middle')
  await put(s.store, 'a/x', 'two', 'low')
  for (const next of moved) deepEqual(((await next).value as CacheEvent[]).map(shortEvent), ['put a/x two 4'])
  deepEqual(s.cache.list(prefix, { index: { name: 'shelf', value: 'low' } }).items.map(short), ['a/x two 4'])
  deepEqual(s.cache.list(prefix, { index: { name: 'shelf', value: 'top' } }).items, [])
  deepEqual(s.cache.list(prefix, { index: { name: 'shelf', value: 'top' }, at: 3 })!.items.map(short), ['a/x one 2'])
})

test('an object the writer hands over is not decoded', async () => {
  await using s = await setUp()
  const object = { ...objectOf('a/x', 'one') }
  const value = new TextEncoder().encode(JSON.stringify(object))
  s.cache.expect(value, object)
  await s.store.commit({ expect: [], writes: [{ type: 'put', key: `${prefix}a/x`, value }] })
  await s.cache.fresh(1000)
  equal(s.decodes(), 0)
  equal(short(s.cache.get(`${prefix}a/x`)!), 'a/x one 2')
})

test('a watcher that does not take its events is cut off; others are not', async () => {
  await using s = await setUp()
  const slow = s.watch()
  const quick = s.watch()
  const first = slow.next()
  let taken = 0
  const taking = (async () => {
    while (taken < 6000) taken += ((await quick.next()).value as CacheEvent[]).length
  })()
  for (let i = 0; i < 6000; i++) await put(s.store, 'a/x', `${i}`)
  await taking
  equal(((await first).value as CacheEvent[]).length, 1)
  await rejects(slow.next(), SlowWatcher)
})

test('progress is told as often as asked for', async () => {
  await using s = await setUp()
  const watch = s.watch({ prefix: `${prefix}none/`, progressEveryMs: 60_000 })
  const first = watch.next()
  await s.clock.advance(1)
  await put(s.store, 'a/x', 'one')
  await s.clock.advance(59_999)
  deepEqual((await first).value, [{ type: 'progress', revision: 2 }])
})

test('an aborted watch ends', async () => {
  await using s = await setUp()
  const next = s.watch().next()
  s.stop.abort()
  deepEqual(await next, { done: true, value: undefined })
})

function objectOf(name: string, value: string, shelf?: string): KubeObject & { readonly data: Record<string, string> } {
  const [namespace, last] = name.split('/') as [string, string]
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name: last,
      uid: name,
      resourceVersion: '',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(shelf && { labels: { shelf } }),
    },
    data: { value },
  }
}

function encoded(name: string, value: string, shelf?: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(objectOf(name, value, shelf)))
}

async function put(store: Store, name: string, value: string, shelf?: string): Promise<void> {
  await store.commit({ expect: [], writes: [{ type: 'put', key: prefix + name, value: encoded(name, value, shelf) }] })
}

async function remove(store: Store, name: string): Promise<void> {
  await store.commit({ expect: [], writes: [{ type: 'delete', key: prefix + name }] })
}

function short({ key, object }: { readonly key: string; readonly object: KubeObject }): string {
  return `${key.slice(prefix.length)} ${(object as unknown as { data: { value: string } }).data.value} ${object.metadata.resourceVersion}`
}

function shortEvent(e: CacheEvent): string {
  return e.type === 'progress' ? `progress ${e.revision}` : `${e.type} ${short(e.published)}`
}
