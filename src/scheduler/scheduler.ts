/** The scheduler: watches for pods without a node, decides where each goes, and binds it there. */

import { namespaces } from '#api/core/v1/namespace.ts'
import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason, type Client } from '#client/client.ts'
import { keyOf, type Change, type Informers, type Key, type Lister } from '#client/informer.ts'
import { decide } from './cycle.ts'
import { createEventRecorder } from './event-recorder.ts'
import { explanationOf, type Attempt, type Explanation } from './explanation.ts'
import { fitErrorMessage, NO_NODES } from './fit-error.ts'
import { evictVictims, patchPodStatus, setScheduledCondition } from './outcome.ts'
import { podInfo, type PodInfo } from './pod-info.ts'
import { preempt } from './preemption.ts'
import type { WeightedPlugin } from './plugin.ts'
import { defaultPlugins } from './profile.ts'
import { siblingsOf } from './siblings.ts'
import { SchedulingQueue, type QueuedPod } from './queue.ts'
import { Snapshot } from './snapshot.ts'

export interface SchedulerParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** `spec.schedulerName`s served, each with its plugins; `default-scheduler` when absent. */
  readonly profiles?: readonly Profile[]
  /** Disruption budgets that preemption respects where it can; absent while the API server does not serve them. */
  readonly budgets?: Lister<PodDisruptionBudget>
  /** Ends `reportingInstance` of events: the host's name. */
  readonly host?: string
}

export interface Profile {
  readonly schedulerName: string
  readonly plugins?: readonly WeightedPlugin[]
}

export interface Scheduler {
  /** Resolves when `signal` aborts; rejects when the informers cannot be read at first. */
  run(signal: AbortSignal): Promise<void>
  /** What the last attempt at this pod found, node by node; only the latest few hundred pods are remembered. */
  explain(pod: Key): Explanation | undefined
}

/** Runs until `signal` aborts. */
export function runScheduler(parts: SchedulerParts, signal: AbortSignal): Promise<void> {
  return createScheduler(parts).run(signal)
}

const BINDINGS_AT_ONCE_MAX = 128 // enough to hide the API server's latency, few enough to stop soon when it is slow
const CYCLES_PER_TURN = 16 // cycles before others on the event loop get a turn: a few milliseconds
const ATTEMPTS_MAX = 256 // explanations kept; each may hold a line per node
const NO_CLAIMS = 'no new claims to deallocate' // what the resource claim plugin, which has nothing to release, says first

