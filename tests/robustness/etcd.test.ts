/** The etcd driver under what happens to etcd: members that die or freeze, quotas, logins, certificates, other servers. */

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { EtcdConnection, type EtcdTls } from '#store/etcd/connection.ts'
import { openEtcdStore, type EtcdStoreParts } from '#store/etcd/etcd-store.ts'
import { status } from '#store/etcd/messages.ts'
import { encode } from '#store/etcd/protobuf.ts'
import { compactOnce } from '#store/etcd/shared-compaction.ts'
import { Compacted, StoreUnavailable, type Store, type StoreEvent } from '#store/store.ts'
import { needsEtcd, startEtcd, type EtcdUnderTest } from '../conformance/etcd-under-test.ts'

const options = { skip: needsEtcd, timeout: 120_000 }

const open = (etcd: EtcdUnderTest, parts: Partial<EtcdStoreParts> = {}): Promise<Store> =>
  openEtcdStore({ endpoints: etcd.endpoints, clock: systemClock, log: silentLog, historyMs: 0, ...parts })

const put = (store: Store, key: string, value: string, expected?: number) =>
  store.commit({
    expect: expected === undefined ? [] : [{ key, modRevision: expected }],
    writes: [{ type: 'put', key, value: Buffer.from(value) }],
  })

const ctl = (etcd: EtcdUnderTest, ...words: string[]) =>
  execFileSync('etcdctl', ['--endpoints', etcd.endpoints[0]!, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ETCDCTL_API: '3' },
  })

test(
  'members are killed and frozen in turn: what was acknowledged is there, and watchers see all of it once, in order',
  options,
  async () => {
    await using etcd = await startEtcd(3)
    await using store = await open(etcd)
    await using watched = await open(etcd)
    const stop = new AbortController()
    const seen: StoreEvent[] = []
    const watching = (async () => {
      for await (const batch of watched.watch('/w/', 1, stop.signal)) seen.push(...batch)
    })()
    const acknowledged = new Map<string, number>()
    let inDoubt = 0
    let writing = true
    const writers = Array.from({ length: 4 }, async (_, w) => {
      for (let i = 0; writing; i++) {
        const key = `/w/${w}/${i}`
        try {
          const result = await put(store, key, 'x', 0)
          if (result.ok) acknowledged.set(key, result.revision)
        } catch (error) {
          ok(error instanceof StoreUnavailable, String(error))
          inDoubt++
        }
        await setTimeout(2)
      }
    })
    await setTimeout(500)
    for (const member of [0, 1, 2]) {
      await etcd.kill(member)
      await setTimeout(2500)
      await etcd.start(member)
      await setTimeout(1000)
    }
    etcd.signal(1, 'SIGSTOP')
    await setTimeout(6000)
    etcd.signal(1, 'SIGCONT')
    await setTimeout(500)
    writing = false
    await Promise.all(writers)
    const { entries, revision } = await store.range('/w/')
    const deadline = performance.now() + 20_000
    while ((seen.at(-1)?.revision ?? 0) < revision && performance.now() < deadline) await setTimeout(20)
    stop.abort()
    await watching

    const there = new Map(entries.map((e) => [e.key, e.modRevision]))
    deepEqual(
      [...acknowledged].filter(([key, at]) => there.get(key) !== at),
      [],
    )
    ok(acknowledged.size > 200, `only ${acknowledged.size} writes were acknowledged, ${inDoubt} in doubt`)
    deepEqual(
      seen.map((e) => e.type === 'put' && `${e.entry.key} ${e.revision}`),
      entries.toSorted((a, b) => a.modRevision - b.modRevision).map((e) => `${e.key} ${e.modRevision}`),
    )
  },
)

test('a full etcd refuses writes, says what to do, reads on, and takes writes again once there is room', options, async () => {
  await using etcd = await startEtcd(1, ['--quota-backend-bytes', String(4 * 2 ** 20)])
  await using store = await open(etcd)
  const large = 'x'.repeat(500_000)
  const full = await (async () => {
    for (let i = 0; i < 40; i++) await put(store, '/large', large)
  })().catch((error: unknown) => error)
  ok(full instanceof StoreUnavailable)
  equal(full.reason, 'no-space')
  match(full.message, /alarm NOSPACE.*etcdctl alarm disarm/)
  equal((await store.get('/large'))!.value.length, large.length)
  await store.compact(await store.revision())
  ctl(etcd, 'defrag')
  ctl(etcd, 'alarm', 'disarm')
  equal((await put(store, '/small', '1')).ok, true)
})

