/** The statuses of a pod's containers as the API shows them, from what the runtime holds. */

import type { Instant } from '#base/clock.ts'
import { timestamp } from '#base/clock.ts'
import type { ContainerState, ContainerStatus, VolumeMountStatus } from '#api/core/v1/container-status.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { restartsOf, type PodView, type ViewedContainer } from './pod-view.ts'
import { asContainer, isSidecar, restarts, type Findings } from './pod-actions.ts'

/** Why a container could not be started: `ImagePullBackOff`, `CreateContainerConfigError`, `CrashLoopBackOff`. */
export interface StartFailure {
  readonly reason: string
  readonly message: string
}

export interface StatusParts {
  readonly pod: Pod
  readonly view: PodView
  readonly findings: Findings
  /** By container name. */
  readonly failures: ReadonlyMap<string, StartFailure>
  /** What the runtime's ids are prefixed with: `containerd`. */
  readonly runtimeName: string
  /** The text a container left behind when it ended. */
  readonly terminationMessage: (container: ViewedContainer) => string
  /** The pod is being stopped or was: containers that were never found ended unseen. */
  readonly stopping: boolean
}

export interface ContainerStatuses {
  readonly init: readonly ContainerStatus[]
  readonly ordinary: readonly ContainerStatus[]
  readonly ephemeral: readonly ContainerStatus[]
}

export function containerStatuses(parts: StatusParts): ContainerStatuses {
  const { spec, status } = parts.pod
  const inits = spec.initContainers ?? []
  const ephemerals = spec.ephemeralContainers ?? []
  return {
    init: inits.map((c) =>
      containerStatus(
        parts,
        c,
        true,
        status.initContainerStatuses?.find((s) => s.name === c.name),
      ),
    ),
    ordinary: spec.containers.map((c) =>
      containerStatus(
        parts,
        c,
        false,
        status.containerStatuses?.find((s) => s.name === c.name),
      ),
    ),
    ephemeral: ephemerals.map((c) =>
      containerStatus(
        parts,
        asContainer(c),
        false,
        status.ephemeralContainerStatuses?.find((s) => s.name === c.name),
      ),
    ),
  }
}

function containerStatus(parts: StatusParts, container: Container, init: boolean, old: ContainerStatus | undefined): ContainerStatus {
  const { pod, view, findings } = parts
  const instances = view.containers.filter((c) => c.name === container.name)
  const [current, previous] = instances
  const failure = parts.failures.get(container.name)
  const hasInit = (pod.spec.initContainers?.length ?? 0) > 0
  const waiting: ContainerState = { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } }
  const mounts = mountStatuses(container)

  if (current === undefined) {
    const base = { name: container.name, image: container.image ?? '', imageID: '', ready: false, started: false, ...mounts }
    if (old?.state.terminated !== undefined) return { ...old, ready: false, started: false }
    if (old?.state.running !== undefined) {
      const lost: ContainerState = {
        terminated: {
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
          ...(old.containerID !== undefined && { containerID: old.containerID }),
        },
      }
      if (parts.stopping || pod.spec.restartPolicy === 'Never') return { ...old, state: lost, ready: false, started: false }
      return { ...old, state: waiting, lastState: lost, restartCount: old.restartCount + 1, ready: false, started: false }
    }
    const state: ContainerState = failure === undefined ? waiting : { waiting: failure }
    return { ...base, state, lastState: old?.lastState ?? {}, restartCount: old?.restartCount ?? 0 }
  }

  let state = stateOf(parts, current, waiting)
  let lastState: ContainerState =
    previous?.state === 'exited' ? stateOf(parts, previous, waiting) : (instances.length === 1 && old?.lastState) || {}
  const again = !parts.stopping && current.state === 'exited' && (isSidecar(container) || restarts(pod, container, current.exitCode, init))
  if (failure !== undefined && again) {
    lastState = state
    state = { waiting: failure }
  } else if (failure !== undefined && current.state === 'created') state = { waiting: failure }
  const running = state.running !== undefined
  const started = running && findings.started(container, current.id)
  // an init container is ready once it has done its work
  const ready = init && !isSidecar(container) ? state.terminated?.exitCode === 0 : started && findings.ready(container, current.id)
  return {
    name: container.name,
    state,
    lastState,
    ready,
    restartCount: restartsOf(current),
    image: current.image || (container.image ?? ''),
    imageID: current.imageRef,
    containerID: `${parts.runtimeName}://${current.id}`,
    started,
    ...resourceStatus(container, running),
    ...mounts,
    ...(running && userOf(pod, container)),
  }
}

function stateOf(parts: StatusParts, c: ViewedContainer, waiting: ContainerState): ContainerState {
  switch (c.state) {
    case 'created':
      return waiting
    case 'running':
      return { running: { startedAt: time(c.startedAt) } }
    case 'exited': {
      const message = parts.terminationMessage(c)
      return {
        terminated: {
          exitCode: c.exitCode,
          reason: c.reason || (c.exitCode === 0 ? 'Completed' : 'Error'),
          ...(message !== '' && { message }),
          startedAt: time(c.startedAt), // of a container that never ran this is the epoch, as upstream shows it
          ...(c.finishedAt > 0 && { finishedAt: time(c.finishedAt) }),
          containerID: `${parts.runtimeName}://${c.id}`,
        },
      }
    }
    case 'unknown':
      return {
        terminated: {
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
        },
      }
  }
}

function time(at: Instant): string {
  return timestamp(at)
}

function mountStatuses(container: Container): { readonly volumeMounts?: readonly VolumeMountStatus[] } {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map((m) => ({
      name: m.name,
      mountPath: m.mountPath,
      ...(m.readOnly === true && { readOnly: true, recursiveReadOnly: m.recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' }),
    })),
  }
}

function resourceStatus(container: Container, running: boolean): Partial<ContainerStatus> {
  const { requests, limits } = container.resources
  return {
    ...(requests !== undefined && { allocatedResources: requests }),
    ...(running && { resources: { ...(limits && { limits }), ...(requests && { requests }) } }),
  }
}

/** The user is known only where the spec says it; what an image declares stays the runtime's secret in CRI v1 of 1.x. */
function userOf(pod: Pod, container: Container): Partial<ContainerStatus> {
  const uid = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser
  const gid = container.securityContext?.runAsGroup ?? pod.spec.securityContext?.runAsGroup
  if (uid === undefined || gid === undefined) return {}
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {}
  const groups = [...new Set([...(fsGroup === undefined ? [gid] : [gid, fsGroup]), ...supplementalGroups])]
  return { user: { linux: { uid, gid, supplementalGroups: groups } } }
}
