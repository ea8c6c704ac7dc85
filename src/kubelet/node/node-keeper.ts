/** Registers the node, keeps its status current and renews its lease. */

import { leases, type Lease } from '#api/coordination/v1/lease.ts'
import { nodes, type Node, type NodeStatus } from '#api/core/v1/node.ts'
import { microTimestamp, sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Runtime, RuntimeVersion } from '#runtime/runtime.ts'
import {
  newNode,
  nodeEvents,
  nodeLabels,
  nodeReference,
  nodeStatus,
  sameNodeStatus,
  statusEvent,
  type NodeEvent,
  type NodeParts,
  type NodeState,
} from './node-object.ts'
import type { EventRecorder } from '#client/event-recorder.ts'

export interface NodeKeeperParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  readonly runtime: Runtime
  readonly node: NodeParts
  readonly events: EventRecorder
  readonly pressure: () => NodeState['pressure']
  /** Told the node as the API has it, whenever it was read or written. */
  readonly seen: (node: Node) => void
}

const STATUS_MS = 10_000 // upstream's nodeStatusUpdateFrequency: how often the state is looked at
const STARTING_STATUS_MS = 100 // upstream's pace while a node has just started and is not ready yet
const STARTING_MS = 60_000
const REPORT_MS = 300_000 // and how often it is written when nothing changed
const LEASE_MS = 10_000
const LEASE_SECONDS = 40
const LEASE_NAMESPACE = 'kube-node-lease'
const REGISTER_RETRY_MS = 1_000
const JITTER = 0.04 // so that nodes that started together drift apart, as upstream's do

/** Resolves when the signal aborts. `registered` is called once the API knows the node. */
export async function keepNode(parts: NodeKeeperParts, registered: () => void, signal: AbortSignal): Promise<void> {
  await register(parts, true, signal)
  if (signal.aborted) return
  registered()
  await Promise.all([reportLoop(parts, signal), leaseLoop(parts, signal)])
}

async function observe({ runtime, clock, pressure }: NodeKeeperParts): Promise<NodeState> {
  let runtimeVersion: RuntimeVersion = { name: 'unknown', version: '' }
  try {
    runtimeVersion = await runtime.version()
    const [conditions, images] = await Promise.all([runtime.status(), runtime.images.list()])
    return { now: clock.now(), runtimeVersion, conditions, runtimeError: undefined, images, pressure: pressure(), volumesInUse: [] }
  } catch (error) {
    return {
      now: clock.now(),
      runtimeVersion,
      conditions: [],
      runtimeError: (error as Error).message,
      images: [],
      pressure: pressure(),
      volumesInUse: [],
    }
  }
}

async function register(parts: NodeKeeperParts, first: boolean, signal: AbortSignal): Promise<void> {
  const { client, clock, log, node } = parts
  while (!signal.aborted) {
    try {
      const state = await observe(parts)
      let before: NodeStatus | undefined
      let made: Node
      try {
        made = await client.create(nodes, newNode(node, state))
        log.info('node registered', { node: node.nodeName })
      } catch (error) {
        if (!isReason(error, 'AlreadyExists')) throw error
        ;({ before, made } = await reconcile(parts, state))
      }
      parts.seen(made)
      if (first) tell(parts, [{ type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' }])
      // a start tells all there is; only of being ready that it changed
      const known = before && { ...before, conditions: before.conditions?.filter((c) => c.type === 'Ready') ?? [] }
      tell(parts, nodeEvents(node.nodeName, known, made.status))
      return
    } catch (error) {
      log.warn('node not registered yet', { error: (error as Error).message })
      await sleep(clock, REGISTER_RETRY_MS, signal).catch(() => undefined)
    }
  }
}

function tell({ events, node }: NodeKeeperParts, told: readonly NodeEvent[]): void {
  for (const { type, reason, message } of told) events.record(nodeReference(node.nodeName), type, reason, message)
}

/** A node of this name is there from an earlier life: its labels and status become ours. */
async function reconcile(parts: NodeKeeperParts, state: NodeState): Promise<{ readonly before: NodeStatus; readonly made: Node }> {
  const { client, node } = parts
  const found = await client.get(nodes, { name: node.nodeName })
  const wanted = nodeLabels(node)
  const missing = Object.entries(wanted).filter(([k, v]) => found.metadata.labels?.[k] !== v)
  if (missing.length > 0)
    await client.patch(nodes, { name: node.nodeName }, 'application/merge-patch+json', {
      metadata: { labels: Object.fromEntries(missing) },
    })
  const fresh = missing.length > 0 ? await client.get(nodes, { name: node.nodeName }) : found
  const status = nodeStatus(node, state, fresh.status)
  return { before: fresh.status, made: await client.update(nodes, { ...fresh, status }, { subresource: 'status' }) }
}

async function reportLoop(parts: NodeKeeperParts, signal: AbortSignal): Promise<void> {
  const { client, clock, log, node, random } = parts
  let written: NodeStatus | undefined
  let kept: NodeStatus | undefined // what the API made of it
  let writtenAt = -Infinity
  const started = clock.monotonic()
  let unschedulable = false
  while (!signal.aborted) {
    const ready =
      written?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true || clock.monotonic() - started > STARTING_MS
    await sleep(clock, ready ? STATUS_MS * (1 + JITTER * random.next()) : STARTING_STATUS_MS, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      const state = await observe(parts)
      const due = clock.monotonic() - writtenAt >= REPORT_MS
      // read each time: while the node was cut off, its controller may have written that nothing is known of it
      const found = await client.get(nodes, { name: node.nodeName }, { resourceVersion: '0' })
      parts.seen(found)
      if ((found.spec.unschedulable ?? false) !== unschedulable) {
        unschedulable = !unschedulable
        tell(parts, [statusEvent(node.nodeName, unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable')])
      }
      const next = nodeStatus(node, state, found.status)
      const known = written !== undefined && kept !== undefined && sameNodeStatus(next, written) && sameNodeStatus(found.status, kept)
      if (due || !known) {
        const answer = await client.update(nodes, { ...found, status: next }, { subresource: 'status' })
        parts.seen(answer)
        tell(parts, nodeEvents(node.nodeName, found.status, next))
        written = next
        kept = answer.status
        writtenAt = clock.monotonic()
      }
    } catch (error) {
      written = undefined
      if (isReason(error, 'NotFound')) await register(parts, false, signal)
      else log.warn('node status not written', { error: (error as Error).message })
    }
  }
}

async function leaseLoop(parts: NodeKeeperParts, signal: AbortSignal): Promise<void> {
  const { clock, log, node, random } = parts
  let lease: Lease | undefined
  while (!signal.aborted) {
    try {
      lease = await renew(parts, lease)
    } catch (error) {
      lease = undefined
      log.warn('node lease not renewed', { node: node.nodeName, error: (error as Error).message })
    }
    await sleep(clock, LEASE_MS * (1 + JITTER * random.next()), signal).catch(() => undefined)
  }
}

async function renew({ client, clock, node }: NodeKeeperParts, known: Lease | undefined): Promise<Lease> {
  const renewTime = microTimestamp(clock.now())
  const ref = { namespace: LEASE_NAMESPACE, name: node.nodeName }
  const spec = { holderIdentity: node.nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime }
  const found =
    known ??
    (await client.get(leases, ref).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }))
  if (found !== undefined) return client.update(leases, { ...found, spec: { ...found.spec, ...spec } })
  const owner = await client.get(nodes, { name: node.nodeName }, { resourceVersion: '0' })
  return client.create(leases, {
    metadata: { ...ref, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.nodeName, uid: owner.metadata.uid }] },
    spec,
  })
}