export function createScheduler(parts: SchedulerParts): Scheduler {
  const { client, clock, random, log } = parts
  const profiles = new Map(
    (parts.profiles ?? [{ schedulerName: 'default-scheduler' }]).map((p) => [p.schedulerName, p.plugins ?? defaultPlugins]),
  )
  const recorders = new Map(
    [...profiles.keys()].map((reporter) => [
      reporter,
      createEventRecorder({ client, clock, log, reporter, instance: `${reporter}-${parts.host ?? 'localhost'}` }),
    ]),
  )
  const podsSeen = parts.informers.for(pods)
  const nodesSeen = parts.informers.for(nodes)
  const namespacesSeen = parts.informers.for(namespaces)

  const snapshot = new Snapshot((name) => namespacesSeen.get(name)?.metadata.labels, siblingsOf(parts.informers))
  const assumed = new Set<string>() // uids placed here whose binding the informer has not shown yet
  const attempts = new Map<Key, Attempt>()
  let wake = () => {}
  const queue = new SchedulingQueue({ clock, plugins: [...profiles.values()].flat(), wake: () => wake() })
  let start = 0
  let bindings = 0

  function onPod(change: Change<Pod>): void {
    const pod = change.object
    const { uid } = pod.metadata
    const before = change.type === 'updated' ? change.previous : undefined
    if (before !== undefined && before.metadata.uid !== uid) onPod({ type: 'deleted', object: before })
    if (change.type === 'deleted' || isFinished(pod)) {
      queue.delete(uid)
      assumed.delete(uid)
      snapshot.nominate(snapshot.nodeOf(uid)?.pods.get(uid) ?? podInfo(pod), undefined)
      if (change.type === 'deleted') attempts.delete(keyOf(pod))
      const removed = snapshot.removePod(uid)
      if (removed !== undefined) queue.changed({ kind: 'PodDeleted', pod: removed })
      return
    }
    if (pod.spec.nodeName) {
      queue.delete(uid)
      assumed.delete(uid)
      const old = snapshot.nodeOf(uid)?.pods.get(uid)
      // The kubelet's reports change nothing that is counted here, and they are most of what comes.
      if (old !== undefined && old.pod.spec.nodeName === pod.spec.nodeName && countsAlike(old.pod, pod)) return
      const info = podInfo(pod)
      snapshot.nominate(info, undefined)
      snapshot.setPod(info, pod.spec.nodeName)
      if (old === undefined) queue.changed({ kind: 'PodAssigned', pod: info })
      else {
        if (old.pod.metadata.labels !== pod.metadata.labels) queue.changed({ kind: 'PodLabelsChanged', pod: info })
        if (old.requests.milliCpu > info.requests.milliCpu || old.requests.memory > info.requests.memory)
          queue.changed({ kind: 'PodRequestsReduced', pod: info })
      }
      return
    }
    if (assumed.has(uid) || !profiles.has(pod.spec.schedulerName ?? 'default-scheduler')) return
    if (pod.metadata.deletionTimestamp !== undefined) return queue.delete(uid)
    const info = podInfo(pod)
    snapshot.nominate(info, pod.status?.nominatedNodeName)
    // Our own condition writes come back as updates; only what the user changed deserves another try.
    if (before !== undefined && queue.has(uid))
      queue.update(info, differ(before.spec, pod.spec) || differ(before.metadata.labels, pod.metadata.labels))
    else queue.add(info)
  }

  function onNode(change: Change<Node>): void {
    const node = change.object
    if (change.type === 'deleted') return snapshot.removeNode(node.metadata.name)
    const known = snapshot.get(node.metadata.name)
    const before = known?.node
    if (before !== undefined && before.spec === node.spec && before.metadata.labels === node.metadata.labels && sameStatus(before, node))
      return
    const info = snapshot.setNode(node)
    if (before === undefined) return queue.changed({ kind: 'NodeAdded', node: info })
    if (differ(before.status?.allocatable, node.status?.allocatable)) queue.changed({ kind: 'NodeAllocatableChanged', node: info })
    if (differ(before.metadata.labels, node.metadata.labels)) queue.changed({ kind: 'NodeLabelsChanged', node: info })
    if (differ(before.spec.taints, node.spec.taints)) queue.changed({ kind: 'NodeTaintsChanged', node: info })
    if (before.spec.unschedulable !== node.spec.unschedulable) queue.changed({ kind: 'NodeUnschedulableChanged', node: info })
  }

  function remember(pod: PodInfo, attempt: Omit<Attempt, 'at'>): void {
    attempts.delete(pod.key)
    if (attempts.size >= ATTEMPTS_MAX) attempts.delete(attempts.keys().next().value!)
    attempts.set(pod.key, { at: clock.now(), ...attempt })
  }

  function attempt(queued: QueuedPod, signal: AbortSignal): void {
    const pod = queued.info
    const name = pod.pod.spec.schedulerName ?? 'default-scheduler'
    const plugins = profiles.get(name)!
    const decision = decide(plugins, pod, snapshot, start, random)
    switch (decision.type) {
      case 'place': {
        start += decision.looked
        const undo = decision.prepared.active.flatMap(({ plugin, state }) => plugin.reserve?.(state as never, pod, decision.node) || [])
        snapshot.nominate(pod, undefined)
        snapshot.setPod(pod, decision.node.name)
        assumed.add(pod.uid)
        remember(pod, { outcome: 'scheduled', node: decision.node.name, message: '', refused: decision.refused, scores: decision.scores })
        bindings++
        void bind(pod, decision.node.name, undo, signal).finally(() => {
          bindings--
          wake()
        })
        return
      }
      case 'noNodes':
        return refuse(pod, NO_NODES, new Set())
      case 'refuse': {
        const { diagnosis, prepared } = decision
        const preemption = preempt(pod, prepared, diagnosis, snapshot, parts.budgets?.list() ?? [], random)
        if (preemption.type === 'none') {
          remember(pod, { outcome: 'unschedulable', message: fitErrorMessage(diagnosis), refused: diagnosis.refused })
          return refuse(pod, fitErrorMessage(diagnosis, `${NO_CLAIMS}, preemption: ${preemption.message}`), diagnosis.plugins, '')
        }
        const { node, victims } = preemption
        snapshot.nominate(pod, node.name)
        remember(pod, { outcome: 'unschedulable', message: fitErrorMessage(diagnosis), refused: diagnosis.refused })
        refuse(pod, fitErrorMessage(diagnosis), diagnosis.plugins, node.name)
        // Room was promised on the node to pods of less importance: they look elsewhere.
        for (const other of [...(snapshot.nominated.get(node.name)?.values() ?? [])])
          if (other.priority < pod.priority) {
            snapshot.nominate(other, undefined)
            void patchPodStatus(client, other.pod, { nominatedNodeName: null }).catch((error: unknown) =>
              log.warn('nomination not cleared', { pod: other.key, error: String(error) }),
            )
          }
        void evictVictims({ client, clock, log, recorder: recorders.get(name)!, schedulerName: name }, pod.pod, node.name, victims)
        return
      }
    }
  }

  /** Puts the pod aside and says why. `nominated` is the node promised to it, '' none, undefined leaves what was. */
  function refuse(pod: PodInfo, message: string, plugins: ReadonlySet<string>, nominated?: string): void {
    queue.refused(pod.uid, plugins)
    if (!attempts.has(pod.key)) remember(pod, { outcome: 'unschedulable', message })
    recorders
      .get(pod.pod.spec.schedulerName ?? 'default-scheduler')!
      .record(pod.pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: message })
    log.info('unable to schedule pod', { pod: pod.key, reason: message })
    report(pod, 'Unschedulable', message, nominated)
  }

  function report(pod: PodInfo, reason: 'Unschedulable' | 'SchedulerError', message: string, nominated: string | undefined): void {
    const current = podsSeen.get(pod.key)
    if (current === undefined || current.metadata.uid !== pod.uid) return
    void setScheduledCondition(client, clock, current, reason, message, nominated).catch((error: unknown) => {
      if (!isReason(error, 'NotFound')) log.warn('pod condition not written', { pod: pod.key, error: String(error) })
    })
  }

  async function bind(pod: PodInfo, nodeName: string, undo: readonly (() => void)[], signal: AbortSignal): Promise<void> {
    const { namespace = '', name, uid } = pod.pod.metadata
    const recorder = recorders.get(pod.pod.spec.schedulerName ?? 'default-scheduler')!
    try {
      await client.createSubresource(
        pods,
        { namespace, name },
        'binding',
        { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: nodeName } },
        { signal },
      )
      queue.done(uid)
      recorder.record(pod.pod, {
        type: 'Normal',
        reason: 'Scheduled',
        action: 'Binding',
        note: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      })
    } catch (error) {
      for (const step of undo) step()
      if (signal.aborted) return
      // The informer may have shown the binding although its answer was lost.
      if (!assumed.delete(uid)) return
      const current = podsSeen.get(pod.key)
      const removed = snapshot.removePod(uid)
      if (removed !== undefined) queue.changed({ kind: 'PodDeleted', pod: removed })
      if (current === undefined || current.metadata.uid !== uid || isReason(error, 'NotFound')) return queue.delete(uid)
      const message = `binding rejected: running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`
      log.error('error scheduling pod; retrying', { pod: pod.key, error: message })
      remember(pod, { outcome: 'error', message })
      queue.update(podInfo(current), false)
      queue.failed(uid)
      recorder.record(pod.pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: message })
      report(pod, 'SchedulerError', message, undefined)
    }
  }

  return {
    explain(key) {
      const found = attempts.get(key)
      return found && explanationOf(found)
    },
    async run(signal) {
      using subscriptions = new DisposableStack()
      subscriptions.use(queue)
      subscriptions.use(nodesSeen.subscribe(onNode))
      subscriptions.use(podsSeen.subscribe(onPod))
      subscriptions.use(namespacesSeen.subscribe((c) => void (c.type === 'updated' && queue.changed({ kind: 'NamespaceChanged' }))))
      parts.informers.start(signal)
      try {
        await parts.informers.synced(signal)
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      const stop = () => wake()
      signal.addEventListener('abort', stop)
      subscriptions.defer(() => signal.removeEventListener('abort', stop))
      for (let cycles = 1; !signal.aborted; cycles++) {
        const next = bindings < BINDINGS_AT_ONCE_MAX ? queue.pop() : undefined
        if (next === undefined) {
          await new Promise<void>((resolve) => (wake = resolve))
          wake = () => {}
          continue
        }
        try {
          attempt(next, signal)
        } catch (error) {
          // A fault in one pod's cycle must not stop the others.
          log.error('scheduling cycle failed', { pod: next.info.key, error: String(error) })
          queue.failed(next.info.uid)
        }
        if (cycles % CYCLES_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      }
    },
  }
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Whether a pod on its node counts as before: the snapshot keeps labels, spec, deletion and resources being resized. */
function countsAlike(a: Pod, b: Pod): boolean {
  return (
    !differ(a.metadata.labels, b.metadata.labels) &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    (a.metadata.generation === undefined ? !differ(a.spec, b.spec) : a.metadata.generation === b.metadata.generation) &&
    a.status?.startTime === b.status?.startTime &&
    !differ(allocated(a), allocated(b))
  )
}

function allocated(pod: Pod): unknown {
  return pod.status?.containerStatuses?.map((s) => [s.allocatedResources, s.resources?.requests])
}

function sameStatus(a: Node, b: Node): boolean {
  return a.status === b.status || (!differ(a.status?.allocatable, b.status?.allocatable) && !differ(a.status?.images, b.status?.images))
}

function differ(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b)
}
