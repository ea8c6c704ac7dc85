/** A whole cluster in one process on a virtual clock: API server, controllers, scheduler and kubelets, with pods that run in memory. */

import { generateKeyPairSync } from 'node:crypto'
import { services } from '#api/core/v1/service.ts'
import { reconcileBootstrapRoles } from '#apiserver/authorization/bootstrap-roles.ts'
import { openTokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import { VirtualClock, type Clock, type Instant } from '#base/clock.ts'
import { silentLog, type Log } from '#base/log.ts'
import { seededRandom, type Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import type { Informers, Lister } from '#client/informer.ts'
import type { Identity } from '#client/transport.ts'
import { assembleApi, type AssembledApi } from '#main/assemble-api.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { runScheduler } from '#scheduler/scheduler.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { runControllers } from '#controllers/run-controllers.ts'
import { startNode, type NodeOptions, type TestNode } from './node.ts'

export interface ClusterOptions {
  /** How many nodes of the usual size, or each one's own. They are named node-0, node-1 and so on unless they say otherwise. */
  readonly nodes: number | readonly NodeOptions[]
  /** The same seed and the same calls give the same history, down to names, uids and resourceVersions. */
  readonly seed: number
  /** What the clock shows first; 2026-01-01 when absent. */
  readonly start?: Instant
  readonly log?: Log
}

export interface TestCluster extends AsyncDisposable {
  /** Acts as the administrator. */
  readonly client: Client
  readonly clock: VirtualClock
  readonly random: Random
  /** Every resource that is served. */
  readonly resources: readonly Resource[]
  /** Acts as this user, with the rights RBAC gives. */
  clientFor(user: Identity): Client
  /** What the API server holds now, without a call: for conditions that are asked often. */
  lister<T extends KubeObject>(resource: Resource<T>): Lister<T>
  /** Runs a control loop of your own on the cluster's clock until the cluster stops, as the administrator or as `user`. */
  run(loop: (parts: LoopParts, signal: AbortSignal) => Promise<void>, user?: Identity): void
  node(name: string): TestNode
  /** Starts one more node; it is registered once some time has passed. */
  addNode(options?: NodeOptions): TestNode
  /** Lets this much time pass; all it causes has settled when the promise resolves. */
  advance(ms: number): Promise<void>
  /** Lets time pass until `condition` holds; throws when it does not within `withinMs`. */
  until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<void>
}

/** What a control loop works with. */
export interface LoopParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const ADMIN: Identity = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
const SETUP: Identity = { username: 'system:apiserver', groups: ['system:masters'] }
const CONTROLLER_MANAGER: Identity = { username: 'system:kube-controller-manager', groups: ['system:authenticated'] }
const SCHEDULER: Identity = { username: 'system:kube-scheduler', groups: ['system:authenticated'] }
const CLUSTER_CIDR = '10.244.0.0/16'
const ROOT_CA = 'no certificate: calls stay within the process\n'
const START_WITHIN_MS = 60_000
const STOP_STEP_MS = 1_000
const STOP_STEPS_MAX = 120 // what does not end within two minutes of virtual time is stuck

/** Starts a cluster; it is ready when the promise resolves: roles stand and all nodes are Ready. */
export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const clock = new VirtualClock(options.start)
  const random = seededRandom(options.seed)
  const log = options.log ?? silentLog
  const store = openMemoryStore({ clock })
  const assembled = await assembleApi({
    store,
    clock,
    random,
    log,
    tokenIssuer: tokenIssuer(clock, random),
    advertised: { address: '192.0.2.1', port: 6443 },
  })
  const stopping = new AbortController()
  const loops: Promise<unknown>[] = []
  const failures: unknown[] = []
  const keep = (loop: Promise<unknown>) => loops.push(loop.catch((error: unknown) => stopping.signal.aborted || failures.push(error)))
  const clientFor = (user: Identity, userAgent = user.username) => createClient(assembled.transport(user), { userAgent })

  await reconcileBootstrapRoles(clientFor(SETUP))
  await clock.advance(0) // authorizers have seen the roles before anybody asks
  const parts = { clock, random, log }
  keep(runAllControllers(assembled, clientFor, parts, stopping.signal))
  const loopParts = (user: Identity): LoopParts => {
    const client = clientFor(user)
    return { ...parts, client, informers: createInformers({ ...parts, client }) }
  }
  keep(runScheduler({ ...loopParts(SCHEDULER), host: 'control-plane' }, stopping.signal))

  const nodes = new Map<string, TestNode>()
  const serviceLister = assembled.api.lister(services)
  function addNode(nodeOptions: NodeOptions = {}): TestNode {
    const index = nodes.size
    const name = nodeOptions.name ?? `node-${index}`
    if (nodes.has(name)) throw new Error(`there is a node ${name} already`)
    const identity = { username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] }
    const node = startNode({ ...parts, client: clientFor(identity), name, index, services: () => serviceLister.list(), keep }, nodeOptions)
    nodes.set(name, node)
    return node
  }

  function check(): void {
    if (failures.length > 0) throw new Error('a part of the cluster has failed', { cause: failures[0] })
  }

  const cluster: TestCluster = {
    client: clientFor(ADMIN),
    clock,
    random,
    resources: assembled.api.resources,
    clientFor,
    lister: (resource) => assembled.api.lister(resource),
    run: (loop, user = ADMIN) => void keep(loop(loopParts(user), stopping.signal)),
    node(name) {
      const node = nodes.get(name)
      if (node === undefined) throw new Error(`there is no node ${name}`)
      return node
    },
    addNode,
    async advance(ms) {
      await clock.advance(ms)
      check()
    },
    async until(condition, withinMs) {
      const held = await clock.advanceUntil(condition, withinMs)
      check()
      if (!held) throw new Error(`not so within ${withinMs} ms: ${String(condition)}`)
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('the cluster stops'))
      for (const node of nodes.values()) node.stop()
      let stopped = false
      void Promise.all(loops).then(() => (stopped = true))
      for (let step = 0; step < STOP_STEPS_MAX && !stopped; step++) await clock.advance(STOP_STEP_MS)
      await assembled[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      if (!stopped) throw new Error('parts of the cluster do not stop')
    },
  }
  const wanted = typeof options.nodes === 'number' ? Array.from({ length: options.nodes }, () => ({})) : options.nodes
  const made = wanted.map(addNode)
  await cluster.until(() => made.every((n) => n.isReady(cluster)), START_WITHIN_MS)
  return cluster
}

type Parts = { readonly clock: VirtualClock; readonly random: Random; readonly log: Log }

function runAllControllers(
  assembled: AssembledApi,
  clientFor: (user: Identity) => Client,
  parts: Parts,
  signal: AbortSignal,
): Promise<void> {
  const client = clientFor(CONTROLLER_MANAGER)
  const clients = new Map<string, Client>()
  return runControllers(
    {
      ...parts,
      client,
      clientFor(account: string) {
        const groups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated']
        return clients.getOrInsertComputed(account, () => clientFor({ username: `system:serviceaccount:kube-system:${account}`, groups }))
      },
      informers: createInformers({ ...parts, client }),
      rootCa: ROOT_CA,
      clusterCidr: CLUSTER_CIDR,
      resources: assembled.api.resources,
    },
    signal,
  )
}

function tokenIssuer(clock: VirtualClock, random: Random) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return openTokenIssuer({ signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), clock, random })
}
