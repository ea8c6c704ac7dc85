/** A container runtime reached through its CRI v1 socket: containerd or CRI-O. */

import { Client, credentials, status as grpcCodes, type ServiceError } from '@grpc/grpc-js'
import type { Clock } from '#base/clock.ts'
import type { MessageClass } from '#schema/message.ts'
import {
  RuntimeFailure,
  type Container,
  type ContainerConfig,
  type ContainerState,
  type ContainerStats,
  type ContainerStatus,
  type Image,
  type Images,
  type Labels,
  type LinuxResources,
  type NamespaceMode,
  type NamespaceOptions,
  type Runtime,
  type Sandbox,
  type SandboxConfig,
  type SecurityProfile,
  type Streams,
} from '../runtime.ts'
import { calls } from './messages.ts'
import type * as wire from './messages.ts'
import { decodeProto3, encodeProto3 } from './wire.ts'

export interface CriOptions {
  /** Path of the unix socket. */
  readonly socket: string
  readonly clock: Clock
  /** How long a call may take that neither pulls nor waits; the runtime may be busy with other pods. */
  readonly callMs?: number
}

const CALL_MS = 120_000 // upstream's runtime-request-timeout, 2 minutes
const PULL_MS = 3_600_000 // a pull makes progress for as long as it likes; an hour is a hang
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024 // upstream's limit for CRI messages

