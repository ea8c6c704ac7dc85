/** A container runtime in memory on the injected clock: pods "run" without a process, thousands to a machine. */

import type { Clock } from '#base/clock.ts'
import {
  RuntimeFailure,
  type Container,
  type ContainerConfig,
  type ContainerStatus,
  type ExecResult,
  type Image,
  type Labels,
  type Runtime,
  type RuntimeEvent,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts'

/**
 * What a simulated container does. Options give the default; a pod's annotations `simulated.k8ts.dev/<name>` (`runSeconds`,
 * `exitCode`, `exitReason`, `ready`, `live`, `stopSeconds`) override it, for one container as `simulated.k8ts.dev/<name>.<container>`.
 */
export interface Behaviour {
  /** Ends by itself after so long; undefined runs until stopped. */
  readonly runMs?: number
  readonly exitCode: number
  readonly exitReason?: string
  /** How long it takes to end after being asked; capped by the grace period, after which it is killed (137). */
  readonly stopMs: number
  /** What readiness and startup probes find. */
  readonly ready: boolean
  /** What liveness probes find. */
  readonly live: boolean
}

export interface SimulatedOptions {
  readonly clock: Clock
  readonly sandboxMs?: number
  readonly startMs?: number
  /** How long pulling an image takes that is not there yet. */
  readonly pullMs?: number
  /** Pod IPs come from here, in order; wraps around. `10.244.1.0/24`. */
  readonly podCidr?: string
  /** Overrides what annotations say. */
  readonly behaviour?: (sandbox: SandboxConfig, container: ContainerConfig) => Partial<Behaviour>
  /** The failure of pulling an image, if it is to fail. */
  readonly pullFailure?: (reference: string) => string | undefined
  /** Runs a command "in" a container. By default every command succeeds in silence. */
  readonly exec?: (container: string, command: readonly string[]) => { readonly output: string; readonly exitCode: number }
}

/** A simulated runtime, with what a test may ask of it beyond the CRI. */
export interface SimulatedRuntime extends Runtime {
  /** Ends a running container now, as if its process had exited. */
  exit(id: string, exitCode: number, reason?: string): void
}

interface SandboxRecord {
  config: SandboxConfig
  status: SandboxStatus
}

interface ContainerRecord {
  readonly sandboxId: string
  readonly config: ContainerConfig
  readonly behaviour: Behaviour
  status: ContainerStatus
  ending?: Disposable
  waiters: (() => void)[]
}

const SANDBOX_MS = 100
const START_MS = 60 // what a real machine needs for a sandbox and a container
const PULL_MS = 1_000
const ANNOTATION = 'simulated.k8ts.dev/'
const IMAGE_BYTES = 5_000_000

export function simulatedRuntime(options: SimulatedOptions): SimulatedRuntime {
  const { clock, sandboxMs = SANDBOX_MS, startMs = START_MS, pullMs = PULL_MS } = options
  const sandboxes = new Map<string, SandboxRecord>()
  const containers = new Map<string, ContainerRecord>()
  const images = new Map<string, Image>()
  const byPod = new Map<string, { readonly sandboxes: Set<string>; readonly containers: Set<string> }>()
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const addresses = addressPool(options.podCidr ?? '10.244.0.0/16')
  let serial = 0

  const imageNamed = (name: string) => images.get(withTag(name)) ?? images.get(name) ?? images.values().find((i) => i.id === name)
  const nextId = () => (++serial).toString(16).padStart(64, '0')
  // a wait of nothing still yields, so that callers see the same order as with a real runtime
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.timer(ms, resolve))
  const emit = (podUid: string) => {
    for (const listener of listeners) listener({ podUid })
  }
  const ofPod = (uid: string) => {
    let pod = byPod.get(uid)
    if (pod === undefined) byPod.set(uid, (pod = { sandboxes: new Set(), containers: new Set() }))
    return pod
  }

  function finish(record: ContainerRecord, exitCode: number, reason: string): void {
    if (record.status.state === 'exited') return
    record.ending?.[Symbol.dispose]()
    record.status = { ...record.status, state: 'exited', finishedAt: clock.now(), exitCode, reason }
    for (const wake of record.waiters.splice(0)) wake()
    emit(sandboxes.get(record.sandboxId)?.config.identity.uid ?? '')
  }

  function candidates<T>(labels: Labels | undefined, all: Map<string, T>, pick: 'sandboxes' | 'containers'): Iterable<T> {
    const uid = labels?.['io.kubernetes.pod.uid']
    if (uid === undefined) return all.values()
    return [...(byPod.get(uid)?.[pick] ?? [])].map((id) => all.get(id)!)
  }

  async function stopContainer(id: string, graceSeconds: number): Promise<void> {
    const record = containers.get(id)
    if (record === undefined || record.status.state !== 'running') return
    const { stopMs } = record.behaviour
    const killed = stopMs > graceSeconds * 1000
    const ended = new Promise<void>((resolve) => record.waiters.push(resolve))
    clock.timer(Math.min(stopMs, graceSeconds * 1000), () => (killed ? finish(record, 137, 'Error') : finish(record, 0, 'Completed')))
    await ended
  }

  function removeContainer(id: string): void {
    const record = containers.get(id)
    if (record === undefined) return
    record.ending?.[Symbol.dispose]()
    containers.delete(id)
    byPod.get(sandboxes.get(record.sandboxId)?.config.identity.uid ?? '')?.containers.delete(id)
  }

  return {
    probe(id, kind) {
      const record = containers.get(id)
      if (record?.status.state !== 'running') return false
      return kind === 'liveness' ? record.behaviour.live : record.behaviour.ready
    },
    exit(id, exitCode, reason = exitCode === 0 ? 'Completed' : 'Error') {
      const record = containers.get(id)
      if (record !== undefined) finish(record, exitCode, reason)
    },
    async version() {
      return { name: 'simulated', version: '1.0.0' }
    },
    async status() {
      return ['RuntimeReady', 'NetworkReady'].map((type) => ({ type, ready: true, reason: '', message: '' }))
    },
    async runSandbox(config) {
      await pause(sandboxMs)
      const id = nextId()
      const { identity, labels, annotations } = config
      const ips = config.namespaces.network === 'node' ? [] : [addresses.take()]
      sandboxes.set(id, { config, status: { id, identity, labels, annotations, ips, state: 'ready', createdAt: clock.now() } })
      ofPod(identity.uid).sandboxes.add(id)
      return id
    },
    async stopSandbox(id) {
      const sandbox = sandboxes.get(id)
      if (sandbox === undefined || sandbox.status.state === 'notReady') return
      for (const containerId of ofPod(sandbox.config.identity.uid).containers) {
        const record = containers.get(containerId)
        if (record?.sandboxId === id && record.status.state === 'running') finish(record, 137, 'Error')
      }
      for (const ip of sandbox.status.ips) addresses.give(ip)
      sandbox.status = { ...sandbox.status, state: 'notReady', ips: [] }
      emit(sandbox.config.identity.uid)
    },
    async removeSandbox(id) {
      const sandbox = sandboxes.get(id)
      if (sandbox === undefined) return
      if (sandbox.status.state === 'ready') throw new RuntimeFailure('FailedPrecondition', `sandbox ${id} is still running`)
      const { uid } = sandbox.config.identity
      const pod = ofPod(uid)
      for (const containerId of [...pod.containers]) if (containers.get(containerId)?.sandboxId === id) removeContainer(containerId)
      sandboxes.delete(id)
      pod.sandboxes.delete(id)
      if (pod.sandboxes.size === 0 && pod.containers.size === 0) byPod.delete(uid)
    },
    async sandboxStatus(id) {
      return sandboxes.get(id)?.status
    },
    async listSandboxes(labels) {
      const out: Sandbox[] = []
      for (const s of candidates(labels, sandboxes, 'sandboxes')) if (includes(s.status.labels, labels)) out.push(s.status)
      return out
    },
    async createContainer(sandboxId, config, sandboxConfig) {
      const sandbox = sandboxes.get(sandboxId)
      if (sandbox === undefined || sandbox.status.state !== 'ready')
        throw new RuntimeFailure('NotFound', `sandbox ${sandboxId} is not running`)
      const image = imageNamed(config.image)
      if (image === undefined) throw new RuntimeFailure('NotFound', `image "${config.image}": not found`)
      const id = nextId()
      const behaviour = behaviourFor(sandboxConfig, config, options.behaviour)
      const status: ContainerStatus = {
        id,
        name: config.name,
        attempt: config.attempt,
        image: config.userImage,
        imageRef: image.id,
        imageId: image.id,
        state: 'created',
        createdAt: clock.now(),
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
        labels: config.labels,
        annotations: config.annotations,
        logPath: '',
        mounts: config.mounts,
      }
      containers.set(id, { sandboxId, config, behaviour, status, waiters: [] })
      ofPod(sandbox.config.identity.uid).containers.add(id)
      return id
    },
    async startContainer(id) {
      await pause(startMs)
      const record = containers.get(id)
      if (record === undefined) throw new RuntimeFailure('NotFound', `container ${id} not found`)
      const { runMs, exitCode, exitReason } = record.behaviour
      record.status = { ...record.status, state: 'running', startedAt: clock.now() }
      if (runMs !== undefined)
        record.ending = clock.timer(runMs, () => finish(record, exitCode, exitReason ?? (exitCode === 0 ? 'Completed' : 'Error')))
    },
    stopContainer,
    async removeContainer(id) {
      removeContainer(id)
    },
    async listContainers(labels) {
      const out: Container[] = []
      for (const c of candidates(labels, containers, 'containers'))
        if (includes(c.status.labels, labels)) out.push({ ...c.status, sandboxId: c.sandboxId })
      return out
    },
    async containerStatus(id) {
      return containers.get(id)?.status
    },
    async updateResources() {},
    async reopenLog() {},
    async execSync(id, command): Promise<ExecResult> {
      const record = containers.get(id)
      if (record?.status.state !== 'running') throw new RuntimeFailure('NotFound', `container ${id} is not running`)
      const { output, exitCode } = options.exec?.(record.config.name, command) ?? { output: '', exitCode: 0 }
      return { stdout: Buffer.from(output), stderr: new Uint8Array(), exitCode }
    },
    exec: () => noStreams(),
    attach: () => noStreams(),
    portForward: () => noStreams(),
    images: {
      async list() {
        return [...new Set(images.values())]
      },
      async status(reference) {
        return imageNamed(reference)
      },
      async pull(reference) {
        await pause(pullMs)
        const failed = options.pullFailure?.(reference)
        if (failed !== undefined) throw new RuntimeFailure('Unknown', failed)
        const id = `sha256:${[...withTag(reference)]
          .reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7)
          .toString(16)
          .padStart(64, '0')}`
        images.set(withTag(reference), { id, tags: [withTag(reference)], digests: [], sizeBytes: IMAGE_BYTES, pinned: false })
        return id
      },
      async remove(id) {
        for (const [name, image] of images) if (name === id || image.id === id) images.delete(name)
      },
      async filesystem() {
        return { path: '/simulated', usedBytes: images.size * IMAGE_BYTES, inodesUsed: images.size }
      },
    },
    async stats() {
      return []
    },
    async setPodCidr(cidr) {
      addresses.reset(cidr)
    },
    async *events(signal) {
      const queue: RuntimeEvent[] = []
      let wake: (() => void) | undefined
      const listener = (event: RuntimeEvent) => {
        queue.push(event)
        wake?.()
      }
      const abort = () => wake?.()
      listeners.add(listener)
      signal.addEventListener('abort', abort)
      try {
        while (!signal.aborted) {
          while (queue.length > 0) yield queue.shift()!
          await new Promise<void>((resolve) => {
            wake = resolve
            if (queue.length > 0 || signal.aborted) resolve()
          })
        }
      } finally {
        listeners.delete(listener)
        signal.removeEventListener('abort', abort)
      }
    },
    async [Symbol.asyncDispose]() {
      for (const record of containers.values()) record.ending?.[Symbol.dispose]()
    },
  }
}

