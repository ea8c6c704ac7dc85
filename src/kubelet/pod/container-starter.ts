/** Starts and stops one container: image, configuration, creation, hooks, and the events that tell of it. */

import type { Container, LifecycleHandler } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Mount, Runtime, SandboxConfig } from '#runtime/runtime.ts'
import { containerConfig } from '../containers/container-config.ts'
import { environmentOf, type ObjectReader } from '../containers/environment.ts'
import { expand } from '../containers/expansion.ts'
import type { ImagePuller } from '../containers/image-puller.ts'
import type { PodFieldContext } from '../containers/pod-fields.ts'
import { hostsFile } from '../containers/network-files.ts'
import type { Prober } from '../probes/prober.ts'
import type { MountedVolume, PodVolumes } from '../volumes/pod-volumes.ts'
import { BackOff, goSeconds } from './back-off.ts'
import type { StartFailure } from './container-statuses.ts'
import type { ViewedContainer } from './pod-view.ts'

export interface StarterParts {
  readonly clock: Clock
  readonly log: Log
  readonly runtime: Runtime
  readonly prober: Prober
  readonly images: ImagePuller
  readonly objects: ObjectReader
  readonly services: () => readonly Service[]
  readonly volumes: PodVolumes
  readonly memoryBytes: number
  readonly clusterDomain: string
  readonly nodeHosts: string
  readonly seccompDirectory: string
  readonly event: (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string) => void
}

export interface StartRequest {
  readonly fields: PodFieldContext
  readonly container: Container
  readonly kind: 'init' | 'sidecar' | 'ordinary' | 'ephemeral'
  readonly previous: ViewedContainer | undefined
  readonly attempt: number
  readonly sandboxId: string
  readonly sandbox: SandboxConfig
  readonly mounted: ReadonlyMap<string, MountedVolume>
  readonly targetId?: string
}

export type Started = { readonly ok: true } | { readonly ok: false; readonly failure: StartFailure; readonly retryMs: number }

export interface ContainerStarter {
  start(request: StartRequest): Promise<Started>
  /** Runs the preStop hook, asks the container to end, and kills it when the grace is over. */
  stop(
    pod: Pod,
    container: Container | undefined,
    current: ViewedContainer,
    graceSeconds: number,
    message: string,
    podIp: string,
  ): Promise<void>
  forget(uid: string): void
}

const CONFIG_RETRY_MS = 10_000 // upstream looks again at the next resync of the pod
const GRACE_AFTER_HOOK_SECONDS = 2 // upstream's minimum once a hook has used up the grace

export function fieldPathOf(kind: StartRequest['kind'], name: string): string {
  const list = kind === 'ordinary' ? 'containers' : kind === 'ephemeral' ? 'ephemeralContainers' : 'initContainers'
  return `spec.${list}{${name}}`
}