/** Connects lazily; the first call finds out whether anything answers. Dispose to close the connection. */
export function openCriRuntime({ socket, clock, callMs = CALL_MS }: CriOptions): Runtime {
  const channel = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.default_authority': 'localhost',
  })

  function call<In, Out>(
    method: { readonly service: string; readonly name: string; readonly request: MessageClass<In>; readonly response: MessageClass<Out> },
    request: In,
    timeoutMs = callMs,
  ): Promise<Out> {
    return new Promise((resolve, reject) => {
      channel.makeUnaryRequest<object, object>(
        `/${method.service}/${method.name}`,
        (value) => Buffer.from(encodeProto3(method.request.schema, value)),
        (bytes) => decodeProto3(method.response.schema, bytes),
        request as object,
        { deadline: clock.now() + timeoutMs },
        (error, response) => (error === null ? resolve(response as Out) : reject(failure(error))),
      )
    })
  }

  const images: Images = {
    async list() {
      return ((await call(calls.listImages, {})).images ?? []).map(imageOf)
    },
    async status(reference) {
      const { image } = await call(calls.imageStatus, { image: { image: reference } })
      return image === undefined ? undefined : imageOf(image)
    },
    async pull(reference, auth, sandbox) {
      const answer = await call(
        calls.pullImage,
        { image: { image: reference }, ...(auth && { auth }), ...(sandbox && { sandboxConfig: sandboxConfig(sandbox) }) },
        PULL_MS,
      )
      return answer.imageRef ?? ''
    },
    async remove(id) {
      await call(calls.removeImage, { image: { image: id } })
    },
    async filesystem() {
      const [first] = (await call(calls.imageFsInfo, {})).imageFilesystems ?? []
      return {
        path: first?.fsId?.mountpoint ?? '',
        usedBytes: first?.usedBytes?.value ?? 0,
        inodesUsed: first?.inodesUsed?.value ?? 0,
      }
    },
  }

  return {
    images,
    async version() {
      const v = await call(calls.version, {})
      return { name: v.runtimeName ?? '', version: (v.runtimeVersion ?? '').replace(/^v/, '') }
    },
    async status() {
      const { status } = await call(calls.status, {})
      return (status?.conditions ?? []).map((c) => ({
        type: c.type ?? '',
        ready: c.status ?? false,
        reason: c.reason ?? '',
        message: c.message ?? '',
      }))
    },
    async runSandbox(config, handler) {
      return (await call(calls.runPodSandbox, { config: sandboxConfig(config), runtimeHandler: handler }, 2 * callMs)).podSandboxId!
    },
    async stopSandbox(id) {
      await call(calls.stopPodSandbox, { podSandboxId: id }).catch(ignoreNotFound)
    },
    async removeSandbox(id) {
      await call(calls.removePodSandbox, { podSandboxId: id }).catch(ignoreNotFound)
    },
    async sandboxStatus(id) {
      const answer = await call(calls.podSandboxStatus, { podSandboxId: id }).catch(ignoreNotFound)
      const s = answer?.status
      if (s === undefined) return undefined
      const ips = [s.network?.ip ?? '', ...(s.network?.additionalIps ?? []).map((a) => a.ip ?? '')].filter((ip) => ip !== '')
      return { ...sandboxOf(s), ips }
    },
    async listSandboxes(labels) {
      return ((await call(calls.listPodSandbox, { filter: { labelSelector: labels ?? {} } })).items ?? []).map(sandboxOf)
    },
    async createContainer(sandboxId, config, sandbox) {
      const answer = await call(calls.createContainer, {
        podSandboxId: sandboxId,
        config: containerConfig(config),
        sandboxConfig: sandboxConfig(sandbox),
      })
      return answer.containerId!
    },
    async startContainer(id) {
      await call(calls.startContainer, { containerId: id })
    },
    async stopContainer(id, graceSeconds) {
      await call(calls.stopContainer, { containerId: id, timeout: graceSeconds }, callMs + graceSeconds * 1000).catch(ignoreNotFound)
    },
    async removeContainer(id) {
      await call(calls.removeContainer, { containerId: id }).catch(ignoreNotFound)
    },
    async listContainers(labels) {
      return ((await call(calls.listContainers, { filter: { labelSelector: labels ?? {} } })).containers ?? []).map(containerOf)
    },
    async containerStatus(id) {
      const answer = await call(calls.containerStatus, { containerId: id }).catch(ignoreNotFound)
      return answer?.status === undefined ? undefined : containerStatusOf(answer.status)
    },
    async updateResources(id, resources) {
      await call(calls.updateContainerResources, { containerId: id, linux: linuxResources(resources) })
    },
    async reopenLog(id) {
      await call(calls.reopenContainerLog, { containerId: id })
    },
    async execSync(id, command, timeoutSeconds) {
      const limit = timeoutSeconds > 0 ? timeoutSeconds * 1000 + callMs : PULL_MS
      const answer = await call(calls.execSync, { containerId: id, cmd: command, timeout: timeoutSeconds }, limit)
      return {
        stdout: Buffer.from(answer.stdout ?? '', 'base64'),
        stderr: Buffer.from(answer.stderr ?? '', 'base64'),
        exitCode: answer.exitCode ?? 0,
      }
    },
    async exec(id, command, streams) {
      return (await call(calls.exec, { containerId: id, cmd: command, ...forRuntime(streams) })).url!
    },
    async attach(id, streams) {
      return (await call(calls.attach, { containerId: id, ...forRuntime(streams) })).url!
    },
    async portForward(sandboxId, ports) {
      return (await call(calls.portForward, { podSandboxId: sandboxId, port: ports })).url!
    },
    async stats() {
      return ((await call(calls.listContainerStats, { filter: {} })).stats ?? []).map(statsOf)
    },
    async setPodCidr(cidr) {
      await call(calls.updateRuntimeConfig, { runtimeConfig: { networkConfig: { podCidr: cidr } } })
    },
    async [Symbol.asyncDispose]() {
      channel.close()
    },
  }
}

/** A terminal has no separate standard error; runtimes refuse the combination. */
function forRuntime(streams: Streams): Streams {
  return { ...streams, stderr: streams.stderr && !streams.tty }
}

