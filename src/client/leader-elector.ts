/** Leader election by Lease: of several replicas one acts, and another takes over when it falls silent (client-go's rules). */

import { Lease, leases } from '#api/coordination/v1/lease.ts'
import { microTimestamp, sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason, type Client } from './client.ts'

export interface LeaderElectionParts {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** Unique among the replicas: host name and a random part. */
  readonly identity: string
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
}

/** The Lease could not be renewed in time: another replica may act by now. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost'
}

const LEASE_DURATION_MS = 15_000
const RENEW_DEADLINE_MS = 10_000
const RETRY_PERIOD_MS = 2_000
const RELEASE_MS = 1_000 // ending must not wait for a server that is gone
const JITTER = 1.2 // spreads the candidates' tries

/**
 * Waits to be leader, then runs `lead` with a signal that aborts when leadership is lost. Resolves when `signal` aborts (the lease
 * is given up at once, so that another need not wait) and rejects with `LeadershipLost` once `lead` has ended thereupon: a process that
 * does nothing else then ends and starts anew.
 */
export async function runAsLeader(
  parts: LeaderElectionParts,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, client, namespace, name, identity } = parts
  const durationMs = parts.leaseDurationMs ?? LEASE_DURATION_MS
  const deadlineMs = parts.renewDeadlineMs ?? RENEW_DEADLINE_MS
  const retryMs = parts.retryPeriodMs ?? RETRY_PERIOD_MS
  // Time is counted from when a record was first seen here: the stamps in it are another machine's.
  let observed: { readonly record: string; readonly at: number; readonly lease: Lease } | undefined

  async function tryHold(signal: AbortSignal): Promise<boolean> {
    const now = clock.now()
    let lease: Lease | undefined
    try {
      lease = await client.get(leases, { namespace, name }, { signal })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
    const stamp = microTimestamp(now)
    if (lease === undefined) {
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds: durationMs / 1000,
        acquireTime: stamp,
        renewTime: stamp,
        leaseTransitions: 0,
      }
      observe(await client.create(leases, { metadata: { name, namespace }, spec }, { signal }))
      return true
    }
    observe(lease)
    const holder = lease.spec?.holderIdentity ?? ''
    const valid = observed!.at + (lease.spec?.leaseDurationSeconds ?? durationMs / 1000) * 1000 > clock.monotonic()
    if (holder !== '' && holder !== identity && valid) return false
    const taken = holder !== identity
    const spec = {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds: durationMs / 1000,
      acquireTime: taken ? stamp : (lease.spec?.acquireTime ?? stamp),
      renewTime: stamp,
      leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (taken ? 1 : 0),
    }
    observe(await client.update(leases, { ...lease, spec }, { signal }))
    return true
  }

  function observe(lease: Lease): void {
    const record = JSON.stringify(lease.spec)
    if (observed?.record !== record) observed = { record, at: clock.monotonic(), lease }
    else observed = { ...observed, lease }
  }

  /** One try, given up after `withinMs`: a server that does not answer must not keep a leader from noticing that its time is up. */
  async function attempt(withinMs: number): Promise<boolean> {
    const late = new AbortController()
    using _ = clock.timer(withinMs, () => late.abort(new Error('no answer in time')))
    const given = AbortSignal.any([signal, late.signal])
    try {
      return await Promise.race([tryHold(given), aborted(given)])
    } catch (error) {
      if (!signal.aborted) log.debug('lease not taken', { lease: `${namespace}/${name}`, error: (error as Error).message })
      return false
    }
  }

  while (!(await attempt(deadlineMs))) {
    if (signal.aborted) return
    await sleep(clock, retryMs * (1 + random.next() * (JITTER - 1)), signal).catch(() => {})
  }
  log.info('became leader', { lease: `${namespace}/${name}`, identity })

  const lost = new AbortController()
  const leading = lead(AbortSignal.any([signal, lost.signal]))
  const renewing = (async () => {
    let renewed = clock.monotonic()
    while (!signal.aborted && !lost.signal.aborted) {
      await sleep(clock, retryMs, signal).catch(() => {})
      if (signal.aborted) return
      if (await attempt(renewed + deadlineMs - clock.monotonic())) renewed = clock.monotonic()
      else if (clock.monotonic() - renewed >= deadlineMs) throw new LeadershipLost(`leadership of ${namespace}/${name} was lost`)
    }
  })()
  try {
    await Promise.race([leading, renewing])
  } finally {
    lost.abort(new Error('leadership ended'))
    await leading.catch(() => {})
    // Leaving of one's own accord frees the lease at once. A leader that lost it leaves it alone: it runs out by itself.
    if (signal.aborted && observed?.lease.spec?.holderIdentity === identity) {
      const { lease } = observed
      const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTimestamp(clock.now()) }
      const late = new AbortController()
      using _ = clock.timer(RELEASE_MS, () => late.abort(new Error('no answer in time')))
      await Promise.race([client.update(leases, { ...lease, spec }, { signal: late.signal }), aborted(late.signal)]).catch(() => {})
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
