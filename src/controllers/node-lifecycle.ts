/** Node lifecycle: notices nodes that fell silent, marks them, and taints them by their conditions. */

import { leases, type Lease } from '#api/coordination/v1/lease.ts'
import { nodes, type Node, type NodeCondition } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import { timestamp, type Clock, type Instant } from '#base/clock.ts'
import { event, patch, type Action, type Controller } from './controller.ts'
import { NodeZones } from './node-zones.ts'

export const NODE_MONITOR_PERIOD_MS = 5_000
const GRACE_PERIOD_MS = 50_000 // upstream's --node-monitor-grace-period
const STARTUP_GRACE_PERIOD_MS = 60_000 // upstream's --node-startup-grace-period
const LEASE_NAMESPACE = 'kube-node-lease'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** Which taint each condition and status stands for; effects are NoSchedule here, Ready adds NoExecute of its own. */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}
const MANAGED_TAINTS = new Set([...Object.values(CONDITION_TAINTS).flatMap((m) => Object.values(m)), UNSCHEDULABLE])
const EVICTING = new Set([NOT_READY, UNREACHABLE])

interface Snapshot {
  readonly node: Node
  /** When the node was last heard of, by this clock: heartbeats carry the node's own time, which may differ. */
  readonly heardAt: Instant
  readonly pods: readonly Pod[]
  /** Seen for the first time. */
  readonly registered: boolean
  /** Whether its pods may be evicted: `later` when other nodes of its zone come first. */
  readonly eviction: 'now' | 'later' | 'never'
}

export function nodeLifecycleController(clock: Clock, gracePeriodMs = GRACE_PERIOD_MS): Controller<Snapshot> {
  const heard = new Map<string, { readonly heartbeat: string; readonly at: Instant }>()
  const zones = new NodeZones(clock)

  function evictionFrom(node: Node): Snapshot['eviction'] {
    if (zones.disruptionOf(node.metadata.name) === 'everywhere') return 'never'
    const ready = node.status.conditions?.find((c) => c.type === 'Ready')?.status
    return ready === undefined || ready === 'True' || zones.mayEvict(node.metadata.name) ? 'now' : 'later'
  }

  return {
    name: 'node-lifecycle',
    primary: nodes,
    watches: [
      {
        resource: leases,
        keys: (lease) => (lease.metadata.namespace === LEASE_NAMESPACE && !heard.has(lease.metadata.name) ? [lease.metadata.name] : []),
      },
    ],
    indexes: [{ resource: pods, name: 'node', values: (p) => ((p as Pod).spec.nodeName ? [(p as Pod).spec.nodeName!] : []) }],

    read(key, cache) {
      const node = cache.get(nodes, key)
      if (node === undefined) {
        heard.delete(key)
        zones.forget(key)
        return undefined
      }
      const heartbeat = heartbeatOf(node, cache.get(leases, `${LEASE_NAMESPACE}/${key}`))
      let last = heard.get(key)
      const registered = last === undefined
      if (last?.heartbeat !== heartbeat) heard.set(key, (last = { heartbeat, at: clock.now() }))
      zones.note(node)
      return { node, heardAt: last!.at, pods: cache.of(pods).by('node', key), registered, eviction: evictionFrom(node) }
    },

    decide({ node, heardAt, pods: running, registered, eviction }, now) {
      const reported = node.status.conditions?.some((c) => c.type === 'Ready') === true
      const silentMs = now - heardAt
      const silent = silentMs > (reported ? gracePeriodMs : STARTUP_GRACE_PERIOD_MS)
      const conditions = silent ? unknownConditions(node, now) : (node.status.conditions ?? [])
      const actions: Action[] = []
      if (silent && conditions !== node.status.conditions)
        actions.push(patch(nodes, node, 'application/strategic-merge-patch+json', { status: { conditions } }, 'status'))
      // One write of the node at a time: after the status its own event brings us back for the taints.
      const taints = actions.length === 0 ? taintsOf(node, conditions, eviction, now) : undefined
      if (taints !== undefined)
        actions.push(
          patch(nodes, node, 'application/merge-patch+json', {
            metadata: { resourceVersion: node.metadata.resourceVersion },
            spec: { taints },
          }),
        )
      const { name } = node.metadata
      if (registered) actions.push(event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`))
      const ready = conditions.find((c) => c.type === 'Ready')?.status
      const was = node.status.conditions?.find((c) => c.type === 'Ready')?.status
      if (was === 'True' && ready !== 'True')
        actions.push(event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`))
      if (ready !== undefined && ready !== 'True') actions.push(...running.flatMap((p) => notReady(p, now)))
      return { actions, requeueAfterMs: NODE_MONITOR_PERIOD_MS }
    },
  }
}