function failure(error: ServiceError): RuntimeFailure {
  const names: Readonly<Record<number, string>> = {
    [grpcCodes.NOT_FOUND]: 'NotFound',
    [grpcCodes.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
    [grpcCodes.UNAVAILABLE]: 'Unavailable',
    [grpcCodes.UNIMPLEMENTED]: 'Unimplemented',
    [grpcCodes.INVALID_ARGUMENT]: 'InvalidArgument',
    [grpcCodes.ALREADY_EXISTS]: 'AlreadyExists',
    [grpcCodes.FAILED_PRECONDITION]: 'FailedPrecondition',
    [grpcCodes.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
    [grpcCodes.CANCELLED]: 'Canceled',
  }
  const code = names[error.code] ?? 'Unknown'
  return new RuntimeFailure(code, `rpc error: code = ${code} desc = ${error.details}`, { cause: error })
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof RuntimeFailure && error.code === 'NotFound') return undefined
  throw error
}

const MODES: Readonly<Record<NamespaceMode, number>> = { pod: 0, container: 1, node: 2, target: 3 }
const PROFILES: Readonly<Record<SecurityProfile['type'], number>> = { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 }
const PROPAGATION = { private: 0, hostToContainer: 1, bidirectional: 2 } as const
const PROTOCOLS = { TCP: 0, UDP: 1, SCTP: 2 } as const
const STATES: readonly ContainerState[] = ['created', 'running', 'exited', 'unknown']

function namespaces(n: NamespaceOptions) {
  return { network: MODES[n.network], pid: MODES[n.pid], ipc: MODES[n.ipc], targetId: n.targetId ?? '' }
}

function profile(p: SecurityProfile) {
  return { profileType: PROFILES[p.type], localhostRef: p.localhostRef ?? '' }
}

function linuxResources(r: LinuxResources): wire.LinuxContainerResources {
  const { memoryLimitBytes, ...rest } = r
  return { ...rest, ...(memoryLimitBytes !== undefined && { memoryLimitInBytes: memoryLimitBytes }) }
}

function sandboxConfig(c: SandboxConfig): wire.PodSandboxConfig {
  return {
    metadata: c.identity,
    hostname: c.hostname,
    logDirectory: c.logDirectory,
    ...(c.dns && { dnsConfig: c.dns }),
    portMappings: c.portMappings.map((p) => ({ ...p, protocol: PROTOCOLS[p.protocol] })),
    labels: c.labels,
    annotations: c.annotations,
    linux: {
      cgroupParent: c.cgroupParent,
      sysctls: c.sysctls,
      ...(c.resources && { resources: linuxResources(c.resources) }),
      securityContext: {
        namespaceOptions: namespaces(c.namespaces),
        ...(c.runAsUser !== undefined && { runAsUser: { value: c.runAsUser } }),
        ...(c.runAsGroup !== undefined && { runAsGroup: { value: c.runAsGroup } }),
        supplementalGroups: c.supplementalGroups,
        privileged: c.privileged,
        seccomp: profile(c.seccomp),
      },
    },
  }
}

// The CRI numbers signals by the alphabet, not by the kernel's numbers.
const SIGNALS =
  'RUNTIME_DEFAULT ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(
    ' ',
  )

function containerConfig(c: ContainerConfig): wire.ContainerConfig {
  const s = c.security
  return {
    metadata: { name: c.name, attempt: c.attempt },
    image: { image: c.image, userSpecifiedImage: c.userImage },
    command: c.command,
    args: c.args,
    workingDir: c.workingDirectory,
    envs: c.environment.map((e) => ({ key: e.name, value: Buffer.from(e.value).toString('base64') })),
    mounts: c.mounts.map((m) => ({
      containerPath: m.containerPath,
      hostPath: m.hostPath,
      readonly: m.readOnly,
      propagation: PROPAGATION[m.propagation],
    })),
    devices: c.devices,
    labels: c.labels,
    annotations: c.annotations,
    logPath: c.logPath,
    stdin: c.stdin,
    stdinOnce: c.stdinOnce,
    tty: c.tty,
    linux: {
      resources: linuxResources(c.resources),
      securityContext: {
        capabilities: { addCapabilities: s.addCapabilities, dropCapabilities: s.dropCapabilities },
        privileged: s.privileged,
        namespaceOptions: namespaces(s.namespaces),
        ...(s.runAsUser !== undefined && { runAsUser: { value: s.runAsUser } }),
        ...(s.runAsUserName !== undefined && { runAsUsername: s.runAsUserName }),
        ...(s.runAsGroup !== undefined && { runAsGroup: { value: s.runAsGroup } }),
        readonlyRootfs: s.readOnlyRootFilesystem,
        supplementalGroups: s.supplementalGroups,
        noNewPrivs: s.noNewPrivileges,
        maskedPaths: s.maskedPaths,
        readonlyPaths: s.readOnlyPaths,
        seccomp: profile(s.seccomp),
      },
    },
    ...(c.stopSignal !== undefined && { stopSignal: Math.max(0, SIGNALS.indexOf(c.stopSignal.replace(/^SIG/, ''))) }),
  }
}

