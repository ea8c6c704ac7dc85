/** Runs and watches over a member of an etcd cluster beside the server: the first one, or one that joins others. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { OperatorError } from '#cli/command.ts'
import { EtcdConnection, type EtcdAddress } from '#store/etcd/connection.ts'
import { StoreUnavailable } from '#store/store.ts'
import { addMember, listMembers, promoteMember } from '#store/etcd/messages.ts'
import { etcdCertificates, hasEtcdAuthority, type EtcdCertificates } from './etcd-certificates.ts'

export interface EtcdMemberParts {
  /** The server's data directory. */
  readonly directory: string
  /** The address other masters reach this one at. */
  readonly host: string
  readonly clientPort: number
  readonly peerPort: number
  /** The endpoint of a member there is; absent: this is the first one. */
  readonly join?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface EtcdMember extends AsyncDisposable {
  /** The cluster, this member first. */
  readonly address: EtcdAddress
}

const PROGRAM = 'etcd'
const QUOTA_BYTES = 8 * 2 ** 30 // the most that etcd recommends
const REQUEST_BYTES_MAX = 8 * 2 ** 20 // bodies have up to 3 MB, and what else an object gets comes on top
const RESTART_MS = 1000
const RENEW_EVERY_MS = 24 * 3600 * 1000
const PROMOTE_EVERY_MS = 500
const PROMOTE_MS_MAX = 120_000 // a large database takes its time to be copied
const JOIN_MS_MAX = 60_000 // others may be joining
const QUORUM_MS_MAX = 300_000 // machines that start together differ by minutes
const STOP_MS_MAX = 10_000
const ORPHAN_LOOK_MS = 100

/** Starts the member and, when it is new to a cluster, waits until it has a voice there. Throws `OperatorError`. */
export async function startEtcdMember(parts: EtcdMemberParts): Promise<EtcdMember> {
  const { directory, clock, log } = parts
  const keys = join(directory, 'pki/etcd')
  const data = resolve(directory, 'etcd')
  if (parts.join !== undefined && !hasEtcdAuthority(keys))
    throw new OperatorError(`--join needs ca.crt and ca.key of pki/etcd from the first server's data directory in ${keys}`)
  checkInstalled()
  const certificates = etcdCertificates({ ...parts, directory: keys })
  const isNew = !existsSync(join(data, 'member'))
  const joined = isNew && parts.join !== undefined ? await joinCluster(parts, parts.join, certificates) : undefined
  await endOrphan(data, clock, log)
  const stop = new AbortController()
  const running = supervise(wordsOf(parts, certificates, data, joined?.initialCluster), `${data}.pid`, log, clock, stop.signal)
  const renewal = everyDay(clock, () => void etcdCertificates({ ...parts, directory: keys }))
  const member: EtcdMember = {
    address: { endpoints: [clientUrl(parts), ...(joined?.endpoints ?? [])], tls: certificates.tls },
    async [Symbol.asyncDispose]() {
      renewal[Symbol.dispose]()
      stop.abort()
      await running
    },
  }
  try {
    if (joined) {
      await promoted(parts, joined, certificates)
      return member
    }
    return { ...member, address: { ...member.address, endpoints: await knownEndpoints(parts, certificates) } }
  } catch (error) {
    await member[Symbol.asyncDispose]()
    throw error
  }
}

function checkInstalled(): void {
  const { error } = spawnSync(PROGRAM, ['--version'])
  if (error !== undefined) throw new OperatorError(`cannot run ${PROGRAM}: run 'apt-get install etcd-server'`, { cause: error })
}

interface Joined {
  readonly id: bigint
  /** Of those that are there. */
  readonly endpoints: readonly string[]
  readonly initialCluster: string
}

/** Announces this member as one without a voice, so that the others need not wait for it. */
async function joinCluster(parts: EtcdMemberParts, endpoint: string, { tls }: EtcdCertificates): Promise<Joined> {
  using connection = new EtcdConnection({ endpoints: [endpoint], tls, clock: parts.clock, log: parts.log })
  const mine = peerUrl(parts)
  const until = parts.clock.monotonic() + JOIN_MS_MAX
  for (;;)
    try {
      return await announced(connection, parts, mine)
    } catch (error) {
      if (error instanceof OperatorError) throw error
      const why = (error as Error).message
      if (!(error instanceof StoreUnavailable) || parts.clock.monotonic() > until)
        throw new OperatorError(`cannot join the etcd cluster at ${endpoint}: ${why}`, { cause: error })
      parts.log.warn('the etcd cluster takes no member now', { endpoint, error: why })
    }
}

async function announced(connection: EtcdConnection, parts: EtcdMemberParts, mine: string): Promise<Joined> {
  let { members } = await connection.call(listMembers, {}, 'read')
  let own = members.find((m) => m.peerUrls.includes(mine))
  if (own !== undefined && own.name !== '')
    throw new OperatorError(
      `the etcd cluster has a member at ${mine} already, whose data is not here: remove it with etcdctl member remove`,
    )
  if (own === undefined) {
    const added = await connection.call(addMember, { peerUrls: [mine], isLearner: true }, 'write')
    members = added.members
    own = added.member!
  }
  const others = members.filter((m) => m.name !== '')
  return {
    id: own.id,
    endpoints: others.flatMap((m) => m.clientUrls),
    initialCluster: [...others.flatMap((m) => m.peerUrls.map((url) => `${m.name}=${url}`)), `${nameOf(parts)}=${mine}`].join(','),
  }
}

