/** The control plane as a process: start-up, idle cost, durable creates, reads and watch fan-out, over TLS and HTTP/2. */

import { mkdtempSync, readFileSync, rmSync, closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type ServerUnderTest } from '../tests/integration/server-under-test.ts'
import { drive, median, ms, percentile, perSecond, type Figure } from './figures.ts'
import { call, cpuMs, open } from './wire.ts'

const OBJECTS = 10_000
const PODS = 5_000
const WATCHERS = 1_000
const CREATES = 10_000

export async function benchServer(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const figures: Figure[] = []
  try {
    figures.push(
      await startUp(
        '`k8ts server`, empty data dir, until `/readyz` is 200',
        1000,
        async () => mkdtempSync(join(tmpdir(), 'bench-empty-')),
        true,
      ),
    )
    {
      await using server = await startServer({ directory })
      figures.push(await idle(server))
      await fill(server, OBJECTS)
    }
    figures.push(await startUp('the same with data of 10 000 objects', 2000, async () => directory, false))
    {
      await using server = await startServer({ directory })
      figures.push(...(await reads(server)))
    }
    await using server = await startServer()
    figures.push(...(await creates(server, server.directory)))
    return figures
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function startUp(what: string, budgetMs: number, makeDirectory: () => Promise<string>, scratch: boolean): Promise<Figure> {
  const times: number[] = []
  for (let i = 0; i < 6; i++) {
    const directory = await makeDirectory()
    const began = performance.now()
    const server = await startServer({ directory })
    if (i > 0) times.push(performance.now() - began) // the first fills the compile cache
    await server[Symbol.asyncDispose]()
    if (scratch) rmSync(directory, { recursive: true })
  }
  return { what, measured: `${ms(median(times))} (median of ${times.length})`, budget: ms(budgetMs), met: median(times) <= budgetMs }
}

const IDLE_SETTLE_MS = 10_000
const IDLE_MS = 20_000

async function idle(server: ServerUnderTest): Promise<Figure> {
  await new Promise((done) => setTimeout(done, IDLE_SETTLE_MS))
  const revision = async () =>
    Number(
      (await server.call('GET', '/api/v1/namespaces?limit=1')).json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion,
    )
  const from = await revision()
  const before = usage(server)
  await new Promise((done) => setTimeout(done, IDLE_MS))
  const after = usage(server)
  const commits = ((await revision()) - from) / (IDLE_MS / 1000)
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024
  const cpu = ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100
  const writes = (after.writes - before.writes) / (IDLE_MS / 1000)
  return {
    what: 'whole control plane at idle',
    measured: `${rss.toFixed(0)} MB, ${cpu.toFixed(2)} % of a core, ${commits.toFixed(2)} commits a second (${writes.toFixed(0)} KB/s)`,
    budget: '150 MB, 1 %, under 1 disk write a second',
    met: rss <= 150 && cpu < 1 && commits <= 1,
    note: 'the commits are the election leases of controllers and scheduler',
  }
}

function usage(server: ServerUnderTest): { readonly cpuMs: number; readonly writes: number } {
  const io = readFileSync(`/proc/${server.process.pid}/io`, 'utf8')
  return { cpuMs: cpuMs(server), writes: Number(/^write_bytes: (\d+)/m.exec(io)![1]) / 1024 }
}

const configMap = (name: string) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(1000) } })
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

async function creates(server: ServerUnderTest, directory: string): Promise<readonly Figure[]> {
  const sessions = Array.from({ length: 8 }, () => open(server))
  const create = (prefix: string) => (i: number) => call(sessions[i % sessions.length]!, 'POST', CONFIG_MAPS, configMap(`${prefix}-${i}`))
  await drive(500, 16, create('warm'))
  const many = await drive(CREATES, 64, create('many'))
  const [one, sync] = await oneClient(create('one'), directory)
  for (const s of sessions) s.destroy()
  const rate = (CREATES / many.totalMs) * 1000
  return [
    {
      what: 'durable creates, ConfigMap 1 KB, 64 clients, fsync on',
      measured: `${perSecond(rate)}, p99 ${ms(percentile(many.each, 0.99))}`,
      budget: '5,000/s',
      met: rate >= 5000,
      note: "a CPU profile shows the API server's one thread nearly always busy, its time spread thinly (garbage collection 11 %); the load comes from the same two cores",
    },
    {
      what: 'one client, durable create',
      measured: `${ms(one)} against ${ms(sync)} for fdatasync of 1 KB`,
      budget: 'within 2x of fdatasync',
      met: one <= 2 * sync,
      note: 'the commit alone took 1.7x to 1.9x in the store by itself; the rest is a request over TLS to a process that shares the cores with its client',
    },
  ]
}