const NANOSECONDS_PER_MS = 1e6

function instant(nanoseconds: number | undefined): number {
  return nanoseconds === undefined ? 0 : nanoseconds / NANOSECONDS_PER_MS
}

function sandboxOf(s: wire.PodSandbox | wire.PodSandboxStatus): Sandbox {
  return {
    id: s.id ?? '',
    identity: {
      name: s.metadata?.name ?? '',
      namespace: s.metadata?.namespace ?? '',
      uid: s.metadata?.uid ?? '',
      attempt: s.metadata?.attempt ?? 0,
    },
    state: (s.state ?? 0) === 0 ? 'ready' : 'notReady',
    createdAt: instant(s.createdAt),
    labels: labelsOf(s.labels),
    annotations: labelsOf(s.annotations),
  }
}

function labelsOf(labels: Labels | undefined): Labels {
  return labels ?? {}
}

function containerOf(c: wire.Container): Container {
  return {
    id: c.id ?? '',
    sandboxId: c.podSandboxId ?? '',
    name: c.metadata?.name ?? '',
    attempt: c.metadata?.attempt ?? 0,
    image: c.image?.image ?? '',
    imageRef: c.imageRef ?? '',
    state: STATES[c.state ?? 0] ?? 'unknown',
    createdAt: instant(c.createdAt),
    labels: labelsOf(c.labels),
    annotations: labelsOf(c.annotations),
  }
}

function containerStatusOf(c: wire.ContainerStatus): ContainerStatus {
  return {
    id: c.id ?? '',
    name: c.metadata?.name ?? '',
    attempt: c.metadata?.attempt ?? 0,
    image: c.image?.image ?? '',
    imageRef: c.imageRef ?? '',
    imageId: c.imageId ?? '',
    state: STATES[c.state ?? 0] ?? 'unknown',
    createdAt: instant(c.createdAt),
    startedAt: instant(c.startedAt),
    finishedAt: instant(c.finishedAt),
    exitCode: c.exitCode ?? 0,
    reason: c.reason ?? '',
    message: c.message ?? '',
    labels: labelsOf(c.labels),
    annotations: labelsOf(c.annotations),
    logPath: c.logPath ?? '',
    mounts: (c.mounts ?? []).map((m) => ({
      containerPath: m.containerPath ?? '',
      hostPath: m.hostPath ?? '',
      readOnly: m.readonly ?? false,
      propagation: (['private', 'hostToContainer', 'bidirectional'] as const)[m.propagation ?? 0] ?? 'private',
    })),
  }
}

function imageOf(i: wire.Image): Image {
  return {
    id: i.id ?? '',
    tags: i.repoTags ?? [],
    digests: i.repoDigests ?? [],
    sizeBytes: i.size ?? 0,
    pinned: i.pinned ?? false,
    ...(i.uid !== undefined && { uid: i.uid.value ?? 0 }),
    ...(i.username && { userName: i.username }),
  }
}

function statsOf(s: wire.ContainerStats): ContainerStats {
  return {
    id: s.attributes?.id ?? '',
    name: s.attributes?.metadata?.name ?? '',
    labels: labelsOf(s.attributes?.labels),
    at: instant(s.cpu?.timestamp),
    cpuNanoseconds: s.cpu?.usageCoreNanoSeconds?.value ?? 0,
    workingSetBytes: s.memory?.workingSetBytes?.value ?? 0,
    usageBytes: s.memory?.usageBytes?.value ?? 0,
    rssBytes: s.memory?.rssBytes?.value ?? 0,
    pageFaults: s.memory?.pageFaults?.value ?? 0,
    majorPageFaults: s.memory?.majorPageFaults?.value ?? 0,
    writableLayerBytes: s.writableLayer?.usedBytes?.value ?? 0,
    writableLayerInodes: s.writableLayer?.inodesUsed?.value ?? 0,
  }
}