function heartbeatOf(node: Node, lease: Lease | undefined): string {
  const ready = node.status.conditions?.find((c) => c.type === 'Ready')
  return `${lease?.spec?.renewTime ?? ''} ${ready?.lastHeartbeatTime ?? ''} ${ready?.status === 'Unknown' ? '' : (ready?.status ?? '')}`
}

const REPORTED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

/** The conditions a kubelet reports, all Unknown, each in its place. The same array when they are so already. */
function unknownConditions(node: Node, now: Instant): readonly NodeCondition[] {
  const old = node.status.conditions ?? []
  const at = timestamp(now)
  const known = (c: NodeCondition) => REPORTED.includes(c.type) && c.status !== 'Unknown'
  const missing = REPORTED.filter((type) => !old.some((c) => c.type === type))
  if (missing.length === 0 && !old.some(known)) return node.status.conditions!
  return [
    ...old.map((c) =>
      known(c)
        ? {
            ...c,
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
            lastTransitionTime: at,
          }
        : c,
    ),
    ...missing.map((type) => ({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp,
      lastTransitionTime: at,
    })),
  ]
}

/** The taints the node should have; undefined when it has them. NoExecute is what evicts pods that do not tolerate it. */
function taintsOf(
  node: Node,
  conditions: readonly NodeCondition[],
  eviction: Snapshot['eviction'],
  now: Instant,
): readonly Taint[] | undefined {
  const current = node.spec.taints ?? []
  const wanted: Taint[] = []
  for (const c of conditions) {
    const key = CONDITION_TAINTS[c.type]?.[c.status]
    if (key === undefined) continue
    wanted.push(keep({ key, effect: 'NoSchedule', timeAdded: timestamp(now) }))
    if (c.type !== 'Ready' || eviction === 'never') continue
    // One that is being evicted goes on being so, whichever of the two is the reason now
    const evicting = current.some((t) => EVICTING.has(t.key) && t.effect === 'NoExecute')
    if (evicting || eviction === 'now') wanted.push(keep({ key, effect: 'NoExecute', timeAdded: timestamp(now) }))
  }
  if (node.spec.unschedulable) wanted.push(keep({ key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded: timestamp(now) }))
  const others = current.filter((t) => !MANAGED_TAINTS.has(t.key))
  const same =
    current.length === others.length + wanted.length && wanted.every((w) => current.some((t) => t.key === w.key && t.effect === w.effect))
  return same ? undefined : [...others, ...wanted]

  function keep(taint: Taint): Taint {
    return current.find((t) => t.key === taint.key && t.effect === taint.effect) ?? taint
  }
}

/** A pod on a node that is not ready is not ready either: Services stop sending to it. */
function notReady(pod: Pod, now: Instant): readonly Action[] {
  const condition = pod.status.conditions?.find((c) => c.type === 'Ready')
  if (condition?.status !== 'True') return []
  const conditions = [{ ...condition, status: 'False', lastTransitionTime: timestamp(now) }]
  return [
    patch(pods, pod, 'application/strategic-merge-patch+json', { metadata: { uid: pod.metadata.uid }, status: { conditions } }, 'status'),
    event(pod, 'Warning', 'NodeNotReady', 'Node is not ready'),
  ]
}
