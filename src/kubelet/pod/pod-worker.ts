/** One pod's worker: looks, decides and acts, one round at a time, from the pod's arrival to its last trace. */

import type { Pod, PodStatus } from '#api/core/v1/pod.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { isReason } from '#client/client.ts'
import { pods } from '#api/core/v1/pod.ts'
import type { SandboxConfig } from '#runtime/runtime.ts'
import { sandboxConfig } from '../containers/container-config.ts'
import { dnsOf, type Dns } from '../containers/network-files.ts'
import type { ProbeCounts } from '../probes/probe-counts.ts'
import { ProbeSet } from '../probes/probe-set.ts'
import type { Cgroups } from '../resources/cgroups.ts'
import { MountFailure } from '../volumes/pod-volumes.ts'
import type { ProjectionParts } from '../volumes/projections.ts'
import { createContainerStarter, type ContainerStarter, type StarterParts } from './container-starter.ts'
import type { StartFailure } from './container-statuses.ts'
import { containerNamed, decideActions, isSidecar, type Actions } from './pod-actions.ts'
import { newLife, step, type Ending, type Life, type LifeEvent } from './pod-lifecycle.ts'
import { podStatus } from './pod-status.ts'
import { newest, readView, restartsOf, type PodView, type ViewedContainer } from './pod-view.ts'
import { OWNED, type StatusWriter } from './status-writer.ts'

export interface WorkerParts extends Omit<StarterParts, 'event'> {
  readonly client: Client
  readonly random: Random
  readonly cgroups: Cgroups
  readonly probeCounts: ProbeCounts
  readonly runtimeName: string
  readonly statuses: StatusWriter
  readonly hostIPs: readonly string[]
  readonly allocatable: () => Readonly<Record<string, string>>
  readonly clusterDns: readonly string[]
  readonly nodeDns: Dns
  readonly logDirectory: (pod: Pod) => string
  readonly token: ProjectionParts['token']
  readonly readTerminationMessage: (container: ViewedContainer) => string
  /** Why the node will not run the pod, if it will not. Asked once. */
  readonly admit: (pod: Pod) => Ending | undefined
  readonly event: StarterParts['event']
  /** The pod has left no trace. */
  readonly gone: (uid: string) => void
  readonly removeLogs: (pod: Pod) => void
}

const RETRY_MS = 2_000 // after a failed round; grows with each in a row
const RETRY_MS_MAX = 60_000
const REFRESH_MS = 60_000 // volumes from API objects follow within so long, as upstream's do
const DEFAULT_GRACE_SECONDS = 30
const STEP_WATCHED_MS = 3_000 // most init containers are done by then; until then they are looked at more often
const STEP_LOOK_MS = 100
const SIDECAR_GRACE_SECONDS_MIN = 2

export class PodWorker {
  readonly #parts: WorkerParts
  readonly #starter: ContainerStarter
  readonly #probes: ProbeSet
  #pod: Pod
  #status: PodStatus | undefined
  #life: Life = newLife
  #admitted = false
  #refused = false
  #dirty = false
  #busy = false
  #stopped = false
  #failuresInRow = 0
  #nextMs: number | undefined
  #timer: Disposable | undefined
  #view: PodView = { sandboxes: [], containers: [] }
  readonly #failures = new Map<string, StartFailure>()
  readonly #seenMs: number
  #startedSaid = false
  #idle: Promise<void> = Promise.resolve()

