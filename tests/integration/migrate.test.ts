/** Moving a cluster's objects from SQLite to a real etcd: every revision stays what it was. */

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import { connectForMigration, migrateToEtcd, MigrationRefused, type Migrated } from '#store/migrate/to-etcd.ts'
import { restoreSqliteStore } from '#store/sqlite/restore.ts'
import { holdDatabase } from '#store/sqlite/held-database.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { Compacted, StoreUnavailable, type Entry, type Store, type Write } from '#store/store.ts'
import { needsEtcd, startEtcd, type EtcdUnderTest } from '../conformance/etcd-under-test.ts'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { root, startServer } from './server-under-test.ts'

const parts = { clock: systemClock, log: silentLog, historyMs: 0 }

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-migrate-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Some hundred commits: one key or several, changed often, deleted and made again, some under a lease; some compacted. */
async function fill(directory: string): Promise<{ readonly entries: readonly Entry[]; readonly revision: number }> {
  const random = seededRandom(11)
  const pick = (n: number) => Math.floor(random.next() * n)
  await using store = await openSqliteStore({ ...parts, directory })
  const lease = await store.grantLease(600_000)
  const write = (key: string): Write =>
    pick(6) === 0
      ? { type: 'delete', key }
      : { type: 'put', key, value: Buffer.from(`${key} ${pick(1e6)}`), ...(key.includes('events') && { lease }) }
  for (let i = 0; i < 400; i++) {
    const keys = new Set(
      Array.from(
        { length: pick(8) === 0 ? 5 : 1 },
        () => `/registry/${['pods', 'events', 'leases'][pick(3)]}/${pick(pick(2) === 0 ? 3 : 60)}`,
      ),
    )
    await store.commit({ expect: [], writes: [...keys].map(write) })
    if (i === 200) await store.compact(await store.revision())
  }
  return { entries: (await store.range('')).entries, revision: await store.revision() }
}

function migrate(
  directory: string,
  etcd: EtcdUnderTest,
  options: { underWay?: number; progress?: (done: number) => void } = {},
): Promise<Migrated> {
  return (async () => {
    using source = holdDatabase(directory)
    using connection = await connectForMigration({ endpoints: etcd.endpoints, clock: systemClock, log: silentLog })
    return await migrateToEtcd({ source, connection, clock: systemClock, ...options })
  })()
}

const told = (entries: readonly Entry[]) =>
  entries.map(({ lease, value, ...e }) => ({ ...e, value: Buffer.from(value).toString(), leased: lease !== undefined }))

async function checkMoved(etcd: EtcdUnderTest, { entries, revision }: Awaited<ReturnType<typeof fill>>): Promise<void> {
  await using moved: Store = await openEtcdStore({ ...parts, endpoints: etcd.endpoints })
  deepEqual(told((await moved.range('')).entries), told(entries))
  ok((await moved.revision()) >= revision)
  const { key, modRevision } = entries[0]!
  const written = await moved.commit({ expect: [{ key, modRevision }], writes: [{ type: 'put', key, value: Buffer.from('next') }] })
  ok(written.ok && written.revision > revision, 'who knows the entry as it was may change it')
  await rejects(Array.fromAsync(moved.watch('', revision - 1, new AbortController().signal)), Compacted)
  for await (const [event] of moved.watch('/registry/', revision, new AbortController().signal)) {
    equal(event?.type === 'put' && event.entry.key, key, 'who has seen all goes on from there')
    break
  }
}

test('everything lies in etcd as it lay in the file: values, revisions, versions', { skip: needsEtcd, timeout: 120_000 }, async (t) => {
  const directory = newDirectory(t)
  const there = await fill(directory)
  await using etcd = await startEtcd(3)
  deepEqual(await migrate(directory, etcd), { entries: there.entries.length, revision: there.revision, from: 1 })
  await checkMoved(etcd, there)
  await rejects(migrate(directory, etcd), (error) => error instanceof MigrationRefused && error.message.startsWith('etcd is not empty'))
})

test('a move that broke off goes on where it was', { skip: needsEtcd, timeout: 120_000 }, async (t) => {
  const directory = newDirectory(t)
  const there = await fill(directory)
  await using etcd = await startEtcd()
  const stopAt = (revision: number) => (done: number) => {
    if (done >= revision) throw new Error('stopped')
  }
  await rejects(migrate(directory, etcd, { underWay: 7, progress: stopAt(100) }), /stopped/)
  await rejects(migrate(directory, etcd, { underWay: 16, progress: stopAt(200) }), /stopped/)
  let killed: Promise<void> | undefined
  await rejects(
    migrate(directory, etcd, { underWay: 3, progress: (done) => void (done >= 250 && (killed ??= etcd.kill(0))) }),
    StoreUnavailable,
  )
  await killed
  await etcd.start(0)
  const { from } = await migrate(directory, etcd)
  ok(from >= 250, `it went on from ${from}`)
  await checkMoved(etcd, there)
})

