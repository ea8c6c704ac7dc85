/** Controllers and scheduler, each under an identity of its own and as leader, whatever carries their calls. */

import { hostname } from 'node:os'
import { podDisruptionBudgets } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { nameSuffix, type Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import { runAsLeader, type LeaderElectionParts } from '#client/leader-elector.ts'
import type { Identity, Transport } from '#client/transport.ts'
import { runControllers, type ControllersParts } from '#controllers/run-controllers.ts'
import type { Resource } from '#schema/resource.ts'
import { runScheduler } from '#scheduler/scheduler.ts'

export interface LoopParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Without election the loops start at once, for one who is sure to be alone. */
  readonly election?: Election
  /** Hears when leadership comes and goes. */
  readonly onLeading?: (leading: boolean) => void
}

export interface Election extends Partial<Pick<LeaderElectionParts, 'leaseDurationMs' | 'renewDeadlineMs' | 'retryPeriodMs'>> {
  readonly namespace: string
  readonly name: string
  /** What tells this replica from others of its host, across restarts if it outlives them; by default it is new each time. */
  readonly instance?: string
}

export const CONTROLLER_MANAGER: Identity = { username: 'system:kube-controller-manager', groups: ['system:authenticated'] }
export const SCHEDULER: Identity = { username: 'system:kube-scheduler', groups: ['system:authenticated'] }

/** The identity of one controller, as upstream's `--use-service-account-credentials` gives it. */
export function controllerIdentity(account: string): Identity {
  return {
    username: `system:serviceaccount:kube-system:${account}`,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  }
}

export interface ControllerManagerParts extends LoopParts, Pick<ControllersParts, 'queues' | 'signAccountToken' | 'resourceQuota'> {
  readonly transport: Transport
  /** A transport under one controller's own identity; absent: all act as the manager. */
  readonly transportFor?: (account: string) => Transport
  readonly rootCa?: string
  readonly certificates?: NonNullable<ControllersParts['certificates']>
  readonly clusterCidr?: string
  readonly nodeMonitorGracePeriodMs?: number
  readonly terminatedPodsMax?: number
  /** Asked once leading. */
  readonly resources: (client: Client, signal: AbortSignal) => Promise<readonly Resource[]>
  /** Upstream's `--controllers`: `*`, `name`, `-name`. */
  readonly controllers?: readonly string[]
}

/** Runs all controllers until `signal` aborts; rejects when leadership is lost. */
export async function runControllerManager(parts: ControllerManagerParts, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts
  const client = createClient(parts.transport, { userAgent: 'kube-controller-manager' })
  const lead = async (leading: AbortSignal) => {
    const resources = await parts.resources(client, leading)
    const informers = createInformers({ client, clock, random, log })
    const clients = new Map<string, ReturnType<typeof createClient>>()
    const clientFor = (account: string) => {
      let own = clients.get(account)
      if (own === undefined)
        clients.set(
          account,
          (own =
            parts.transportFor === undefined
              ? client
              : createClient(parts.transportFor(account), { userAgent: `kube-controller-manager/${account}` })),
        )
      return own
    }
    return runControllers({ ...parts, resources, client, clientFor, informers }, leading)
  }
  return asLeader(client, parts, lead, signal)
}

/** Runs the scheduler until `signal` aborts; rejects when leadership is lost. */
export async function runSchedulerLoop(parts: LoopParts & { readonly transport: Transport }, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts
  const client = createClient(parts.transport, { userAgent: 'kube-scheduler' })
  const lead = (leading: AbortSignal) => {
    const informers = createInformers({ client, clock, random, log })
    return runScheduler({ client, informers, clock, random, log, budgets: informers.for(podDisruptionBudgets), host: hostname() }, leading)
  }
  return asLeader(client, parts, lead, signal)
}

async function asLeader(
  client: Client,
  parts: LoopParts,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { election, onLeading } = parts
  if (election === undefined) return lead(signal)
  const identity = `${hostname()}_${election.instance ?? nameSuffix(parts.random, 12)}`
  const leading = async (held: AbortSignal) => {
    onLeading?.(true)
    return lead(held)
  }
  onLeading?.(false)
  try {
    await runAsLeader({ ...parts, ...election, client, identity }, leading, signal)
  } finally {
    onLeading?.(false)
  }
}