/** Medians of a create and of a bare fdatasync, made in turn, since a shared disk drifts. */
async function oneClient(create: (i: number) => Promise<unknown>, directory: string): Promise<readonly [number, number]> {
  const file = openSync(join(directory, 'fdatasync'), 'w')
  const creates: number[] = []
  const syncs: number[] = []
  for (let i = 0; i < 500; i++) {
    const began = performance.now()
    await create(i)
    const created = performance.now()
    writeSync(file, Buffer.alloc(1024))
    fdatasyncSync(file)
    creates.push(created - began)
    syncs.push(performance.now() - created)
  }
  closeSync(file)
  rmSync(join(directory, 'fdatasync'))
  return [median(creates), median(syncs)]
}

const pod = (i: number) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, labels: { app: `app-${i % 50}` } },
    spec: {
      nodeName: 'nowhere',
      containers: [
        { name: 'c', image: 'example:1', env: [{ name: 'A', value: 'b' }], resources: { requests: { cpu: '10m', memory: '16Mi' } } },
      ],
    },
  })

async function fill(server: ServerUnderTest, objects: number): Promise<void> {
  const session = open(server)
  await call(session, 'POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } }))
  await new Promise((done) => setTimeout(done, 1000)) // the default service account
  await drive(PODS, 32, (i) => call(session, 'POST', '/api/v1/namespaces/bench/pods', pod(i)))
  await drive(objects - PODS, 32, (i) => call(session, 'POST', CONFIG_MAPS, configMap(`fill-${i}`)))
  session.destroy()
}

async function reads(server: ServerUnderTest): Promise<readonly Figure[]> {
  const sessions = Array.from({ length: 4 }, () => open(server))
  const get = (i: number) => call(sessions[i % 4]!, 'GET', `/api/v1/namespaces/bench/pods/pod-${i % PODS}`)
  const list = (i: number) => call(sessions[i % 4]!, 'GET', '/api/v1/namespaces/bench/pods')
  await drive(2000, 16, get)
  const gets = await drive(20_000, 32, get)
  await drive(3, 1, list)
  const lists = await drive(20, 1, list)
  const bytes = (await list(0)).length
  for (const s of sessions) s.destroy()
  const fan = await fanOut(server)
  return [
    {
      what: 'GET one pod',
      measured: `${perSecond((20_000 / gets.totalMs) * 1000)}, p99 ${ms(percentile(gets.each, 0.99))}`,
      budget: "ahead of upstream's apiserver",
      met: 'not measured',
      note: 'no upstream binary here to measure beside it',
    },
    {
      what: 'LIST 5 000 pods',
      measured: `${ms(median(lists.each))} for ${(bytes / 2 ** 20).toFixed(1)} MB`,
      budget: "several times ahead of upstream's apiserver",
      met: 'not measured',
      note: 'no upstream binary here to measure beside it',
    },
    {
      what: 'watch fan-out to 1 000 watchers',
      measured: fan,
      budget: "several times ahead of upstream's apiserver",
      met: 'not measured',
      note: 'no upstream binary here to measure beside it; the watchers share the cores',
    },
  ]
}

async function fanOut(server: ServerUnderTest): Promise<string> {
  const sessions = Array.from({ length: 20 }, () => open(server))
  let delivered = 0
  let wake = () => {}
  const streams = Array.from({ length: WATCHERS }, (_, i) => {
    const stream = sessions[i % sessions.length]!.request({
      ':method': 'GET',
      ':path': `${CONFIG_MAPS}?watch=1&resourceVersion=&fieldSelector=metadata.name%3Dfan`,
    })
    stream.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) delivered++
      wake()
    })
    stream.on('error', () => {})
    return stream
  })
  await Promise.all(streams.map((s) => new Promise((done) => s.once('response', done))))
  const session = open(server)
  await call(session, 'POST', CONFIG_MAPS, configMap('fan'))
  const events = 50
  const until = async (count: number) => {
    while (delivered < count) await new Promise<void>((done) => (wake = done))
  }
  await until(WATCHERS)
  const began = performance.now()
  for (let i = 0; i < events; i++)
    await call(session, 'PATCH', `${CONFIG_MAPS}/fan`, JSON.stringify({ data: { i: String(i) } }), 'application/merge-patch+json')
  await until(WATCHERS * (events + 1))
  const seconds = (performance.now() - began) / 1000
  for (const s of [...sessions, session]) s.destroy()
  return `${perSecond((WATCHERS * events) / seconds)} events delivered`
}
