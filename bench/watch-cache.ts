/** The watch cache alone: opening, GET, LIST of 5 000 pods, and the fan-out of changes to 1 000 watchers. */

import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { pods } from '#api/core/v1/pod.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { openStoreFeed } from '#apiserver/cache/store-feed.ts'
import { openWatchCache } from '#apiserver/cache/watch-cache.ts'

const PODS = 5000
const WATCHERS = 1000
const CHANGES = 2000
const prefix = '/registry/pods/'

const pod = (i: number, phase: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `pod-${i}`,
    namespace: `n${i % 10}`,
    uid: `${i}`,
    resourceVersion: '',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'bench' },
  },
  spec: {
    nodeName: `node-${i % 100}`,
    containers: [
      { name: 'c', image: 'image', env: Array.from({ length: 20 }, (_, n) => ({ name: `VARIABLE_${n}`, value: 'x'.repeat(40) })) },
    ],
  },
  status: { phase },
})
const keyOf = (i: number) => `${prefix}n${i % 10}/pod-${i}`
const encode = (object: unknown) => new TextEncoder().encode(JSON.stringify(object))

function time(name: string, count: number, from: number): void {
  const ms = performance.now() - from
  console.log(`${name.padEnd(60)} ${ms.toFixed(1).padStart(8)} ms  ${((ms * 1000) / count).toFixed(2).padStart(9)} us each`)
}

const store = openMemoryStore({ clock: systemClock })
for (let i = 0; i < PODS; i++)
  await store.commit({ expect: [], writes: [{ type: 'put', key: keyOf(i), value: encode(pod(i, 'Pending')) }] })
const feed = await openStoreFeed({ store, clock: systemClock, log: silentLog })

let from = performance.now()
const cache = await openWatchCache({
  feed,
  resource: pods,
  prefix,
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
  log: silentLog,
  indexes: { 'spec.nodeName': (p) => p.spec?.nodeName ?? '' },
})
time(`open with ${PODS} pods`, PODS, from)

const encoding = (p: { readonly object: unknown }) => encode(p.object)
from = performance.now()
for (let i = 0; i < 100_000; i++) cache.get(keyOf(i % PODS))!.bytes('application/json', encoding)
time('GET of one pod, 100 000 times', 100_000, from)

for (let round = 0; round < 3; round++) {
  from = performance.now()
  const bytes = Buffer.concat(cache.list(prefix).items.map((p) => p.bytes('application/json', encoding)))
  time(`LIST of ${PODS} pods as bytes (${(bytes.length / 2 ** 20).toFixed(1)} MiB)`, PODS, from)
}
from = performance.now()
for (let i = 0; i < 100; i++) cache.list(prefix, { limit: 500, after: keyOf(0) })
time('page of 500 pods, 100 times', 100, from)
from = performance.now()
for (let i = 0; i < 1000; i++) cache.list(prefix, { index: { name: 'spec.nodeName', value: `node-${i % 100}` } })
time("one node's pods, 1 000 times", 1000, from)

const stop = new AbortController()
let delivered = 0
let bytesSent = 0
const watching = Array.from({ length: WATCHERS }, async () => {
  let mine = 0
  for await (const events of cache.watch({ prefix, from: cache.revision, signal: stop.signal })) {
    for (const e of events) if (e.type === 'put') bytesSent += e.published.bytes('watch', encoding).length
    delivered += events.length
    if ((mine += events.length) === CHANGES) return
  }
})
await new Promise((resolve) => setImmediate(resolve))
from = performance.now()
for (let i = 0; i < CHANGES; i++) {
  const object = pod(i, 'Running')
  const value = encode(object)
  cache.expect(value, object as never)
  await store.commit({ expect: [], writes: [{ type: 'put', key: keyOf(i), value }] })
  if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
await Promise.all(watching)
time(`${CHANGES} changes to ${WATCHERS} watchers (${delivered} events, ${(bytesSent / 2 ** 30).toFixed(1)} GiB)`, delivered, from)
stop.abort()
await cache[Symbol.asyncDispose]()
await feed[Symbol.asyncDispose]()
await store[Symbol.asyncDispose]()
