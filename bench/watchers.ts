/** Ten thousand watchers of one server, one of which takes nothing: what the others and the writer notice of it. */

import type { ClientHttp2Session } from 'node:http2'
import { setTimeout } from 'node:timers/promises'
import { startServer } from '../tests/integration/server-under-test.ts'
import { median, ms, percentile, type Figure } from './figures.ts'
import { call, cpuMs, open } from './wire.ts'

const WATCHERS = 10_000
const PER_CONNECTION = 100 // as many streams as upstream's server lets a connection have
const CHANGES = 60
const STALL_MS = 75_000 // a minute is what the server waits for a client that takes nothing
const PAUSE_MS = 500 // between changes, longer than all watchers take to hear of one
const PATH = '/api/v1/namespaces/default/configmaps'
const WATCH = `${PATH}?watch=true&resourceVersion=0`

export async function benchWatchers(): Promise<readonly Figure[]> {
  await using server = await startServer({ command: 'kube-apiserver', flags: ['--datastore', 'memory'] })
  const writer = open(server)
  const data = { filler: 'x'.repeat(1024) }
  await call(writer, 'POST', PATH, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'changing' }, data }))
  const change = async (i: number) => {
    const began = performance.now()
    await call(writer, 'PATCH', `${PATH}/changing`, `{"metadata":{"labels":{"n":"${i}"}}}`, 'application/merge-patch+json')
    return performance.now() - began
  }

  let bytes = 0
  let cut = 0
  const connections = Array.from({ length: WATCHERS / PER_CONNECTION }, () => open(server))
  for (const connection of connections) {
    for (let i = 0; i < PER_CONNECTION; i++) {
      const stream = connection.request({ ':path': WATCH })
      stream.on('error', () => {})
      stream.on('close', () => cut++)
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
    }
    await setTimeout(10)
  }
  const settled = async () => {
    for (let before = -1; before !== bytes;) {
      before = bytes
      await setTimeout(PAUSE_MS)
    }
  }
  await settled()
  const calm: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    calm.push(await change(i))
    await setTimeout(PAUSE_MS)
  }
  await settled()

  const blocked = open(server, 1024)
  const stream = blocked.request({ ':path': WATCH })
  stream.on('error', () => {})
  stream.pause()
  await setTimeout(PAUSE_MS)
  const before = bytes
  const cpuBefore = cpuMs(server)
  const beside: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    beside.push(await change(CHANGES + i))
    await setTimeout(PAUSE_MS)
  }
  await settled()
  const cpu = (cpuMs(server) - cpuBefore) / CHANGES / WATCHERS
  const event = (bytes - before) / CHANGES / WATCHERS
  const lost = cut
  let blockedCut = false
  for (const until = performance.now() + STALL_MS; !blockedCut && performance.now() < until; await setTimeout(PAUSE_MS))
    blockedCut = (await watchesHeld(writer)) === WATCHERS
  for (const connection of [...connections, blocked, writer]) connection.destroy()
  return [
    {
      what: `${WATCHERS.toLocaleString('en')} watchers and one that takes nothing: a change`,
      measured: `${ms(median(beside))} (median), ${ms(percentile(beside, 0.99))} (p99); without it ${ms(median(calm))} and ${ms(percentile(calm, 0.99))}`,
      budget: 'others do not notice',
      met: lost === 0 && blockedCut && median(beside) < 2 * median(calm),
      note: `${lost} of the others were cut, each got ${event.toFixed(0)} bytes a change; the blocked one was ${blockedCut ? 'cut off' : 'still held'}; ${(cpu * 1000).toFixed(2)} µs of CPU per event and watcher`,
    },
  ]
}

/** By the server's own count: a client that reads nothing does not learn that it was cut. */
async function watchesHeld(session: ClientHttp2Session): Promise<number> {
  const metrics = (await call(session, 'GET', '/metrics')).toString()
  const [, held] = /^apiserver_longrunning_requests\{[^}]*verb="WATCH"[^}]*resource="configmaps"[^}]*\} (\d+)$/m.exec(metrics) ?? []
  return Number(held)
}