  constructor(parts: WorkerParts, pod: Pod) {
    this.#parts = parts
    this.#pod = pod
    this.#seenMs = parts.clock.monotonic()
    this.#starter = createContainerStarter(parts)
    this.#probes = new ProbeSet({
      clock: parts.clock,
      random: parts.random,
      prober: parts.prober,
      changed: () => this.wake(),
      counts: {
        made: (container, kind, result, seconds) => parts.probeCounts.made(this.#pod, container.name, kind, result, seconds),
        forget: (container) => parts.probeCounts.forget(this.#pod, container.name),
      },
      event: (container, type, reason, message) => {
        const list = this.#pod.spec.containers.some((c) => c.name === container.name) ? 'containers' : 'initContainers'
        parts.event(this.#pod, type, reason, message, `spec.${list}{${container.name}}`)
      },
    })
    this.update(pod)
  }

  get pod(): Pod {
    return this.#current()
  }
  get life(): Life {
    return this.#life
  }
  get view(): PodView {
    return this.#view
  }

  /** The API object as it is now. */
  update(pod: Pod): void {
    const unchanged = this.#pod !== pod && sameWish(this.#pod, pod)
    this.#pod = pod
    if (unchanged) return // the echo of a status this worker wrote itself
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
    if (deletionTimestamp !== undefined) {
      const grace = deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      const before = this.#life
      this.#event({ type: 'deleted', graceSeconds: grace })
      if (before.phase === 'terminating' && grace < (before.graceSeconds ?? DEFAULT_GRACE_SECONDS)) this.#hurry(grace)
    }
    this.wake()
  }

  /** The API object is gone. */
  removed(): void {
    this.#event({ type: 'removed' })
    this.wake()
  }

  evict(ending: Ending, graceSeconds: number): void {
    this.#event({ type: 'evicted', graceSeconds, status: ending })
    this.wake()
  }

  wake(): void {
    if (this.#stopped) return
    this.#dirty = true
    if (!this.#busy) {
      this.#busy = true
      this.#idle = this.#run().finally(() => {
        this.#busy = false
      })
    }
  }

  /** Lets go of the pod without touching its containers: the kubelet stops, they stay. */
  async release(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    this.#probes[Symbol.dispose]()
    await this.#idle
  }