test('a user logs in, anew when etcd has forgotten the token; a wrong password is told', options, async () => {
  await using etcd = await startEtcd(1)
  for (const words of [
    'user add root:secret',
    'user grant-role root root',
    'user add some:secret',
    'role add some',
    'user grant-role some some',
  ])
    ctl(etcd, ...words.split(' '))
  ctl(etcd, 'role', 'grant-permission', 'some', 'readwrite', '/registry/', '--prefix')
  ctl(etcd, 'auth', 'enable')
  await rejects(open(etcd, { login: { user: 'some', password: 'secret' } }), /may not read all keys/)
  await rejects(open(etcd), /does not let this server in: etcdserver: user name is empty/)
  await rejects(open(etcd, { login: { user: 'root', password: 'wrong' } }), /does not let this server in: .*authentication failed/)
  await using store = await open(etcd, { login: { user: 'root', password: 'secret' } })
  const stop = new AbortController()
  const watch = store.watch('/', 1, stop.signal)[Symbol.asyncIterator]()
  await watch.next()
  await put(store, '/a', '1')
  equal((await watch.next()).value!.length, 1)
  await etcd.kill(0)
  await etcd.start(0)
  let again = await put(store, '/b', '1').catch(() => undefined)
  for (let i = 0; again === undefined && i < 50; i++) again = await put(store, '/b', '1').catch(() => undefined)
  equal(again?.ok, true)
  equal((await watch.next()).value![0]!.revision, 3)
  stop.abort()
})

