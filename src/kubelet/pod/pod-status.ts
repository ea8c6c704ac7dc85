/** A pod's status as the API shows it: phase and conditions from its containers' statuses, as upstream computes them. */

import { timestamp, type Instant } from '#base/clock.ts'
import type { ContainerStatus } from '#api/core/v1/container-status.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Pod, PodCondition, PodStatus } from '#api/core/v1/pod.ts'
import { qosOf } from '../resources/quality-of-service.ts'
import { containerStatuses, type ContainerStatuses, type StatusParts } from './container-statuses.ts'
import { isSidecar } from './pod-actions.ts'
import type { Life } from './pod-lifecycle.ts'

export interface PodStatusParts extends StatusParts {
  readonly life: Life
  readonly now: Instant
  readonly hostIPs: readonly string[]
}

/** The status to write. `parts.pod.status` is the last one written: times and what others own are kept from it. */
export function podStatus(parts: PodStatusParts): PodStatus {
  const { pod, view, life, now, hostIPs } = parts
  const old = pod.status
  const statuses = containerStatuses(parts)
  const due = finalPhase(old.phase, life, podPhase(pod, statuses, life.phase === 'terminated' || life.phase === 'finished'))
  // what still runs still holds its resources: a replacement must not be made before it has ended
  const early = isTerminal(due) && !isTerminal(old.phase) && hasRunning(statuses)
  const phase = early ? (old.phase ?? 'Pending') : due
  const sandbox = view.sandboxes[0]
  const hostNetwork = pod.spec.hostNetwork === true
  const ips = hostNetwork
    ? sandbox === undefined
      ? (old.podIPs ?? []).map((p) => p.ip)
      : hostIPs
    : sandbox === undefined || sandbox.state !== 'ready'
      ? []
      : sandbox.ips
  // the address of a pod that has ended stays visible, as upstream keeps it
  const shown = ips.length > 0 ? ips : life.phase === 'syncing' && sandbox?.state === 'ready' ? [] : (old.podIPs ?? []).map((p) => p.ip)
  const sandboxReady = sandbox?.state === 'ready' && (hostNetwork || sandbox.ips.length > 0)
  const conditions = conditionsOf(parts, statuses, due, sandboxReady)
  const generation = pod.metadata.generation
  const { message: oldMessage, reason: oldReason, ...rest } = old
  const ending =
    (early ? undefined : life.ending) ??
    (oldReason === undefined && oldMessage === undefined ? undefined : { reason: oldReason, message: oldMessage })
  return {
    ...rest,
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions,
    ...(ending?.message && { message: ending.message }),
    ...(ending?.reason && { reason: ending.reason }),
    ...(hostIPs.length > 0 && { hostIP: hostIPs[0]!, hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(shown.length > 0 && { podIP: shown[0]!, podIPs: shown.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? timestamp(now),
    ...(statuses.init.length > 0 && { initContainerStatuses: statuses.init }),
    containerStatuses: statuses.ordinary,
    ...(statuses.ephemeral.length > 0 && { ephemeralContainerStatuses: statuses.ephemeral }),
    qosClass: old.qosClass ?? qosOf(pod),
  }
}

type PodPhase = NonNullable<PodStatus['phase']>

function finalPhase(old: PodStatus['phase'], life: Life, computed: PodPhase): PodPhase {
  if (life.ending !== undefined) return 'Failed'
  return isTerminal(old) ? old : computed
}

function isTerminal(phase: PodStatus['phase']): phase is 'Failed' | 'Succeeded' {
  return phase === 'Failed' || phase === 'Succeeded'
}

function hasRunning({ init, ordinary }: ContainerStatuses): boolean {
  return [...init, ...ordinary].some((s) => s.state.running !== undefined)
}

/** Upstream's getPhase. `terminal`: nothing will be started any more, whatever the restart policy says. */
export function podPhase(pod: Pod, statuses: Pick<ContainerStatuses, 'init' | 'ordinary'>, terminal: boolean): PodPhase {
  const policy = pod.spec.restartPolicy ?? 'Always'
  let pendingInit = 0
  let failedInit = 0
  for (const container of pod.spec.initContainers ?? []) {
    const s = statuses.init.find((x) => x.name === container.name)
    if (isSidecar(container)) {
      if (s?.started !== true && s?.state.terminated === undefined) pendingInit++
      continue
    }
    const ended = s?.state.terminated ?? (s?.state.waiting !== undefined ? s.lastState.terminated : undefined)
    if (ended === undefined) pendingInit++
    else if (ended.exitCode !== 0) failedInit++
  }
  let running = 0
  let waiting = 0
  let stopped = 0
  let succeeded = 0
  for (const s of statuses.ordinary) {
    if (s.state.running) running++
    else if (s.state.terminated) {
      stopped++
      if (s.state.terminated.exitCode === 0) succeeded++
    } else if (s.lastState.terminated) stopped++
    else waiting++
  }
  if (failedInit > 0 && policy === 'Never') return 'Failed'
  const begun = running + stopped > 0
  if (!begun && (pendingInit > 0 || failedInit > 0)) return terminal ? 'Failed' : 'Pending'
  if (waiting > 0) return terminal ? 'Failed' : 'Pending'
  if (running > 0) return 'Running'
  if (stopped > 0) {
    if (terminal) return stopped === succeeded ? 'Succeeded' : 'Failed'
    if (policy === 'Always') return 'Running'
    if (stopped === succeeded) return 'Succeeded'
    return policy === 'Never' ? 'Failed' : 'Running'
  }
  return 'Pending'
}

type Verdict = Pick<PodCondition, 'type' | 'status'> & { readonly reason?: string; readonly message?: string }

function conditionsOf(parts: PodStatusParts, statuses: ContainerStatuses, phase: PodPhase, sandboxReady: boolean): readonly PodCondition[] {
  const { pod, now } = parts
  const containers = containersReady(pod, statuses, phase)
  const verdicts: Verdict[] = [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized(pod, statuses, phase),
    ready(pod, containers),
    containers,
    { type: 'PodScheduled', status: 'True' },
  ]
  const old = pod.status.conditions ?? []
  const own = verdicts.map((v): PodCondition => {
    const before = old.find((c) => c.type === v.type)
    const changed = before === undefined || before.status !== v.status
    return {
      type: v.type,
      ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
      status: v.status,
      lastTransitionTime: changed ? timestamp(now) : (before.lastTransitionTime ?? timestamp(now)),
      ...(v.reason && { reason: v.reason }),
      ...(v.message && { message: v.message }),
    }
  })
  return [...own, ...old.filter((c) => !own.some((o) => o.type === c.type))]
}

function initialized(pod: Pod, statuses: ContainerStatuses, phase: PodPhase): Verdict {
  const type = 'Initialized'
  const inits = pod.spec.initContainers ?? []
  if (phase === 'Succeeded' && inits.length > 0) return { type, status: 'True', reason: 'PodCompleted' }
  const begun = statuses.ordinary.some(
    (s) => s.state.running !== undefined || s.state.terminated !== undefined || s.lastState.terminated !== undefined,
  )
  if (begun) return { type, status: 'True' }
  const incomplete = inits.filter((c) => {
    const s = statuses.init.find((x) => x.name === c.name)
    return isSidecar(c) ? s?.started !== true : s?.ready !== true
  })
  if (incomplete.length === 0) return { type, status: 'True' }
  return { type, status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names(incomplete)}]` }
}

function containersReady(pod: Pod, statuses: ContainerStatuses, phase: PodPhase): Verdict {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const ofContainer = (c: Container, list: readonly ContainerStatus[]) => list.find((s) => s.name === c.name)?.ready === true
  const unready = [
    ...(pod.spec.initContainers ?? []).filter((c) => isSidecar(c) && !ofContainer(c, statuses.init)),
    ...pod.spec.containers.filter((c) => !ofContainer(c, statuses.ordinary)),
  ]
  if (unready.length === 0) return { type, status: 'True' }
  return { type, status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${names(unready)}]` }
}

function ready(pod: Pod, containers: Verdict): Verdict {
  const type = 'Ready'
  if (containers.status !== 'True') return { ...containers, type }
  const problems: string[] = []
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = pod.status.conditions?.find((c) => c.type === conditionType)
    if (gate === undefined) problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
    else if (gate.status !== 'True') problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`)
  }
  if (problems.length === 0) return { type, status: 'True' }
  return { type, status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}

function names(containers: readonly Container[]): string {
  return containers.map((c) => c.name).join(' ')
}