  #event(event: LifeEvent): void {
    this.#life = step(this.#life, event)
  }

  async #run(): Promise<void> {
    await Promise.resolve() // callers' own state is settled before the first look
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false
      this.#timer?.[Symbol.dispose]()
      this.#nextMs = undefined
      const before = this.#life.phase
      try {
        await this.#round()
        this.#failuresInRow = 0
      } catch (error) {
        const wait = Math.min(RETRY_MS * 2 ** this.#failuresInRow++, RETRY_MS_MAX)
        this.#parts.log.warn('pod round failed', {
          pod: `${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`,
          error: (error as Error).message,
        })
        if (!(error instanceof MountFailure)) this.#parts.log.debug('pod round failure', { stack: (error as Error).stack })
        this.#again(wait)
      }
      if (this.#life.phase !== before) this.#dirty = true
    }
    if (!this.#stopped && this.#nextMs !== undefined) this.#timer = this.#parts.clock.timer(this.#nextMs, () => this.wake())
  }

  #again(ms: number): void {
    this.#nextMs = Math.min(this.#nextMs ?? Infinity, Math.max(0, ms))
  }

  #round(): Promise<void> {
    switch (this.#life.phase) {
      case 'syncing':
        return this.#sync()
      case 'terminating':
        return this.#terminate()
      case 'terminated':
        return this.#releaseAll()
      case 'finished':
        return this.#finish()
    }
  }

  /** The API object with the newest status this worker knows, others' conditions as the API has them. */
  #current(): Pod {
    if (this.#status === undefined) return this.#pod
    const foreign = (this.#pod.status.conditions ?? []).filter((c) => !OWNED.has(c.type))
    const own = (this.#status.conditions ?? []).filter((c) => OWNED.has(c.type))
    return { ...this.#pod, status: { ...this.#pod.status, ...this.#status, conditions: [...own, ...foreign] } }
  }

  async #look(): Promise<PodView> {
    this.#view = await readView(this.#parts.runtime, this.#pod.metadata.uid)
    const ending = this.#life.phase !== 'syncing'
    this.#probes.follow(this.#pod, this.#view.containers, this.#podIPs()[0] ?? '', ending)
    return this.#view
  }

  #podIPs(): readonly string[] {
    if (this.#pod.spec.hostNetwork === true) return this.#parts.hostIPs
    return this.#view.sandboxes.find((s) => s.state === 'ready')?.ips ?? []
  }

  #report(): void {
    const parts = this.#parts
    const pod = this.#current()
    const status = podStatus({
      pod,
      view: this.#view,
      findings: this.#probes,
      failures: this.#failures,
      runtimeName: parts.runtimeName,
      terminationMessage: parts.readTerminationMessage,
      stopping: this.#life.phase === 'terminated' || this.#life.phase === 'finished',
      life: this.#life,
      now: parts.clock.now(),
      hostIPs: parts.hostIPs,
    })
    this.#status = this.#refused ? withoutContainers(status) : status
    if (!this.#life.removed) parts.statuses.put(this.#pod, this.#status)
  }

  async #sync(): Promise<void> {
    const parts = this.#parts
    await this.#look()
    const pod = this.#pod
    if (pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') {
      // refused in this kubelet's earlier life, or failed before any had it
      this.#refused = pod.status.containerStatuses === undefined && this.#view.containers.length === 0
      return this.#event({ type: 'completed' })
    }
    if (!this.#admitted) {
      const refused = parts.admit(pod)
      if (refused !== undefined) {
        this.#refused = true
        parts.event(pod, 'Warning', refused.reason, refused.message.replace(/^Pod was rejected: /, ''))
        this.#status = { ...pod.status, phase: 'Failed', reason: refused.reason, message: refused.message }
        return this.#event({ type: 'evicted', graceSeconds: 0, status: refused })
      }
      this.#admitted = true
    }
    this.#report()
    if (this.#overdue()) return

    const actions = decideActions(pod, this.#view, this.#probes)
    if (actions.completed) {
      this.#event({ type: 'completed' })
      return
    }
    for (const kill of actions.kill) {
      const current = this.#view.containers.find((c) => c.id === kill.id)
      const container = containerNamed(pod, kill.name)
      if (current === undefined) continue
      const probe = kill.reason === 'liveness' ? container?.livenessProbe : kill.reason === 'startup' ? container?.startupProbe : undefined
      const grace = probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      await this.#starter.stop(pod, container, current, grace, kill.message, this.#podIPs()[0] ?? '')
    }
    const initializing = this.#view.containers.find((c) => c.state === 'running' && isStep(pod, c.name))
    if (initializing !== undefined && parts.clock.now() - initializing.startedAt < STEP_WATCHED_MS) this.#again(STEP_LOOK_MS)
    if (actions.kill.length > 0) {
      // what was killed is started again only after a look at how it ended
      this.#dirty = true
      return
    }
    if (actions.start.length > 0 || actions.createSandbox !== undefined || needsRefresh(pod)) await this.#startAll(actions)
    if (needsRefresh(pod)) this.#again(REFRESH_MS * (1 + this.#parts.random.next() / 2))
  }

  async #startAll(actions: Actions): Promise<void> {
    const parts = this.#parts
    const pod = this.#pod
    const fields = () => ({ pod, hostIPs: parts.hostIPs, podIPs: this.#podIPs(), allocatable: parts.allocatable() })
    parts.cgroups.create(pod)
    let mounted
    try {
      mounted = await parts.volumes.setUp({ ...fields(), objects: parts.objects, token: parts.token })
    } catch (error) {
      if (error instanceof MountFailure) parts.event(pod, 'Warning', 'FailedMount', error.message)
      throw error
    }
    if (actions.start.length === 0 && actions.createSandbox === undefined) return
    const config = (attempt: number): SandboxConfig =>
      sandboxConfig({
        pod,
        attempt,
        logDirectory: parts.logDirectory(pod),
        cgroupParent: parts.cgroups.parentOf(pod),
        dns: dnsOf(pod, parts.clusterDns, parts.clusterDomain, parts.nodeDns),
        clusterDomain: parts.clusterDomain,
        seccompDirectory: parts.seccompDirectory,
      })

    let sandboxId = actions.sandboxId
    let sandbox = config(this.#view.sandboxes[0]?.identity.attempt ?? 0)
    if (actions.createSandbox !== undefined) {
      if (actions.stopPod) {
        parts.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
        for (const c of this.#view.containers) if (c.state === 'running') await parts.runtime.stopContainer(c.id, 0)
        for (const s of this.#view.sandboxes) await parts.runtime.stopSandbox(s.id)
      }
      sandbox = config(actions.createSandbox.attempt)
      try {
        sandboxId = await parts.runtime.runSandbox(sandbox, pod.spec.runtimeClassName ?? '')
      } catch (error) {
        parts.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${(error as Error).message}`)
        throw error
      }
      for (const s of this.#view.sandboxes)
        if (s.identity.attempt < actions.createSandbox.attempt - 1) await parts.runtime.removeSandbox(s.id).catch(() => undefined)
      await this.#look()
    }
    if (sandboxId === undefined) return
    for (const { container, kind, previous } of actions.start) {
      if (this.#life.phase !== 'syncing' || this.#stopped) return
      const ephemeral = pod.spec.ephemeralContainers?.find((e) => e.name === container.name)
      const target = ephemeral?.targetContainerName ? newest(this.#view, ephemeral.targetContainerName)?.id : undefined
      const restarted =
        previous === undefined ? this.#restartsSoFar(container.name) : restartsOf(previous) + (previous.state === 'created' ? 0 : 1)
      if (previous?.state === 'created') await parts.runtime.removeContainer(previous.id)
      const started = await this.#starter.start({
        fields: fields(),
        container,
        kind,
        previous,
        attempt: restarted,
        sandboxId,
        sandbox,
        mounted,
        ...(target !== undefined && { targetId: target }),
      })
      if (started.ok) this.#failures.delete(container.name)
      else {
        this.#failures.set(container.name, started.failure)
        this.#again(started.retryMs)
        if (kind === 'init') break
      }
      if (started.ok) await this.#removeOld(container.name)
    }
    await this.#look()
    this.#report()
    this.#sayStarted()
    const next = decideActions(pod, this.#view, this.#probes)
    const waitingFor = next.start.some((s) => !this.#failures.has(s.container.name))
    if (waitingFor || next.completed || next.kill.length > 0) this.#dirty = true
    if (this.#view.containers.some((c) => c.state === 'running' && isStep(pod, c.name))) this.#again(STEP_LOOK_MS)
  }

  /** Once in a worker's life: how long the pod took from its arrival here until every container had been started. */
  #sayStarted(): void {
    if (this.#startedSaid || !this.#pod.spec.containers.every((c) => newest(this.#view, c.name)?.state === 'running')) return
    this.#startedSaid = true
    const { namespace, name } = this.#pod.metadata
    this.#parts.log.info('pod started', {
      pod: `${namespace}/${name}`,
      ms: Math.round((this.#parts.clock.monotonic() - this.#seenMs) * 10) / 10,
    })
  }

  #restartsSoFar(name: string): number {
    const statuses = [...(this.#pod.status.containerStatuses ?? []), ...(this.#pod.status.initContainerStatuses ?? [])]
    const known = statuses.find((s) => s.name === name)
    if (known === undefined) return 0
    // one the runtime lost was counted when that was noticed
    const counted = known.state.waiting !== undefined && known.lastState.terminated?.reason === 'ContainerStatusUnknown'
    return known.containerID === undefined || counted ? known.restartCount : known.restartCount + 1
  }

  /** Of every container the last dead instance is kept, for `logs --previous` and the last state. */
  async #removeOld(name: string): Promise<void> {
    const dead = this.#view.containers.filter((c) => c.name === name && c.state === 'exited')
    for (const c of dead.slice(1)) await this.#parts.runtime.removeContainer(c.id)
  }

  #overdue(): boolean {
    const { activeDeadlineSeconds } = this.#pod.spec
    const startTime = this.#current().status.startTime
    if (activeDeadlineSeconds === undefined || startTime === undefined) return false
    const left = Date.parse(startTime) + activeDeadlineSeconds * 1000 - this.#parts.clock.now()
    if (left > 0) {
      this.#again(left)
      return false
    }
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#parts.event(this.#pod, 'Normal', 'DeadlineExceeded', message)
    this.#event({
      type: 'evicted',
      graceSeconds: this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
      status: { reason: 'DeadlineExceeded', message },
    })
    return true
  }

  /** The grace was cut while containers are ending: ask again with the shorter one. */
  #hurry(graceSeconds: number): void {
    for (const c of this.#view.containers) {
      if (c.state === 'running') this.#parts.runtime.stopContainer(c.id, graceSeconds).catch(() => undefined)
    }
  }

  async #terminate(): Promise<void> {
    const parts = this.#parts
    await this.#look()
    this.#report()
    const pod = this.#pod
    const grace = this.#life.graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    const begun = parts.clock.monotonic()
    const running = this.#view.containers.filter((c) => c.state === 'running' || c.state === 'unknown')
    const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name)
    const podIp = this.#podIPs()[0] ?? ''
    const stop = (c: ViewedContainer, seconds: number) =>
      this.#starter.stop(pod, containerNamed(pod, c.name), c, seconds, `Stopping container ${c.name}`, podIp)
    await Promise.all(running.filter((c) => !sidecars.includes(c.name)).map((c) => stop(c, grace)))
    for (const name of sidecars.toReversed()) {
      const left = Math.round(grace - (parts.clock.monotonic() - begun) / 1000)
      for (const c of running.filter((r) => r.name === name)) await stop(c, grace === 0 ? 0 : Math.max(SIDECAR_GRACE_SECONDS_MIN, left))
    }
    for (const s of this.#view.sandboxes) if (s.state === 'ready') await parts.runtime.stopSandbox(s.id)
    await this.#look()
    this.#failures.clear()
    this.#event({ type: 'stopped' })
    this.#report()
  }

  async #releaseAll(): Promise<void> {
    const parts = this.#parts
    const { uid } = this.#pod.metadata
    await this.#look()
    this.#report()
    await parts.volumes.tearDown(uid)
    parts.cgroups.remove(this.#pod)
    this.#probes[Symbol.dispose]()
    this.#starter.forget(uid)
    this.#event({ type: 'released' })
  }

  async #finish(): Promise<void> {
    const parts = this.#parts
    const { uid, name, namespace } = this.#pod.metadata
    if (this.#life.deleted && !this.#life.removed) {
      if (this.#status !== undefined) parts.statuses.put(this.#pod, this.#status)
      await parts.statuses.written(uid)
      try {
        await parts.client.delete(
          pods,
          { name, ...(namespace !== undefined && { namespace }) },
          { gracePeriodSeconds: 0, preconditions: { uid } },
        )
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
      }
    }
    if (!this.#life.deleted && !this.#life.removed) return
    // A finalizer may keep the object; the containers are of no more use either way.
    const view = await readView(parts.runtime, uid)
    for (const c of view.containers) await parts.runtime.removeContainer(c.id)
    for (const s of view.sandboxes) {
      await parts.runtime.stopSandbox(s.id)
      await parts.runtime.removeSandbox(s.id)
    }
    parts.cgroups.remove(this.#pod)
    if (!this.#life.removed) return
    parts.removeLogs(this.#pod)
    parts.statuses.forget(uid)
    this.#stopped = true
    parts.gone(uid)
  }
}

/** An init container that must end before the pod goes on. */
function isStep(pod: Pod, name: string): boolean {
  return pod.spec.initContainers?.some((c) => c.name === name && !isSidecar(c)) === true
}

/** Whether two states of the API object ask the same of the kubelet; its own part of the status does not count. */
function sameWish(a: Pod, b: Pod): boolean {
  const asked = ({ metadata, spec, status }: Pod) => {
    const { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds } = metadata
    const foreign = (status.conditions ?? []).filter((c) => !OWNED.has(c.type))
    return JSON.stringify([labels, annotations, deletionTimestamp, deletionGracePeriodSeconds, spec, foreign])
  }
  return asked(a) === asked(b)
}

/** Volumes whose files follow API objects or tokens that run out. */
function needsRefresh(pod: Pod): boolean {
  return (pod.spec.volumes ?? []).some(
    (v) => v.configMap !== undefined || v.secret !== undefined || v.downwardAPI !== undefined || v.projected !== undefined,
  )
}

/** A pod the node refused has no containers to wait for: clients would show them as being created. */
function withoutContainers(status: PodStatus): PodStatus {
  const { initContainerStatuses: _, containerStatuses: __, ...rest } = status
  return rest
}