test('both sides show certificates; a stranger gets no further', options, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-etcd-pki-'))
  using _gone = { [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
  const pki = openPki({ directory, clock: systemClock, random: systemRandom, hosts: ['127.0.0.1'] })
  const file = (name: string) => join(directory, name)
  const flags = ['--cert-file', file('apiserver.crt'), '--key-file', file('apiserver.key'), '--trusted-ca-file', file('ca.crt')]
  await using etcd = await startEtcd(1, [...flags, '--client-cert-auth'], 'https')
  const ca = readFileSync(file('ca.crt'), 'utf8')
  const { cert: certificate, key } = pki.pair('admin')
  {
    await using store = await open(etcd, { tls: () => ({ ca, certificate, key }) })
    equal((await put(store, '/a', '1')).ok, true)
  }
  {
    let shown: EtcdTls = { ca, certificate, key }
    const askedFor: EtcdTls[] = []
    const tls = () => {
      askedFor.push(shown)
      return shown
    }
    await using store = await open(etcd, { tls })
    const renewed = pki.issue({ commonName: 'renewed', usage: 'client' })
    shown = { ca, certificate: renewed.cert, key: renewed.key }
    await etcd.kill(0)
    const failed = await put(store, '/b', '1').catch((error: unknown) => error)
    ok(failed instanceof StoreUnavailable)
    await etcd.start(0)
    equal((await put(store, '/b', '1')).ok, true)
    equal(askedFor.at(-1), shown)
  }
  await rejects(open(etcd, { tls: () => ({ ca }) }), /no etcd member answers/)
  await rejects(open(etcd, { tls: () => ({ certificate, key }) }), /no etcd member answers.*certificate/)
})

test('of servers that share an etcd one compacts in each round, and all go by it', options, async () => {
  await using etcd = await startEtcd(1)
  await using store = await open(etcd)
  const connections = [0, 1].map(() => new EtcdConnection({ endpoints: etcd.endpoints, clock: systemClock, log: silentLog }))
  let rounds = connections.map(() => ({ version: 0, revision: 0 }))
  const compacted: number[] = []
  for (let i = 0; i < 4; i++) {
    await put(store, '/a', String(i))
    const next: typeof rounds = []
    for (const [j, connection] of connections.entries()) next.push(await compactOnce(connection, rounds[j]!))
    rounds = next
    compacted.push(await store.compacted())
  }
  // the first round only tells where the store was; then the history before the round before is forgotten
  deepEqual(compacted, [1, 3, 5, 7])
  await rejects(store.get('/a', 3), new Compacted(7))
  for (const connection of connections) connection[Symbol.dispose]()
})

test('another prefix may stand in for /registry, and keys beside it are left alone', options, async () => {
  await using etcd = await startEtcd(1)
  await using store = await open(etcd, { prefix: '/blue' })
  await put(store, '/registry/pods/a', '1')
  ctl(etcd, 'put', '/green/pods/b', '1')
  deepEqual(
    (await store.range('/registry/')).entries.map((e) => e.key),
    ['/registry/pods/a'],
  )
  equal(ctl(etcd, 'get', '/', '--prefix', '--keys-only').split(/\n+/).join(' ').trim(), '/blue/pods/a /green/pods/b')
})

test('events of our own writes carry the very arrays that were written', options, async () => {
  await using etcd = await startEtcd(1)
  await using store = await open(etcd)
  const watch = store.watch('/', 1, new AbortController().signal)[Symbol.asyncIterator]()
  await watch.next()
  const value = Buffer.from('mine')
  await store.commit({ expect: [], writes: [{ type: 'put', key: '/a', value }] })
  const [event] = (await watch.next()).value as [Extract<StoreEvent, { type: 'put' }>]
  equal(event.entry.value, value)
})

test('a history of large values, which etcd sends in fragments, comes whole and commit by commit', options, async () => {
  await using etcd = await startEtcd(1)
  await using store = await open(etcd)
  const value = (i: number) => Buffer.alloc(600_000, i)
  for (let i = 0; i < 12; i += 2)
    await store.commit({
      expect: [],
      writes: [0, 1].map((j) => ({ type: 'put', key: `/large/${j}`, value: value(i + j) })),
    })
  const batches: number[][] = []
  for await (const batch of store.watch('/large/', 1, new AbortController().signal)) {
    if (batch.length === 0) break
    batches.push(batch.map((e) => (e.type === 'put' && e.entry.value.length === 600_000 ? e.entry.value[0]! : -1)))
  }
  deepEqual(batches, [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
    [8, 9],
    [10, 11],
  ])
})

test('a server that was cut off for longer than the history reaches back says so to its watchers, and goes on', options, async () => {
  await using etcd = await startEtcd(1)
  await using line = await openLine(Number(new URL(etcd.endpoints[0]!).port))
  await using store = await open(etcd, { endpoints: [`http://127.0.0.1:${line.port}`] })
  await using other = await open(etcd)
  const watch = store.watch('/', 1, new AbortController().signal)[Symbol.asyncIterator]()
  await watch.next()
  const next = watch.next().catch((error: unknown) => error)
  line.cut()
  for (let i = 0; i < 5; i++) await put(other, '/a', String(i))
  await other.compact(5)
  line.mend()
  deepEqual(await next, new Compacted(5))
  const [events] = await Array.fromAsync(take(store.watch('/', 5, new AbortController().signal), 1))
  deepEqual(
    events!.map((e) => e.revision),
    [6],
  )
  const mine = await store.commit({ expect: [], writes: [{ type: 'put', key: '/b', value: Buffer.from('1') }] })
  deepEqual([mine.ok, mine.revision, await store.revision()], [true, 7, 7])
})

test('a snapshot is one that etcd itself restores', options, async () => {
  await using etcd = await startEtcd(1)
  await using store = await open(etcd)
  await put(store, '/a', '1')
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-etcd-snapshot-'))
  using _gone = { [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
  const file = join(directory, 'snapshot.db')
  writeFileSync(file, Buffer.concat(await Array.fromAsync(store.snapshot())))
  ctl(etcd, 'snapshot', 'restore', file, '--data-dir', join(directory, 'restored'))
  match(ctl(etcd, 'snapshot', 'status', file), /^[0-9a-f]+, 2, /)
})

test('an etcd that is too old is refused', options, async () => {
  const bytes = (value: Buffer) => value
  const service = {
    status: {
      path: '/etcdserverpb.Maintenance/Status',
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  }
  const server = new Server()
  server.addService(service, {
    status: (_: unknown, answer: (error: null, value: Buffer) => void) => answer(null, encode(status.response, { version: '3.3.27' })),
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  const endpoint = `http://127.0.0.1:${port}`
  await rejects(
    openEtcdStore({ endpoints: [endpoint], clock: systemClock, log: silentLog }),
    new StoreUnavailable('unreachable', `etcd at ${endpoint} is of version 3.3.27; 3.4, 3.5 or 3.6 is needed`),
  )
  server.forceShutdown()
})

async function* take<T>(from: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let given = 0
  for await (const each of from) {
    yield each
    if (++given === count) return
  }
}

/** A way to etcd that can be cut: connections break, and new ones are refused until it is mended. */
async function openLine(target: number) {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const onward = connect(target, '127.0.0.1')
    for (const [a, b] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(a)
      a.on('error', () => {})
      a.on('close', () => {
        sockets.delete(a)
        b.destroy()
      })
      a.pipe(b)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { readonly port: number }).port,
    cut,
    mend: () => void (isCut = false),
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
