/** What requests cost the API server in CPU, over TLS and HTTP/2, and what the objects it holds cost in memory. */

import type { ClientHttp2Session } from 'node:http2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { startServer, type ServerUnderTest } from '../tests/integration/server-under-test.ts'
import { drive, type Figure } from './figures.ts'
import { call, cpuMs, open } from './wire.ts'

const PODS = 10_000
const LISTED = 5_000
const WATCHERS = 100
const CHANGES = 500

/** The API server alone, over the memory store: what is measured is the request, not the disk. */
export async function benchRequests(): Promise<readonly Figure[]> {
  await using server = await startServer({ command: 'kube-apiserver', flags: ['--datastore', 'memory'] })
  const session = open(server)
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
  await call(session, 'POST', '/api/v1/namespaces/default/serviceaccounts', JSON.stringify(account))
  const cost = async (count: number, work: (i: number) => Promise<unknown>): Promise<number> => {
    const before = cpuMs(server)
    await drive(count, 16, work)
    return (cpuMs(server) - before) / count
  }
  const pods = '/api/v1/namespaces/default/pods'
  const create = (prefix: string) => (i: number) => call(session, 'POST', pods, JSON.stringify(pod(`${prefix}-${i}`)))
  await drive(2_000, 16, create('warm')) // until the compiler has seen it all
  const creates = await cost(LISTED - 2_000, create('pod'))
  const get = (i: number) => call(session, 'GET', `${pods}/pod-${i % 3_000}`)
  await drive(2_000, 16, get)
  const gets = await cost(10_000, get)
  const patch = (prefix: string) => (i: number) =>
    call(
      session,
      'PATCH',
      `${pods}/pod-${i % 3_000}`,
      `{"metadata":{"labels":{"patched":"${prefix}-${i}"}}}`,
      'application/merge-patch+json',
    )
  await drive(1_000, 16, patch('warm'))
  const patches = await cost(3_000, patch('patched'))
  const list = () => call(session, 'GET', pods)
  for (let i = 0; i < 3; i++) await list()
  const lists = await cost(30, list)
  const events = await eventCost(server, session)
  session.destroy()
  const [bytes, json] = await held()
  return [
    figure('CPU per create of a pod', creates * 1000, 600, 'µs'),
    figure('CPU per GET of a pod', gets * 1000, 120, 'µs'),
    {
      what: 'CPU per merge patch of a pod',
      measured: `${(patches * 1000).toFixed(0)} µs`,
      budget: '',
      met: 'not measured',
      note: 'no budget is set',
    },
    figure('CPU per object of a LIST of 5 000 pods', (lists * 1000) / LISTED, 2, 'µs'),
    figure(`CPU per event delivered to each of ${WATCHERS} watchers`, events * 1000, 4, 'µs'),
    {
      what: `memory for ${PODS.toLocaleString('en')} more pods held`,
      measured: `${(bytes / json).toFixed(2)} times their JSON (${(bytes / 2 ** 20).toFixed(0)} MB for ${(json / 2 ** 20).toFixed(0)} MB)`,
      budget: 'under 1.5 times their JSON',
      met: bytes < 1.5 * json,
      note: 'heap and buffers after garbage collection, pods alike but for their names, never listed: each media type they are asked for in adds its bytes, and a store in memory the JSON',
    },
  ]
}

function figure(what: string, value: number, budget: number, unit: string): Figure {
  const shown = value < 10 ? value.toFixed(2) : value.toFixed(0)
  return { what, measured: `${shown} ${unit}`, budget: `${budget} ${unit}`, met: value < budget }
}

/** Milliseconds of CPU for one event on its way to one watcher, the change itself left out. */
async function eventCost(server: ServerUnderTest, session: ClientHttp2Session): Promise<number> {
  const path = '/api/v1/namespaces/default/configmaps'
  await call(session, 'POST', path, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'changing' } }))
  const change = (prefix: string) => (i: number) =>
    call(session, 'PATCH', `${path}/changing`, `{"data":{"a":"${prefix}-${i}"}}`, 'application/merge-patch+json')
  const costOf = async (prefix: string) => {
    await drive(CHANGES, 1, change(`${prefix}-warm`))
    const before = cpuMs(server)
    await drive(CHANGES, 1, change(prefix))
    return (cpuMs(server) - before) / CHANGES
  }
  const alone = await costOf('alone')
  const watching = Array.from({ length: 4 }, () => open(server)) // a connection takes a hundred streams at most
  for (let i = 0; i < WATCHERS; i++) {
    const stream = watching[i % watching.length]!.request({ ':path': `${path}?watch=true&resourceVersion=0` })
    stream.on('error', () => {}) // it is cut off in the end
    stream.resume()
  }
  await new Promise((done) => setTimeout(done, 500))
  const watched = await costOf('watched')
  for (const connection of watching) connection.destroy()
  return (watched - alone) / WATCHERS
}

/** Growth of what a server in this process holds after collecting garbage, and of the JSON, by the pods made. */
async function held(): Promise<readonly [bytes: number, json: number]> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = () => {
    for (let i = 0; i < 3; i++) collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const directory = mkdtempSync(join(tmpdir(), 'bench-held-'))
  await using store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
  await using server = await openTestApi({ store })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
  await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  const path = '/api/v1/namespaces/default/pods'
  for (let i = 0; i < 1_000; i++) await server.call('POST', path, pod(`warm-${i}`))
  const before = used()
  let json = 0
  for (let i = 0; i < PODS; i++) json += JSON.stringify((await server.call('POST', path, pod(`held-${i}`))).object).length
  const grown = used() - before
  rmSync(directory, { recursive: true })
  return [grown, json]
}

function pod(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', tier: 'back' }, annotations: { note: 'made to be measured' } },
    spec: {
      nodeName: 'nowhere',
      containers: [
        {
          name: 'main',
          image: 'example/app:1',
          env: [{ name: 'A', value: 'b' }],
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
        },
      ],
    },
  }
}