function noStreams(): Promise<string> {
  return Promise.reject(new RuntimeFailure('Unimplemented', 'a simulated container has no streams to exec, attach or forward'))
}

function includes(labels: Labels, wanted: Labels | undefined): boolean {
  return wanted === undefined || Object.entries(wanted).every(([k, v]) => labels[k] === v)
}

function withTag(reference: string): string {
  return /(:[^/]+|@.+)$/.test(reference) ? reference : `${reference}:latest`
}

function behaviourFor(sandbox: SandboxConfig, container: ContainerConfig, override: SimulatedOptions['behaviour']): Behaviour {
  const said = (name: string) =>
    sandbox.annotations[`${ANNOTATION}${name}.${container.name}`] ?? sandbox.annotations[`${ANNOTATION}${name}`]
  const run = said('runSeconds')
  const reason = said('exitReason')
  return {
    ...(run !== undefined && { runMs: Number(run) * 1000 }),
    exitCode: Number(said('exitCode') ?? 0),
    ...(reason !== undefined && { exitReason: reason }),
    stopMs: Number(said('stopSeconds') ?? 0) * 1000,
    ready: said('ready') !== 'false',
    live: said('live') !== 'false',
    ...override?.(sandbox, container),
  }
}

/** IPv4 addresses of a range, each handed out again only after all others. */
function addressPool(cidr: string) {
  let base = 0
  let size = 0
  let next = 0
  const taken = new Set<number>()
  const reset = (range: string) => {
    const [address = '10.244.0.0', bits = '16'] = range.split('/')
    base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    size = 2 ** (32 - Number(bits))
    next = 2 // the network's own address and its gateway
  }
  reset(cidr)
  return {
    reset,
    take(): string {
      for (let tries = 0; tries < size; tries++) {
        const offset = next
        next = next + 1 >= size - 1 ? 2 : next + 1
        const value = base + offset
        if (taken.has(value)) continue
        taken.add(value)
        return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
      }
      throw new RuntimeFailure('ResourceExhausted', `no addresses left in ${cidr}`)
    },
    give(ip: string): void {
      taken.delete(ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0))
    },
  }
}
