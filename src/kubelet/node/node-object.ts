/** The Node object as this kubelet keeps it: what it registers and what it says of its state. */

import { isDeepStrictEqual } from 'node:util'
import type { Node, NodeCondition, NodeStatus } from '#api/core/v1/node.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { ObjectName } from '#client/event-recorder.ts'
import { kubernetesVersion } from '#base/version.ts'
import type { Draft } from '#schema/resource.ts'
import type { Image, RuntimeCondition, RuntimeVersion } from '#runtime/runtime.ts'
import type { NodeRoom } from '../resources/cgroups.ts'
import { binaryQuantity, type Machine } from './machine.ts'

export interface NodeParts {
  readonly nodeName: string
  readonly addresses: readonly string[]
  readonly machine: Machine
  readonly maxPods: number
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly reserved: { readonly milliCpu: number; readonly memoryBytes: number }
  readonly serverPort: number
  readonly providerId: string | undefined
}

export interface NodeState {
  readonly now: Instant
  readonly runtimeVersion: RuntimeVersion
  readonly conditions: readonly RuntimeCondition[]
  readonly runtimeError: string | undefined
  readonly images: readonly Image[]
  readonly pressure: { readonly memory: boolean; readonly disk: boolean }
  readonly volumesInUse: readonly string[]
}

/** What events of the node are about. Its uid is its name, for those that come before the node is known. */
export function nodeReference(name: string): ObjectName {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name, resourceVersion: '' } }
}

const NO_HUGEPAGES = { 'hugepages-1Gi': 0, 'hugepages-2Mi': 0 }

export function capacityOf({ machine, maxPods }: NodeParts): Readonly<Record<string, string>> {
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    ...Object.fromEntries(Object.entries(machine.hugepages ?? NO_HUGEPAGES).map(([name, bytes]) => [name, binaryQuantity(bytes)])),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
  }
}

const EVICTION_MEMORY_BYTES = 100 * 2 ** 20 // upstream's hard eviction threshold, which nobody may be promised
const EVICTION_DISK_SHARE = 0.1

/** What all pods together are held to: huge pages are memory that nothing else can have. */
export function roomForPods({ machine, reserved }: Pick<NodeParts, 'machine' | 'reserved'>): NodeRoom {
  const hugepages = machine.hugepages ?? NO_HUGEPAGES
  const huge = Object.values(hugepages).reduce((sum, bytes) => sum + bytes, 0)
  return {
    milliCpu: Math.max(0, machine.cpus * 1000 - reserved.milliCpu),
    memoryBytes: Math.max(0, machine.memoryBytes - reserved.memoryBytes - huge),
    ...(machine.pids !== undefined && { pids: machine.pids }),
    hugepages,
  }
}

export function allocatableOf(parts: NodeParts): Readonly<Record<string, string>> {
  const { machine } = parts
  const { milliCpu: milli, memoryBytes } = roomForPods(parts)
  const memory = Math.max(0, memoryBytes - EVICTION_MEMORY_BYTES)
  return {
    ...capacityOf(parts),
    cpu: milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`,
    memory: `${Math.floor(memory / 1024)}Ki`,
    'ephemeral-storage': String(Math.floor(machine.diskBytes * (1 - EVICTION_DISK_SHARE))),
  }
}

export function nodeLabels({ nodeName, machine, labels }: NodeParts): Readonly<Record<string, string>> {
  return {
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': machine.operatingSystem,
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': machine.operatingSystem,
    ...labels,
  }
}

export function newNode(parts: NodeParts, state: NodeState): Draft<Node> {
  return {
    metadata: {
      name: parts.nodeName,
      labels: nodeLabels(parts),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {
      ...(parts.taints.length > 0 && { taints: parts.taints }),
      ...(parts.providerId !== undefined && { providerID: parts.providerId }),
    },
    status: nodeStatus(parts, state, undefined),
  }
}

const IMAGES_MAX = 50 // upstream's nodeStatusMaxImages
const NAMES_MAX = 5

/** `old` is the status now in the API: transition times and what others wrote are kept. */
export function nodeStatus(parts: NodeParts, state: NodeState, old: NodeStatus | undefined): NodeStatus {
  const { machine } = parts
  return {
    ...old,
    capacity: { ...extended(old?.capacity, capacityOf(parts)), ...capacityOf(parts) },
    allocatable: { ...extended(old?.allocatable, allocatableOf(parts)), ...allocatableOf(parts) },
    conditions: conditions(state, old?.conditions ?? []),
    addresses: [...parts.addresses.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: parts.nodeName }],
    daemonEndpoints: { kubeletEndpoint: { Port: parts.serverPort } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: `${state.runtimeVersion.name}://${state.runtimeVersion.version}`,
      kubeletVersion: kubernetesVersion.gitVersion,
      kubeProxyVersion: '',
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
    },
    images: state.images
      .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, IMAGES_MAX)
      .map((i) => ({ names: [...i.digests, ...i.tags].slice(0, NAMES_MAX), sizeBytes: i.sizeBytes })),
    ...(state.volumesInUse.length > 0 && { volumesInUse: state.volumesInUse }),
    features: { supplementalGroupsPolicy: false },
    runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: false, userNamespaces: false } }],
  }
}

