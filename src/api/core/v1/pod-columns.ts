/** What `kubectl get pods` shows of a pod. */

import type { ContainerStatus } from './container-status.ts'
import type { Pod } from './pod.ts'
import { humanDuration } from '#schema/duration.ts'
import type { Column } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

interface Summary {
  readonly reason: string
  readonly ready: number
  readonly total: number
  readonly restarts: string
}

/** Status, readiness and restarts as one look at the containers tells them. */
export function summaryOf(pod: Pod, now: number): Summary {
  const { status, spec } = pod
  const sidecars = (spec.initContainers ?? []).filter(isSidecar)
  const total = (spec.containers ?? []).length + sidecars.length
  let ready = 0
  let restarts = 0
  let sidecarRestarts = 0
  let last = -Infinity
  let lastSidecar = -Infinity
  let reason: string = status.reason || status.phase || ''
  for (const condition of status.conditions ?? [])
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') reason = 'SchedulingGated'

  let initializing = false
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    restarts += container.restartCount
    last = Math.max(last, finishedBefore(container))
    const sidecar = sidecars.some((s) => s.name === container.name)
    if (sidecar) {
      sidecarRestarts += container.restartCount
      lastSidecar = Math.max(lastSidecar, finishedBefore(container))
    }
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecar && container.started) {
      if (container.ready) ready++
      continue
    }
    if (terminated) reason = terminated.reason ? `Init:${terminated.reason}` : exitText('Init:', terminated)
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') reason = `Init:${waiting.reason}`
    else reason = `Init:${index}/${spec.initContainers?.length ?? 0}`
    initializing = true
    break
  }

  const initialized = (status.conditions ?? []).some((c) => c.type === 'Initialized' && c.status === 'True')
  if (!initializing || initialized) {
    restarts = sidecarRestarts
    last = lastSidecar
    let running = false
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      restarts += container.restartCount
      last = Math.max(last, finishedBefore(container))
      const { terminated, waiting, running: runs } = container.state ?? {}
      if (waiting?.reason) reason = waiting.reason
      else if (terminated?.reason) reason = terminated.reason
      else if (terminated) reason = exitText('', terminated)
      else if (container.ready && runs) {
        running = true
        ready++
      }
    }
    // Some containers are done while others run.
    if (reason === 'Completed' && running)
      reason = (status.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True') ? 'Running' : 'NotReady'
  }

  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') reason = 'Unknown'
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating'
  }
  return {
    reason,
    ready,
    total,
    restarts: restarts > 0 && last > -Infinity ? `${restarts} (${humanDuration(now - last)} ago)` : String(restarts),
  }
}

function isSidecar(container: { readonly restartPolicy?: string }): boolean {
  return container.restartPolicy === 'Always'
}

function finishedBefore(container: ContainerStatus): number {
  const at = Date.parse(container.lastState?.terminated?.finishedAt ?? '')
  return Number.isNaN(at) ? -Infinity : at
}

function exitText(prefix: string, { signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string {
  return signal ? `${prefix}Signal:${signal}` : `${prefix}ExitCode:${exitCode}`
}

const none = (text: string | undefined) => text || '<none>'

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    description: 'Containers that are ready, of all that should run.',
    cell: (pod, now) => ready(summaryOf(pod, now)),
  },
  {
    name: 'Status',
    type: 'string',
    description: 'What the containers, taken together, are doing.',
    cell: (pod, now) => summaryOf(pod, now).reason,
  },
  {
    name: 'Restarts',
    type: 'string',
    description: 'Restarts of all containers, and when the last one was.',
    cell: (pod, now) => summaryOf(pod, now).restarts,
  },
  ageColumn,
  {
    name: 'IP',
    type: 'string',
    priority: 1,
    description: 'The address of the pod.',
    cell: (pod) => none(pod.status.podIPs?.[0]?.ip ?? pod.status.podIP),
  },
  { name: 'Node', type: 'string', priority: 1, description: 'The node that the pod is bound to.', cell: (pod) => none(pod.spec.nodeName) },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    description: 'The node where room is being made.',
    cell: (pod) => none(pod.status.nominatedNodeName),
  },
  { name: 'Readiness Gates', type: 'string', priority: 1, description: 'Gates that are open, of all.', cell: gates },
]

function ready({ ready, total }: Summary): string {
  return `${ready}/${total}`
}

function gates(pod: Pod): string {
  const all = pod.spec.readinessGates ?? []
  if (all.length === 0) return '<none>'
  const open = all.filter((gate) => pod.status.conditions?.some((c) => c.type === gate.conditionType && c.status === 'True'))
  return `${open.length}/${all.length}`
}
