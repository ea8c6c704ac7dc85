import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { createClient } from './create-client.ts'
import { createInformers } from './create-informers.ts'
import { keyOf } from './informer.ts'
import type { ApiRequest, ApiResponse, RawWatchEvent, Transport } from './transport.ts'

/** A server of one resource that keeps every change since it last compacted, and can be told to break. */
function podServer() {
  const stored = new Map<string, Pod>()
  let history: { readonly version: number; readonly event: RawWatchEvent }[] = []
  let version = 10
  let compacted = 0
  const requests: string[] = []
  const watchers = new Set<{ send: (events: readonly RawWatchEvent[]) => void; end: (error?: Error) => void }>()
  let refuse = 0

  function change(type: RawWatchEvent['type'], pod: Pod): void {
    version++
    const object = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } }
    if (type === 'DELETED') stored.delete(keyOf(pod))
    else stored.set(keyOf(pod), object)
    const event = { type, object }
    history.push({ version, event })
    for (const watcher of watchers) watcher.send([event])
  }

  async function* watch(from: number, signal: AbortSignal | undefined): AsyncIterable<readonly RawWatchEvent[]> {
    if (from < compacted) {
      yield [
        {
          type: 'ERROR',
          object: {
            kind: 'Status',
            metadata: {},
            status: 'Failure',
            code: 410,
            reason: 'Expired',
            message: `too old resource version: ${from} (${compacted})`,
          },
        },
      ]
      return
    }
    const queue: (readonly RawWatchEvent[] | Error | undefined)[] = [history.filter((h) => h.version > from).map((h) => h.event)]
    let wake = () => {}
    const push = (item: (typeof queue)[number]) => {
      queue.push(item)
      wake()
    }
    const watcher = { send: push, end: push }
    watchers.add(watcher)
    signal?.addEventListener('abort', () => push(undefined))
    try {
      for (;;) {
        while (queue.length > 0) {
          const next = queue.shift()
          if (next === undefined) return
          if (next instanceof Error) throw next
          yield next
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      watchers.delete(watcher)
    }
  }

  const transport: Transport = {
    async request(request: ApiRequest): Promise<ApiResponse> {
      const from = request.query?.get('resourceVersion') ?? ''
      requests.push(`${request.query?.has('watch') ? 'watch' : 'list'} ${from}`)
      if (refuse > 0) {
        refuse--
        return {
          status: 503,
          headers: {},
          body: { type: 'object', object: { kind: 'Status', code: 503, reason: 'ServiceUnavailable', message: 'not now' } },
        }
      }
      if (request.query?.has('watch'))
        return { status: 200, headers: {}, body: { type: 'watch', events: watch(Number(from), request.signal) } }
      return {
        status: 200,
        headers: {},
        body: { type: 'object', object: { metadata: { resourceVersion: String(version) }, items: [...stored.values()] } },
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return {
    transport,
    requests,
    change,
    bookmark() {
      version++
      for (const w of watchers) w.send([{ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } }])
    },
    cut: () => [...watchers].forEach((w) => w.end()),
    compact() {
      compacted = version
      history = []
    },
    refuseNext: (times: number) => (refuse = times),
  }
}

function pod(name: string, labels: Record<string, string> = {}, uid = `uid-${name}`): Pod {
  return {
    metadata: { name, namespace: 'default', uid, labels, resourceVersion: '', creationTimestamp: '' },
    spec: { containers: [] },
    status: {},
  } as unknown as Pod
}

function follow(server: ReturnType<typeof podServer>) {
  const clock = new VirtualClock()
  const informers = createInformers({ client: createClient(server.transport), clock, random: seededRandom(1), log: silentLog })
  const informer = informers.for(pods)
  const seen: string[] = []
  const stop = new AbortController()
  return {
    clock,
    informers,
    informer,
    seen,
    stop,
    record: () => informer.subscribe((c) => seen.push(`${c.type} ${c.object.metadata.name}`)),
  }
}

test('an informer lists, then follows the changes, and keeps its indexes', async () => {
  const server = podServer()
  server.change('ADDED', pod('a', { app: 'x' }))
  const { clock, informers, informer, seen, stop, record } = follow(server)
  informer.addIndex('app', (p) => [p.metadata.labels?.['app'] ?? ''])
  record()
  informers.start(stop.signal)
  await clock.advance(0)
  await informers.synced(stop.signal)
  server.change('ADDED', pod('b', { app: 'x' }))
  server.change('MODIFIED', pod('a', { app: 'y' }))
  server.change('DELETED', pod('b'))
  await clock.advance(0)
  deepEqual(seen, ['added a', 'added b', 'updated a', 'deleted b'])
  deepEqual(informer.by('app', 'x'), [])
  deepEqual(informer.by('app', 'y').map(keyOf), ['default/a'])
  deepEqual(server.requests, ['list 0', 'watch 11'])
  stop.abort()
})

test('a watch that ends goes on from the last event or bookmark, without listing again', async () => {
  const server = podServer()
  const { clock, informers, informer, stop } = follow(server)
  informers.start(stop.signal)
  await clock.advance(0)
  server.bookmark()
  await clock.advance(0)
  server.cut()
  await clock.advance(60_000)
  server.change('ADDED', pod('a'))
  await clock.advance(0)
  deepEqual(informer.list().map(keyOf), ['default/a'])
  deepEqual(server.requests, ['list 0', 'watch 10', 'watch 11'])
  stop.abort()
})

test('when the server has forgotten where it was, it lists again and tells what came and went meanwhile', async () => {
  const server = podServer()
  server.change('ADDED', pod('stays'))
  server.change('ADDED', pod('goes'))
  server.change('ADDED', pod('returns'))
  const { clock, informers, seen, stop, record } = follow(server)
  record()
  informers.start(stop.signal)
  await clock.advance(0)
  server.refuseNext(1)
  server.cut()
  await clock.advance(0)
  server.change('DELETED', pod('goes'))
  server.change('DELETED', pod('returns'))
  server.change('ADDED', pod('returns', {}, 'another-uid'))
  server.change('ADDED', pod('comes'))
  server.compact()
  await clock.advance(10_000)
  deepEqual(seen.slice(3), ['deleted returns', 'added returns', 'added comes', 'deleted goes'])
  stop.abort()
})

test('failures are retried later and later, within bounds', async () => {
  const server = podServer()
  server.refuseNext(4)
  const { clock, informers, informer, stop } = follow(server)
  informers.start(stop.signal)
  await clock.advance(700)
  equal(server.requests.length, 1)
  await clock.advance(60_000)
  equal(informer.synced, true)
  deepEqual(server.requests, ['list 0', 'list 0', 'list 0', 'list 0', 'list 0', 'watch 10'])
  stop.abort()
})