/** Gives the member a voice once it has caught up with the others. */
async function promoted({ clock, log }: EtcdMemberParts, { id, endpoints }: Joined, { tls }: EtcdCertificates): Promise<void> {
  using connection = new EtcdConnection({ endpoints, tls, clock, log })
  const until = clock.monotonic() + PROMOTE_MS_MAX
  for (;;)
    try {
      await connection.call(promoteMember, { id }, 'read') // once more does no harm
      return
    } catch (error) {
      const { message } = error as Error
      if (/not a learner|can only promote a learner member$/.test(message)) return
      if (clock.monotonic() > until)
        throw new OperatorError(`the etcd member does not catch up with the others: ${message}`, { cause: error })
      await sleep(clock, PROMOTE_EVERY_MS)
    }
}

/** Where the member knows the cluster to be, once enough members are up: after all were down, the first one waits for others. */
async function knownEndpoints(parts: EtcdMemberParts, { tls }: EtcdCertificates): Promise<readonly string[]> {
  const { clock, log } = parts
  const own = clientUrl(parts)
  using connection = new EtcdConnection({ endpoints: [own], tls, clock, log })
  const until = clock.monotonic() + QUORUM_MS_MAX
  for (;;)
    try {
      const { members } = await connection.call(listMembers, {}, 'read')
      return [own, ...members.flatMap((m) => m.clientUrls).filter((url) => url !== own)]
    } catch (error) {
      if (clock.monotonic() > until)
        throw new OperatorError(`the etcd member does not come up: ${(error as Error).message}`, { cause: error })
      log.warn('the etcd member waits for others', { error: (error as Error).message })
    }
}

function wordsOf(
  parts: EtcdMemberParts,
  { authority, certificate, key }: EtcdCertificates,
  data: string,
  initialCluster?: string,
): string[] {
  const [client, peer] = [clientUrl(parts), peerUrl(parts)]
  return [
    ['--name', nameOf(parts)],
    ['--data-dir', data],
    ['--listen-client-urls', client],
    ['--advertise-client-urls', client],
    ['--listen-peer-urls', peer],
    ['--initial-advertise-peer-urls', peer],
    ['--initial-cluster', initialCluster ?? `${nameOf(parts)}=${peer}`],
    ['--initial-cluster-state', initialCluster === undefined ? 'new' : 'existing'],
    ['--cert-file', certificate, '--key-file', key, '--trusted-ca-file', authority, '--client-cert-auth'],
    ['--peer-cert-file', certificate, '--peer-key-file', key, '--peer-trusted-ca-file', authority, '--peer-client-cert-auth'],
    ['--enable-grpc-gateway=false', '--pre-vote'],
    ['--quota-backend-bytes', String(QUOTA_BYTES), '--max-request-bytes', String(REQUEST_BYTES_MAX)],
    ['--logger', 'zap', '--log-level', 'warn'],
  ].flat()
}

const nameOf = ({ host, clientPort }: EtcdMemberParts) => `k8ts-${host}-${clientPort}`
const urlOf = (host: string, port: number) => `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
const clientUrl = ({ host, clientPort }: EtcdMemberParts) => urlOf(host, clientPort)
const peerUrl = ({ host, peerPort }: EtcdMemberParts) => urlOf(host, peerPort)

/** A member outlives a server that was killed; the new server runs its own. */
async function endOrphan(data: string, clock: Clock, log: Log): Promise<void> {
  const pid = Number(readIfThere(`${data}.pid`))
  const runs = () => pid > 1 && (readIfThere(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(data)
  if (!runs()) return
  log.info('the member of an earlier server still runs and is ended', { pid })
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; runs(); waitedMs += ORPHAN_LOOK_MS) {
    if (waitedMs === STOP_MS_MAX) process.kill(pid, 'SIGKILL')
    await sleep(clock, ORPHAN_LOOK_MS)
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Starts it again whenever it ends, until `signal` aborts. */
async function supervise(words: readonly string[], pidFile: string, log: Log, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const child = spawn(PROGRAM, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid))
    createInterface({ input: child.stderr }).on('line', (line) => log.debug('etcd says', { line }))
    const ended = endOf(child)
    const abort = () => stopSoftly(child, clock, ended)
    signal.addEventListener('abort', abort, { once: true })
    const how = await ended
    signal.removeEventListener('abort', abort)
    if (signal.aborted) return
    log.error('etcd ended and is started again', { how })
    await sleep(clock, RESTART_MS, signal).catch(() => {})
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`))
  })
}

function stopSoftly(child: ChildProcess, clock: Clock, ended: Promise<unknown>): void {
  child.kill('SIGTERM')
  const timer = clock.timer(STOP_MS_MAX, () => void child.kill('SIGKILL'))
  void ended.then(() => timer[Symbol.dispose]())
}

function everyDay(clock: Clock, work: () => void): Disposable {
  let timer: Disposable
  const next = () => {
    timer = clock.timer(RENEW_EVERY_MS, () => {
      work()
      next()
    })
  }
  next()
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}