test('what is not the rest of the same move is refused', { skip: needsEtcd, timeout: 120_000 }, async (t) => {
  const [directory, other] = [newDirectory(t), newDirectory(t)]
  await fill(directory)
  await fill(other)
  await using etcd = await startEtcd()
  const stop = () => {
    throw new Error('stopped')
  }
  await rejects(migrate(directory, etcd, { progress: stop }), /stopped/)
  {
    await using store = await openSqliteStore({ ...parts, directory: other })
    await store.commit({ expect: [], writes: [{ type: 'put', key: '/registry/x', value: Buffer.from('x') }] })
  }
  await rejects(migrate(other, etcd), /part of the migration of another store/)
  {
    await using store = await openEtcdStore({ ...parts, endpoints: etcd.endpoints })
    await store.commit({ expect: [], writes: [{ type: 'put', key: '/registry/x', value: Buffer.from('x') }] })
  }
  await rejects(migrate(directory, etcd), /somebody else has written to etcd/)
})

const ETCDCTL = '/usr/bin/etcdctl'
const needsEtcdctl = needsEtcd || (existsSync(ETCDCTL) ? false : 'needs etcdctl (apt-get install etcd-client)')

test('a snapshot for etcd holds the same, however many revisions there are', { skip: needsEtcdctl, timeout: 120_000 }, async (t) => {
  const directory = newDirectory(t)
  await fill(directory)
  const restored = newDirectory(t)
  // as a restored store is: far above what it was before; and with a value of many pages
  await restoreSqliteStore(restored, await snapshotOf(directory))
  {
    await using store = await openSqliteStore({ ...parts, directory: restored })
    for (let i = 0; i < 1000; i++)
      await store.commit({
        expect: [],
        writes: [{ type: 'put', key: `/registry/many/${i}`, value: Buffer.alloc(i === 500 ? 700_000 : i, i) }],
      })
  }
  let there: Awaited<ReturnType<typeof fill>>
  {
    await using store = await openSqliteStore({ ...parts, directory: restored })
    there = { entries: (await store.range('')).entries, revision: await store.revision() }
  }
  ok(there.revision > 1e9)
  await using etcd = await startEtcd()
  await rejects(migrate(restored, etcd), /an etcd snapshot is written instead/)
  const file = join(directory, 'etcd.db')
  const ran = await runProgram(
    join(root, 'k8ts'),
    ['datastore', 'migrate', '--data-dir', restored, '--to-etcd-snapshot', file],
    process.env,
  )
  equal(ran.code, 0, ran.err)
  match(ran.out, new RegExp(`^${there.entries.length} objects written to \\S+, up to resourceVersion ${there.revision}\\. `))
  const member = join(directory, 'member')
  const made = await runProgram(ETCDCTL, ['snapshot', 'restore', file, '--data-dir', member], { ...process.env, ETCDCTL_API: '3' })
  equal(made.code, 0, made.err)
  await using moved = await startEtcd(1, ['--data-dir', member, '--name', 'default'])
  await checkMoved(moved, there)
})

async function snapshotOf(directory: string): Promise<readonly Uint8Array[]> {
  await using store = await openSqliteStore({ ...parts, directory })
  return Array.fromAsync(store.snapshot())
}

test('a cluster goes on with etcd under the resourceVersions it had', { skip: needsEtcd, timeout: 180_000 }, async (t) => {
  const directory = newDirectory(t)
  await using etcd = await startEtcd()
  const words = ['datastore', 'migrate', '--data-dir', directory, '--to-etcd', etcd.endpoints[0]!]
  const run = () => runProgram(join(root, 'k8ts'), words, process.env)
  const MAPS = '/api/v1/namespaces/default/configmaps'
  const listed = async (server: Awaited<ReturnType<typeof startServer>>) => {
    const { items } = (await server.call('GET', '/api/v1/configmaps')).json<{
      items: { metadata: { name: string; uid: string; resourceVersion: string } }[]
    }>()
    return items.map(({ metadata: { name, uid, resourceVersion } }) => ({ name, uid, resourceVersion }))
  }
  let cached: { metadata: { resourceVersion: string } }
  let before: Awaited<ReturnType<typeof listed>>
  {
    await using server = await startServer({ directory, command: 'kube-apiserver' })
    const made = await server.call('POST', MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { n: '1' } })
    equal(made.status, 201)
    cached = made.json()
    before = await listed(server)
    const refused = await run()
    equal(refused.code, 1)
    match(refused.err, /^k8ts datastore: \S+ is in use by another process \(\d+\)/)
  }
  const digest = () =>
    createHash('sha256')
      .update(readFileSync(join(directory, 'store.db')))
      .digest('hex')
  const untouched = digest()
  const ran = await run()
  equal(ran.code, 0, ran.err)
  match(ran.out, /^\d+ objects moved and verified, up to resourceVersion \d+, in \S+ s\. Start the server with --etcd-servers http:/)
  equal(digest(), untouched)
  await using server = await startServer({ directory, command: 'kube-apiserver', flags: ['--etcd-servers', etcd.endpoints[0]!] })
  deepEqual(await listed(server), before)
  const updated = await server.call('PUT', `${MAPS}/a`, { ...cached, data: { n: '2' } })
  equal(updated.status, 200, updated.text)
  ok(Number(updated.json<typeof cached>().metadata.resourceVersion) > Number(cached.metadata.resourceVersion))
  equal((await server.call('PUT', `${MAPS}/a`, { ...cached, data: { n: '3' } })).status, 409)
})
