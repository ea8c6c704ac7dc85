/** Three etcd members, each in a network namespace of its own behind one bridge, so that a member can be cut off from everybody. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needsEtcd } from '../conformance/etcd-under-test.ts'

/** Why such members cannot run here; false when they can. */
export const needsNamespaces: string | false = needsEtcd || (process.getuid?.() === 0 && hasIp() ? false : 'needs root and iproute2')

export interface Members extends AsyncDisposable {
  readonly endpoints: readonly string[]
  /** The member that leads, as most of those that can be reached say. */
  leader(): Promise<number>
  kill(member: number): Promise<void>
  start(member: number): Promise<void>
  /** Nothing comes to the member or from it until it is joined again. */
  cutOff(member: number): void
  join(member: number): void
}

const COUNT = 3
const NETWORK = '198.18.77' // set aside for tests of networks
const START_MS_MAX = 20_000
const STATUS_MS_MAX = 1000

export async function startMembers(): Promise<Members> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-members-'))
  const id = `k8r${process.pid % 100_000}`
  const numbers = Array.from({ length: COUNT }, (_, i) => i)
  const address = (i: number) => `${NETWORK}.${i + 11}`
  const running: (ChildProcess | undefined)[] = []
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const inside = (i: number, ...words: string[]) => ip('-n', `${id}n${i}`, ...words)

  const launch = (i: number) => {
    const etcd = [
      ['etcd', '--name', `m${i}`, '--data-dir', join(directory, `m${i}`), '--log-level', 'error'],
      ['--listen-client-urls', `http://${address(i)}:2379`, '--advertise-client-urls', `http://${address(i)}:2379`],
      ['--listen-peer-urls', `http://${address(i)}:2380`, '--initial-advertise-peer-urls', `http://${address(i)}:2380`],
      ['--initial-cluster', numbers.map((j) => `m${j}=http://${address(j)}:2380`).join(',')],
    ].flat()
    running[i] = spawn('ip', ['netns', 'exec', `${id}n${i}`, ...etcd], { stdio: 'ignore' })
  }
  const kill = async (i: number) => {
    const child = running[i]
    running[i] = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL') // `ip netns exec` has become etcd itself
    await gone
  }
  const dispose = async () => {
    await Promise.all(numbers.map(kill))
    for (const i of numbers) quietly(() => ip('netns', 'delete', `${id}n${i}`))
    quietly(() => ip('link', 'delete', `${id}br`))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    ip('link', 'add', `${id}br`, 'type', 'bridge')
    ip('address', 'add', `${NETWORK}.1/24`, 'dev', `${id}br`)
    ip('link', 'set', `${id}br`, 'up')
    for (const i of numbers) {
      ip('netns', 'add', `${id}n${i}`)
      ip('link', 'add', `${id}v${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${id}n${i}`)
      ip('link', 'set', `${id}v${i}`, 'master', `${id}br`, 'up')
      inside(i, 'address', 'add', `${address(i)}/24`, 'dev', 'eth0')
      for (const device of ['lo', 'eth0']) inside(i, 'link', 'set', device, 'up')
    }
    for (const i of numbers) launch(i)
    for (const i of numbers) await listening(address(i))
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    endpoints: numbers.map((i) => `http://${address(i)}:2379`),
    async leader() {
      const told = await Promise.all(numbers.map((i) => status(`http://${address(i)}:2379`)))
      const known = told.find((s) => s !== undefined && s.leader !== '0')
      return told.findIndex((s) => s !== undefined && s.member === known?.leader)
    },
    kill,
    async start(i) {
      launch(i)
      await listening(address(i))
    },
    cutOff: (i) => void ip('link', 'set', `${id}v${i}`, 'down'),
    join: (i) => void ip('link', 'set', `${id}v${i}`, 'up'),
    [Symbol.asyncDispose]: dispose,
  }
}

async function status(endpoint: string): Promise<{ readonly member: string; readonly leader: string } | undefined> {
  try {
    const response = await fetch(`${endpoint}/v3/maintenance/status`, {
      method: 'POST',
      body: '{}',
      signal: AbortSignal.timeout(STATUS_MS_MAX),
    })
    const { header, leader } = (await response.json()) as { header: { member_id: string }; leader?: string }
    return { member: header.member_id, leader: leader ?? '0' }
  } catch {
    return undefined // dead or cut off
  }
}

async function listening(host: string): Promise<void> {
  const deadline = performance.now() + START_MS_MAX
  while (performance.now() < deadline) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(2379, host, () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`etcd did not listen on ${host} within ${START_MS_MAX} ms`)
}

function hasIp(): boolean {
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // was never made
  }
}