/** Resources that device plugins or other writers added. */
function extended(old: Readonly<Record<string, string>> | undefined, own: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(old ?? {}).filter(([name]) => own[name] === undefined && name.includes('/')))
}

function conditions(state: NodeState, old: readonly NodeCondition[]): readonly NodeCondition[] {
  const now = timestamp(state.now)
  const ready = notReadyBecause(state)
  const verdicts = [
    pressure(
      'MemoryPressure',
      state.pressure.memory,
      'KubeletHasInsufficientMemory',
      'kubelet has insufficient memory available',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    pressure(
      'DiskPressure',
      state.pressure.disk,
      'KubeletHasDiskPressure',
      'kubelet has disk pressure',
      'KubeletHasNoDiskPressure',
      'kubelet has no disk pressure',
    ),
    pressure(
      'PIDPressure',
      false,
      'KubeletHasInsufficientPID',
      'kubelet has insufficient PID available',
      'KubeletHasSufficientPID',
      'kubelet has sufficient PID available',
    ),
    ready === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: ready },
  ]
  const own = verdicts.map((v) => {
    const before = old.find((c) => c.type === v.type)
    return { ...v, lastHeartbeatTime: now, lastTransitionTime: before?.status === v.status ? (before.lastTransitionTime ?? now) : now }
  })
  // each in its place, as readers expect them: Ready is last because it came last
  const kept = old.map((c) => own.find((o) => o.type === c.type) ?? c)
  return [...kept, ...own.filter((o) => !old.some((c) => c.type === o.type))]
}

export interface NodeEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

const CHANGE_REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
}

/** What a new status is worth telling of. A node that says for the first time whether it is ready tells that by its Ready condition. */
export function nodeEvents(name: string, before: NodeStatus | undefined, after: NodeStatus): readonly NodeEvent[] {
  const bootId = after.nodeInfo?.bootID ?? ''
  const bootedAs = before?.nodeInfo?.bootID ?? ''
  const rebooted: readonly NodeEvent[] =
    bootedAs === '' || bootedAs === bootId
      ? []
      : [{ type: 'Warning', reason: 'Rebooted', message: `Node ${name} has been rebooted, boot id: ${bootId}` }]
  const changes = Object.entries(CHANGE_REASONS).flatMap(([type, reasons]) => {
    const was = before?.conditions?.find((c) => c.type === type)?.status
    const is = after.conditions?.find((c) => c.type === type)?.status
    const reason = is === undefined || is === was || (type === 'Ready' && was === undefined) ? undefined : reasons[is]
    return reason === undefined ? [] : [statusEvent(name, reason)]
  })
  return [...rebooted, ...changes]
}

export function statusEvent(name: string, reason: string): NodeEvent {
  return { type: 'Normal', reason, message: `Node ${name} status is now: ${reason}` }
}

function pressure(type: string, there: boolean, badReason: string, badMessage: string, goodReason: string, goodMessage: string) {
  return there
    ? { type, status: 'True', reason: badReason, message: badMessage }
    : { type, status: 'False', reason: goodReason, message: goodMessage }
}

/** Why the node is not ready, or undefined. */
export function notReadyBecause({ conditions: runtime, runtimeError }: Pick<NodeState, 'conditions' | 'runtimeError'>): string | undefined {
  if (runtimeError !== undefined) return `[container runtime is down: ${runtimeError}]`
  const network = runtime.find((c) => c.type === 'NetworkReady')
  if (network?.ready === false)
    return `container runtime network not ready: NetworkReady=false reason:${network.reason} message:${network.message}`
  const ready = runtime.find((c) => c.type === 'RuntimeReady')
  if (ready?.ready === false) return `container runtime not ready: RuntimeReady=false reason:${ready.reason} message:${ready.message}`
  return undefined
}

/** Whether two statuses differ in more than heartbeats: then the API hears of it at once, else every five minutes. */
export function sameNodeStatus(a: NodeStatus, b: NodeStatus): boolean {
  const bare = (s: NodeStatus) => ({ ...s, conditions: s.conditions?.map((c) => ({ ...c, lastHeartbeatTime: '' })) })
  return isDeepStrictEqual(bare(a), bare(b))
}
