/** Deletes pods that nobody else will: of nodes that are gone or out of service, never scheduled, or finished and too many. */

import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { sleep, type Instant } from '#base/clock.ts'
import { isReason } from '#client/client.ts'
import { keyOf } from '#client/informer.ts'
import { markDisrupted } from './disruption-target.ts'
import { perform } from './perform.ts'
import type { RunnerParts } from './runner.ts'
import { remove, type Action } from './controller.ts'

export interface PodGcOptions {
  /** Finished pods kept; more are deleted, oldest first. 0 keeps all. */
  readonly terminatedPodsMax?: number
}

const TERMINATED_PODS_MAX = 12_500 // upstream's default
const CHECK_EVERY_MS = 20_000
const QUARANTINE_MS = 40_000 // a node may be on its way into the cache, or be registered again

export interface ClusterPods {
  readonly pods: readonly Pod[]
  readonly nodes: ReadonlyMap<string, Node>
  /** Nodes that the API server confirmed to be gone. */
  readonly gone: ReadonlySet<string>
  readonly terminatedPodsMax: number
}

export interface Collected {
  readonly pod: Pod
  readonly why: 'terminated' | 'out of service' | 'orphaned' | 'never scheduled'
}

export function preparePodGc(parts: RunnerParts, options: PodGcOptions = {}): (signal: AbortSignal) => Promise<void> {
  const { client, clock, informers } = parts
  const log = parts.log.with({ controller: 'pod-garbage-collector' })
  const allPods = informers.for(pods)
  const allNodes = informers.for(nodes)
  const missingSince = new Map<string, Instant>()

  async function goneNodes(): Promise<ReadonlySet<string>> {
    const named = new Set(allPods.list().flatMap((p) => (p.spec.nodeName ? [p.spec.nodeName] : [])))
    for (const name of missingSince.keys()) if (!named.has(name) || allNodes.get(name) !== undefined) missingSince.delete(name)
    const gone = new Set<string>()
    for (const name of named) {
      if (allNodes.get(name) !== undefined) continue
      const since = missingSince.get(name) ?? clock.now()
      missingSince.set(name, since)
      if (clock.now() - since < QUARANTINE_MS) continue
      try {
        await client.get(nodes, { name })
      } catch (error) {
        if (isReason(error, 'NotFound')) gone.add(name)
        else log.warn('node not confirmed to be gone', { node: name, error: (error as Error).message })
      }
    }
    return gone
  }

  async function collect(): Promise<void> {
    const snapshot: ClusterPods = {
      pods: allPods.list(),
      nodes: new Map(allNodes.list().map((n) => [n.metadata.name, n])),
      gone: await goneNodes(),
      terminatedPodsMax: options.terminatedPodsMax ?? TERMINATED_PODS_MAX,
    }
    for (const { pod, why } of decidePodGc(snapshot)) {
      log.info('pod collected', { pod: keyOf(pod), why })
      try {
        for (const action of actionsFor(pod, why, clock.now())) await perform(client, action)
      } catch (error) {
        log.warn('pod not collected, will retry', { pod: keyOf(pod), error: (error as Error).message })
      }
    }
  }

  return async (signal) => {
    await informers.synced(signal)
    while (!signal.aborted) {
      await collect()
      await sleep(clock, CHECK_EVERY_MS, signal).catch(() => {})
    }
  }
}

export function decidePodGc(snapshot: ClusterPods): readonly Collected[] {
  const found: Collected[] = []
  const terminated: Pod[] = []
  for (const pod of snapshot.pods) {
    const terminating = pod.metadata.deletionTimestamp !== undefined
    const node = pod.spec.nodeName ? snapshot.nodes.get(pod.spec.nodeName) : undefined
    if (pod.spec.nodeName && snapshot.gone.has(pod.spec.nodeName)) found.push({ pod, why: 'orphaned' })
    else if (terminating && node !== undefined && isOutOfService(node)) found.push({ pod, why: 'out of service' })
    else if (terminating && !pod.spec.nodeName) found.push({ pod, why: 'never scheduled' })
    else if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') terminated.push(pod)
  }
  const surplus = snapshot.terminatedPodsMax > 0 ? terminated.length - snapshot.terminatedPodsMax : 0
  if (surplus > 0)
    found.push(
      ...terminated
        .sort(oldestFirst)
        .slice(0, surplus)
        .map((pod) => ({ pod, why: 'terminated' }) as const),
    )
  return found
}

function actionsFor(pod: Pod, why: Collected['why'], now: Instant): readonly Action[] {
  const end = remove(pods, pod, undefined, { gracePeriodSeconds: 0 })
  const finished = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  if (finished || why === 'terminated' || why === 'never scheduled') return [end]
  const message = why === 'orphaned' ? 'PodGC: node no longer exists' : 'PodGC: node is out of service'
  return [markDisrupted(pod, 'DeletionByPodGC', message, now, true), end]
}

/** Both said by an administrator and not contradicted by the node. */
function isOutOfService(node: Node): boolean {
  const ready = node.status.conditions?.find((c) => c.type === 'Ready')?.status === 'True'
  return !ready && (node.spec.taints?.some((t) => t.key === 'node.kubernetes.io/out-of-service') ?? false)
}

function oldestFirst(a: Pod, b: Pod): number {
  const at = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp)
  return at !== 0 ? at : a.metadata.name < b.metadata.name ? -1 : 1
}
