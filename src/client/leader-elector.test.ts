import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '#api/coordination/v1/lease.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { StatusError, type Client } from './client.ts'
import { runAsLeader } from './leader-elector.ts'

/** One lease with optimistic locking; `down` makes it unreachable, `mute` silent. */
function leaseServer() {
  let lease: Lease | undefined
  const state = { down: false, mute: false }
  const refuse = (code: number, reason: string) => new StatusError({ code, reason, message: reason } as never)
  const answer = async () => {
    if (state.mute) await new Promise<never>(() => {})
    if (state.down) throw new Error('connection refused')
  }
  const store = (next: Lease) =>
    (lease = { ...next, metadata: { ...next.metadata, resourceVersion: String(Number(lease?.metadata.resourceVersion ?? 0) + 1) } })
  const client = {
    async get() {
      await answer()
      if (lease === undefined) throw refuse(404, 'NotFound')
      return lease
    },
    async create(_: unknown, next: Lease) {
      await answer()
      if (lease !== undefined) throw refuse(409, 'AlreadyExists')
      return store(next)
    },
    async update(_: unknown, next: Lease) {
      await answer()
      if (next.metadata.resourceVersion !== lease?.metadata.resourceVersion) throw refuse(409, 'Conflict')
      return store(next)
    },
  } as unknown as Client
  return { client, state, holder: () => lease?.spec?.holderIdentity, transitions: () => lease?.spec?.leaseTransitions }
}

function candidate(client: Client, clock: VirtualClock, identity: string) {
  const stop = new AbortController()
  const log: string[] = []
  const done = runAsLeader(
    {
      client,
      clock,
      random: seededRandom(identity.length),
      log: silentLog,
      namespace: 'kube-system',
      name: 'kube-controller-manager',
      identity,
    },
    async (signal) => {
      log.push('leads')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      log.push('stopped')
    },
    stop.signal,
  )
  return { stop, log, done }
}

test('one of two leads; when it leaves, the other takes over at its next try', async () => {
  const clock = new VirtualClock()
  const server = leaseServer()
  const first = candidate(server.client, clock, 'a')
  await clock.advance(0)
  const second = candidate(server.client, clock, 'bb')
  await clock.advance(60_000)
  deepEqual([first.log, second.log, server.holder()], [['leads'], [], 'a'])
  first.stop.abort()
  await first.done
  equal(server.holder(), '')
  await clock.advance(5_000)
  deepEqual([first.log, second.log, server.holder(), server.transitions()], [['leads', 'stopped'], ['leads'], 'bb', 1])
  second.stop.abort()
  await second.done
})

test('a leader that cannot renew stops before another could begin', async () => {
  const clock = new VirtualClock()
  const server = leaseServer()
  const leader = candidate(server.client, clock, 'a')
  const lost = rejects(leader.done, /leadership of kube-system\/kube-controller-manager was lost/)
  await clock.advance(4_000)
  server.state.down = true
  await clock.advance(9_000)
  deepEqual(leader.log, ['leads'])
  await clock.advance(5_000)
  deepEqual(leader.log, ['leads', 'stopped'])
  await lost
})

test('a silent holder is followed only once its lease has run out by the own clock of who waits', async () => {
  const clock = new VirtualClock()
  const silent = leaseServer()
  await silent.client.create(
    {} as never,
    {
      metadata: { name: 'l' },
      spec: { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z', leaseTransitions: 3 },
    } as never,
  )
  const heir = candidate(silent.client, clock, 'heir')
  await clock.advance(14_000)
  deepEqual(heir.log, [])
  await clock.advance(5_000)
  deepEqual([heir.log, silent.transitions()], [['leads'], 4])
  heir.stop.abort()
  await heir.done
})

test('a server that takes calls and never answers costs the leader its lead in time', async () => {
  const clock = new VirtualClock()
  const server = leaseServer()
  const leader = candidate(server.client, clock, 'a')
  const lost = rejects(leader.done, /was lost/)
  await clock.advance(4_000)
  server.state.mute = true
  await clock.advance(12_000)
  deepEqual(leader.log, ['leads', 'stopped'])
  await lost
})
