/** What a kubelet needs of a container runtime: the CRI's verbs, typed, whatever runs the containers. */

import type { Instant } from '#base/clock.ts'

/**
 * A container runtime. Calls reject with `RuntimeFailure` when the runtime refuses or does not answer. Stopping and removing what
 * is gone already succeeds, as the CRI demands.
 */
export interface Runtime extends AsyncDisposable {
  version(): Promise<RuntimeVersion>
  status(): Promise<readonly RuntimeCondition[]>
  /** Creates and starts a pod's sandbox; its network is up when this resolves. */
  runSandbox(config: SandboxConfig, handler: string): Promise<string>
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  /** Undefined when there is none of that id. */
  sandboxStatus(id: string): Promise<SandboxStatus | undefined>
  /** Those whose labels include all of `labels`. */
  listSandboxes(labels?: Labels): Promise<readonly Sandbox[]>
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** Asks it to end and kills it after `graceSeconds`; resolves once it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  listContainers(labels?: Labels): Promise<readonly Container[]>
  containerStatus(id: string): Promise<ContainerStatus | undefined>
  updateResources(id: string, resources: LinuxResources): Promise<void>
  /** Called after the log file was moved away. */
  reopenLog(id: string): Promise<void>
  /** Runs a command to its end; rejects with a `RuntimeFailure` of code `DeadlineExceeded` after `timeoutSeconds` (0: never). */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>
  /** The URL of the runtime's streaming server at which to run the command. */
  exec(id: string, command: readonly string[], streams: Streams): Promise<string>
  attach(id: string, streams: Streams): Promise<string>
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>
  readonly images: Images
  stats(): Promise<readonly ContainerStats[]>
  /** Tells the runtime the node's pod range; runtimes that configure the network otherwise ignore it. */
  setPodCidr(cidr: string): Promise<void>
  /** A runtime without processes answers probes itself; absent where a probe must really be made. */
  probe?(id: string, kind: 'startup' | 'liveness' | 'readiness'): boolean
  /** Says which pods' containers changed, as it happens; absent when the runtime can only be asked. */
  events?(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

export interface Images {
  list(): Promise<readonly Image[]>
  /** Undefined when the image is not there. */
  status(reference: string): Promise<Image | undefined>
  /** Resolves with the image's id. */
  pull(reference: string, credentials: Credentials | undefined, sandbox: SandboxConfig | undefined): Promise<string>
  remove(id: string): Promise<void>
  /** Where images lie and the bytes they use. */
  filesystem(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }>
}

export type Labels = Readonly<Record<string, string>>

/** The runtime refused or did not answer; `code` is gRPC's name of the code. */
export class RuntimeFailure extends Error {
  override readonly name = 'RuntimeFailure'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface RuntimeVersion {
  /** `containerd`, and its version. */
  readonly name: string
  readonly version: string
}

/** `RuntimeReady` or `NetworkReady`. */
export interface RuntimeCondition {
  readonly type: string
  readonly ready: boolean
  readonly reason: string
  readonly message: string
}

export interface RuntimeEvent {
  readonly podUid: string
}

export type NamespaceMode = 'pod' | 'container' | 'node' | 'target'

export interface NamespaceOptions {
  readonly network: NamespaceMode
  readonly pid: NamespaceMode
  readonly ipc: NamespaceMode
  /** The container whose process namespace is shared when `pid` is `target`. */
  readonly targetId?: string
}

export interface SecurityProfile {
  readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  readonly localhostRef?: string
}

export interface PodIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly attempt: number
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIp: string
}

export interface SandboxConfig {
  readonly identity: PodIdentity
  /** Empty for pods on the host's network. */
  readonly hostname: string
  readonly logDirectory: string
  readonly dns?: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
  readonly portMappings: readonly PortMapping[]
  readonly labels: Labels
  readonly annotations: Labels
  readonly cgroupParent: string
  readonly sysctls: Labels
  readonly namespaces: NamespaceOptions
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly privileged: boolean
  readonly seccomp: SecurityProfile
  readonly resources?: LinuxResources
}

export interface LinuxResources {
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly cpuShares?: number
  readonly memoryLimitBytes?: number
  readonly oomScoreAdj?: number
  readonly unified?: Labels
}

export interface Mount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readOnly: boolean
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional'
}

export interface ContainerConfig {
  readonly name: string
  readonly attempt: number
  /** What the runtime knows the image by. */
  readonly image: string
  /** What the pod asked for. */
  readonly userImage: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDirectory: string
  readonly environment: readonly { readonly name: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[]
  readonly labels: Labels
  readonly annotations: Labels
  /** Below the sandbox's log directory. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: LinuxResources
  readonly security: ContainerSecurity
  /** Numbers of Linux signals are the runtime's business: the name, `SIGUSR1`. */
  readonly stopSignal?: string
}

export interface ContainerSecurity {
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly privileged: boolean
  readonly namespaces: NamespaceOptions
  readonly runAsUser?: number
  readonly runAsUserName?: string
  readonly runAsGroup?: number
  readonly readOnlyRootFilesystem: boolean
  readonly supplementalGroups: readonly number[]
  readonly noNewPrivileges: boolean
  readonly maskedPaths: readonly string[]
  readonly readOnlyPaths: readonly string[]
  readonly seccomp: SecurityProfile
}

export interface Sandbox {
  readonly id: string
  readonly identity: PodIdentity
  readonly state: 'ready' | 'notReady'
  readonly createdAt: Instant
  readonly labels: Labels
  readonly annotations: Labels
}

export interface SandboxStatus extends Sandbox {
  /** The first is the pod's IP; empty for pods on the host's network. */
  readonly ips: readonly string[]
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown'

export interface Container {
  readonly id: string
  readonly sandboxId: string
  readonly name: string
  readonly attempt: number
  readonly image: string
  readonly imageRef: string
  readonly state: ContainerState
  readonly createdAt: Instant
  readonly labels: Labels
  readonly annotations: Labels
}

export interface ContainerStatus extends Omit<Container, 'sandboxId'> {
  /** 0 when it has not happened. */
  readonly startedAt: Instant
  readonly finishedAt: Instant
  readonly exitCode: number
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, `StartError`. */
  readonly reason: string
  readonly message: string
  readonly imageId: string
  /** Absolute. */
  readonly logPath: string
  readonly mounts: readonly Mount[]
}

export interface ExecResult {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly exitCode: number
}

export interface Streams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface Image {
  readonly id: string
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  readonly sizeBytes: number
  /** The user the image runs as: a number, or a name, or neither. */
  readonly uid?: number
  readonly userName?: string
  readonly pinned: boolean
}

export interface Credentials {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
  readonly registryToken?: string
}

export interface ContainerStats {
  readonly id: string
  readonly name: string
  readonly labels: Labels
  readonly at: Instant
  /** Since the container's start. */
  readonly cpuNanoseconds: number
  readonly workingSetBytes: number
  readonly usageBytes: number
  readonly rssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  readonly writableLayerBytes: number
  readonly writableLayerInodes: number
}
