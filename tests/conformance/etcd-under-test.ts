/** Real etcd clusters for tests, from the distribution's etcd-server. */

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another release than the distribution's may be tried. */
const PROGRAM = process.env.K8TS_TEST_ETCD ?? '/usr/bin/etcd'

/** Why tests with etcd cannot run here; false when they can. */
export const needsEtcd: string | false = existsSync(PROGRAM) ? false : 'needs etcd (apt-get install etcd-server)'

export interface EtcdUnderTest extends AsyncDisposable {
  readonly endpoints: readonly string[]
  /** SIGKILL. */
  kill(member: number): Promise<void>
  /** Starts a killed member again, with its data. */
  start(member: number): Promise<void>
  signal(member: number, signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** A cluster whose members answer; gone with its data when disposed. */
export async function startEtcd(members = 1, flags: readonly string[] = [], scheme: 'http' | 'https' = 'http'): Promise<EtcdUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-etcd-'))
  const ports = await freePorts(members * 2)
  const endpoints = Array.from({ length: members }, (_, i) => `${scheme}://127.0.0.1:${ports[2 * i]}`)
  const peers = Array.from({ length: members }, (_, i) => `http://127.0.0.1:${ports[2 * i + 1]}`)
  const running: (ChildProcess | undefined)[] = []
  const launch = (i: number) => {
    const words = [
      ['--name', `m${i}`],
      ['--data-dir', join(directory, `m${i}`)],
      ['--listen-client-urls', endpoints[i]!],
      ['--advertise-client-urls', endpoints[i]!],
      ['--listen-peer-urls', peers[i]!],
      ['--initial-advertise-peer-urls', peers[i]!],
      ['--initial-cluster', peers.map((url, j) => `m${j}=${url}`).join(',')],
      ['--log-level', 'error'],
      flags,
    ].flat()
    const child = spawn(PROGRAM, words, { stdio: 'ignore' })
    running[i] = child
    return child
  }
  const kill = async (i: number) => {
    const child = running[i]
    if (child === undefined) return
    running[i] = undefined
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  for (let i = 0; i < members; i++) launch(i)
  for (let i = 0; i < members; i++) await listening(ports[2 * i]!)
  return {
    endpoints,
    kill,
    async start(i) {
      launch(i)
      await listening(ports[2 * i]!)
    },
    signal: (i, signal) => void running[i]?.kill(signal),
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((_, i) => kill(i)))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const START_MS_MAX = 20_000

/** etcd listens for clients once it has joined its cluster. */
async function listening(port: number): Promise<void> {
  const { connect } = await import('node:net')
  const deadline = performance.now() + START_MS_MAX
  while (performance.now() < deadline) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`etcd did not listen on port ${port} within ${START_MS_MAX} ms`)
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