export function createContainerStarter(parts: StarterParts): ContainerStarter {
  const { clock, runtime, event } = parts
  const backOff = new BackOff()
  const textOf = (pod: Pod) => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`

  async function start(request: StartRequest): Promise<Started> {
    const { container, previous, fields } = request
    const { pod } = fields
    const path = fieldPathOf(request.kind, container.name)
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) => event(pod, type, reason, message, path)
    const refuse = (reason: string, message: string, retryMs: number): Started => {
      tell('Warning', 'Failed', `Error: ${message}`)
      return { ok: false, failure: { reason, message }, retryMs }
    }

    const key = `${pod.metadata.uid}_${container.name}_${container.image ?? ''}`
    if (previous?.state === 'exited') {
      const remaining = backOff.remaining(key, previous.finishedAt, clock.now())
      if (remaining > 0) {
        tell('Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${textOf(pod)}`)
        const message = `back-off ${goSeconds(backOff.pauseMs(key))} restarting failed container=${container.name} pod=${textOf(pod)}`
        return { ok: false, failure: { reason: 'CrashLoopBackOff', message }, retryMs: remaining }
      }
      backOff.next(key, previous.finishedAt)
    }

    const pulled = await parts.images.ensure(pod, container, request.sandbox, tell)
    if ('failure' in pulled) {
      tell('Warning', 'Failed', `Error: ${pulled.failure.reason}`)
      return { ok: false, ...pulled }
    }
    let config
    try {
      const environment = await environmentOf({ ...fields, container, objects: parts.objects, services: parts.services() })
      const mounts = await mountsOf(request, environment)
      const messageFile = parts.volumes.file(pod, container.name, `message-${request.attempt}`)
      config = containerConfig({
        pod,
        container,
        attempt: request.attempt,
        image: pulled.image,
        environment,
        mounts,
        memoryBytes: parts.memoryBytes,
        seccompDirectory: parts.seccompDirectory,
        terminationMessageFile: messageFile,
        ...(request.targetId !== undefined && { targetId: request.targetId }),
      })
    } catch (error) {
      return refuse('CreateContainerConfigError', (error as Error).message, CONFIG_RETRY_MS)
    }
    let id
    try {
      id = await runtime.createContainer(request.sandboxId, config, request.sandbox)
    } catch (error) {
      return refuse('CreateContainerError', (error as Error).message, CONFIG_RETRY_MS)
    }
    tell('Normal', 'Created', 'Container created')
    try {
      await runtime.startContainer(id)
    } catch (error) {
      return refuse('RunContainerError', (error as Error).message, CONFIG_RETRY_MS)
    }
    tell('Normal', 'Started', 'Container started')
    const hook = container.lifecycle?.postStart
    if (hook !== undefined) {
      const failed = await runHook(hook, container, id, fields.podIPs[0] ?? '', 0)
      if (failed !== undefined) {
        tell('Warning', 'FailedPostStartHook', `PostStartHook failed`)
        tell('Normal', 'Killing', 'FailedPostStartHook')
        await runtime.stopContainer(id, pod.spec.terminationGracePeriodSeconds ?? 30)
        return { ok: false, failure: { reason: 'PostStartHookError', message: failed }, retryMs: 0 }
      }
    }
    return { ok: true }
  }

  async function mountsOf(
    request: StartRequest,
    environment: readonly { readonly name: string; readonly value: string }[],
  ): Promise<readonly Mount[]> {
    const { container, mounted, fields } = request
    const { pod } = fields
    const variables = new Map(environment.map((e) => [e.name, e.value]))
    const mounts: Mount[] = []
    for (const [index, m] of (container.volumeMounts ?? []).entries()) {
      const volume = mounted.get(m.name)
      if (volume === undefined) throw new Error(`cannot find volume "${m.name}" to mount into container "${container.name}"`)
      const sub = m.subPathExpr ? expand(m.subPathExpr, (name) => variables.get(name)) : m.subPath
      const hostPath = sub ? await parts.volumes.subPath(pod, container.name, index, volume, m.name, sub) : volume.path
      mounts.push({
        containerPath: m.mountPath.startsWith('/') ? m.mountPath : `/${m.mountPath}`,
        hostPath,
        readOnly: m.readOnly === true || volume.readOnly,
        propagation:
          m.mountPropagation === 'Bidirectional'
            ? 'bidirectional'
            : m.mountPropagation === 'HostToContainer'
              ? 'hostToContainer'
              : 'private',
      })
    }
    if (!mounts.some((m) => m.containerPath === '/etc/hosts')) {
      const text = hostsFile(pod, fields.podIPs, parts.clusterDomain, parts.nodeHosts)
      mounts.push({ containerPath: '/etc/hosts', hostPath: parts.volumes.hostsFile(pod, text), readOnly: false, propagation: 'private' })
    }
    return mounts
  }

  /** Undefined when it succeeded. */
  async function runHook(
    hook: LifecycleHandler,
    container: Container,
    id: string,
    podIp: string,
    timeoutSeconds: number,
  ): Promise<string | undefined> {
    if (hook.sleep) {
      await sleep(clock, hook.sleep.seconds * 1000)
      return undefined
    }
    const finding = await parts.prober(hook, { containerId: id, container, podIp }, timeoutSeconds || HOOK_SECONDS_MAX)
    return finding.result === 'success' ? undefined : finding.output
  }

  async function stop(
    pod: Pod,
    container: Container | undefined,
    current: ViewedContainer,
    graceSeconds: number,
    message: string,
    podIp: string,
  ): Promise<void> {
    const kind = pod.spec.containers.some((c) => c.name === current.name)
      ? 'ordinary'
      : pod.spec.ephemeralContainers?.some((c) => c.name === current.name)
        ? 'ephemeral'
        : 'init'
    event(pod, 'Normal', 'Killing', message, fieldPathOf(kind, current.name))
    let left = graceSeconds
    const hook = container?.lifecycle?.preStop
    if (hook !== undefined && graceSeconds > 0 && container !== undefined) {
      const begun = clock.monotonic()
      using limit = deadline(clock, graceSeconds * 1000)
      const outcome = await Promise.race([runHook(hook, container, current.id, podIp, graceSeconds), limit.passed])
      if (outcome !== undefined) event(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', fieldPathOf(kind, current.name))
      left = Math.max(GRACE_AFTER_HOOK_SECONDS, Math.round(graceSeconds - (clock.monotonic() - begun) / 1000))
    }
    await runtime.stopContainer(current.id, left)
  }

  return {
    start,
    stop,
    forget(uid) {
      backOff.forget(`${uid}_`)
      parts.images.forget(uid)
    },
  }
}

const HOOK_SECONDS_MAX = 3600 // a postStart hook may take its time; nothing else waits for ever

function deadline(clock: Clock, ms: number): { readonly passed: Promise<string> } & Disposable {
  const { promise, resolve } = Promise.withResolvers<string>()
  const timer = clock.timer(ms, () => resolve('the grace period is over'))
  return { passed: promise, [Symbol.dispose]: () => timer[Symbol.dispose]() }
}
