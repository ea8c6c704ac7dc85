/** Controllers and scheduler, each under an identity of its own and as leader, whatever carries their calls. */

import { hostname } from 'node:os'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { nameSuffix, type Random } from '#base/random.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import { runAsLeader } from '#client/leader-elector.ts'
import type { Identity, Transport } from '#client/transport.ts'
import { runControllers, type ControllersParts } from '#controllers/run-controllers.ts'
import type { Resource } from '#schema/resource.ts'
import { runScheduler } from '#scheduler/scheduler.ts'

export interface LoopParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Without election the loops start at once: for one process that holds everything. */
  readonly elect: boolean
}

export const CONTROLLER_MANAGER: Identity = { username: 'system:kube-controller-manager', groups: ['system:authenticated'] }
export const SCHEDULER: Identity = { username: 'system:kube-scheduler', groups: ['system:authenticated'] }

/** The identity of one controller, as upstream's `--use-service-account-credentials` gives it. */
export function controllerIdentity(account: string): Identity {
  return { username: `system:serviceaccount:kube-system:${account}`, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] }
}

export interface ControllerManagerParts extends LoopParts {
  readonly transport: Transport
  /** A transport under one controller's own identity; absent: all act as the manager. */
  readonly transportFor?: (account: string) => Transport
  readonly rootCa: string
  readonly certificates?: NonNullable<ControllersParts['certificates']>
  readonly clusterCidr: string
  readonly resources: readonly Resource[]
  /** Upstream's `--controllers`: `*`, `name`, `-name`. */
  readonly controllers?: readonly string[]
}

/** Runs all controllers until `signal` aborts; rejects when leadership is lost. */
export async function runControllerManager(parts: ControllerManagerParts, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts
  const client = createClient(parts.transport, { userAgent: 'kube-controller-manager' })
  const lead = (leading: AbortSignal) => {
    const informers = createInformers({ client, clock, random, log })
    const clients = new Map<string, ReturnType<typeof createClient>>()
    const clientFor = (account: string) => {
      let own = clients.get(account)
      if (own === undefined) clients.set(account, (own = parts.transportFor === undefined ? client : createClient(parts.transportFor(account), { userAgent: `kube-controller-manager/${account}` })))
      return own
    }
    return runControllers({ ...parts, client, clientFor, informers }, leading)
  }
  return asLeader('kube-controller-manager', client, parts, lead, signal)
}

/** Runs the scheduler until `signal` aborts; rejects when leadership is lost. */
export async function runSchedulerLoop(parts: LoopParts & { readonly transport: Transport }, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts
  const client = createClient(parts.transport, { userAgent: 'kube-scheduler' })
  const lead = (leading: AbortSignal) => runScheduler({ client, informers: createInformers({ client, clock, random, log }), clock, random, log, host: hostname() }, leading)
  return asLeader('kube-scheduler', client, parts, lead, signal)
}

function asLeader(name: string, client: ReturnType<typeof createClient>, parts: LoopParts, lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
  if (!parts.elect) return lead(signal)
  const identity = `${hostname()}_${nameSuffix(parts.random, 12)}`
  return runAsLeader({ ...parts, client, namespace: 'kube-system', name, identity }, lead, signal)
}
