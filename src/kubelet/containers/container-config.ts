/** What the runtime is told to make of a pod and of each of its containers. */

import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type {
  ContainerConfig,
  ContainerSecurity,
  Image,
  LinuxResources,
  Mount,
  NamespaceOptions,
  SandboxConfig,
  SecurityProfile,
} from '#runtime/runtime.ts'
import { milliAmount, wholeAmount } from '../resources/amounts.ts'
import { cpuQuota, cpuShares, podLimits } from '../resources/cgroups.ts'
import { oomScoreAdjust } from '../resources/quality-of-service.ts'
import {
  ANNOTATION_GRACE,
  ANNOTATION_HASH,
  ANNOTATION_MESSAGE_PATH,
  ANNOTATION_MESSAGE_POLICY,
  ANNOTATION_RESTARTS,
  LABEL_CONTAINER,
  LABEL_POD_NAME,
  LABEL_POD_NAMESPACE,
  LABEL_POD_UID,
} from '../pod/pod-view.ts'
import { hashOf } from '../pod/pod-actions.ts'
import type { EnvironmentVariable } from './environment.ts'
import { expand } from './expansion.ts'
import { kernelHostname, type Dns } from './network-files.ts'

export interface SandboxParts {
  readonly pod: Pod
  readonly attempt: number
  readonly logDirectory: string
  readonly cgroupParent: string
  readonly dns: Dns
  readonly clusterDomain: string
  /** Where Localhost seccomp profiles lie. */
  readonly seccompDirectory: string
}

export function sandboxConfig(parts: SandboxParts): SandboxConfig {
  const { pod, attempt, logDirectory, cgroupParent, dns } = parts
  const { metadata, spec } = pod
  const security = spec.securityContext ?? {}
  const ports = spec.containers.flatMap((c) => c.ports ?? []).filter((p) => p.hostPort !== undefined && p.hostPort > 0)
  return {
    identity: { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid, attempt },
    hostname: kernelHostname(pod, parts.clusterDomain),
    logDirectory,
    dns,
    portMappings:
      spec.hostNetwork === true
        ? []
        : ports.map((p) => ({
            protocol: p.protocol ?? 'TCP',
            containerPort: p.containerPort,
            hostPort: p.hostPort!,
            hostIp: p.hostIP ?? '',
          })),
    labels: { ...metadata.labels, ...podLabels(pod) },
    annotations: metadata.annotations ?? {},
    cgroupParent,
    sysctls: Object.fromEntries((security.sysctls ?? []).map((s) => [s.name, s.value])),
    namespaces: namespacesOf(pod, undefined),
    ...(security.runAsUser !== undefined && { runAsUser: security.runAsUser }),
    ...(security.runAsUser !== undefined && security.runAsGroup !== undefined && { runAsGroup: security.runAsGroup }),
    supplementalGroups: groupsOf(pod),
    privileged: [...spec.containers, ...(spec.initContainers ?? [])].some((c) => c.securityContext?.privileged === true),
    seccomp: profileOf(security.seccompProfile ?? { type: 'RuntimeDefault' }, parts.seccompDirectory),
    ...(cgroupParent !== '' && { resources: podLimits(pod) }),
  }
}

function podLabels(pod: Pod) {
  return {
    [LABEL_POD_NAME]: pod.metadata.name,
    [LABEL_POD_NAMESPACE]: pod.metadata.namespace ?? 'default',
    [LABEL_POD_UID]: pod.metadata.uid,
  }
}

function namespacesOf(pod: Pod, targetId: string | undefined): NamespaceOptions {
  const { spec } = pod
  const pid = spec.hostPID === true ? 'node' : spec.shareProcessNamespace === true ? 'pod' : 'container'
  return {
    network: spec.hostNetwork === true ? 'node' : 'pod',
    ipc: spec.hostIPC === true ? 'node' : 'pod',
    ...(targetId !== undefined && pid === 'container' ? { pid: 'target', targetId } : { pid }),
  }
}

function groupsOf(pod: Pod): readonly number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {}
  return fsGroup === undefined ? supplementalGroups : [fsGroup, ...supplementalGroups]
}

function profileOf(profile: { readonly type: string; readonly localhostProfile?: string } | undefined, directory: string): SecurityProfile {
  if (profile?.type === 'Localhost') return { type: 'Localhost', localhostRef: `${directory}/${profile.localhostProfile ?? ''}` }
  return { type: profile?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' }
}

export interface ContainerParts {
  readonly pod: Pod
  readonly container: Container
  readonly attempt: number
  readonly image: Image
  readonly environment: readonly EnvironmentVariable[]
  readonly mounts: readonly Mount[]
  readonly memoryBytes: number
  readonly seccompDirectory: string
  /** The container whose processes an ephemeral one may see. */
  readonly targetId?: string
  readonly terminationMessageFile?: string
}

/** Throws an Error with upstream's text when the image would run as root though the spec forbids it. */
export function containerConfig(parts: ContainerParts): ContainerConfig {
  const { pod, container, attempt, image, environment } = parts
  const variables = new Map(environment.map((e) => [e.name, e.value]))
  const expanded = (words: readonly string[] | undefined) => (words ?? []).map((w) => expand(w, (name) => variables.get(name)))
  const path = container.terminationMessagePath ?? '/dev/termination-log'
  const grace = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds
  verifyNonRoot(pod, container, image)
  return {
    name: container.name,
    attempt,
    image: image.id,
    userImage: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDirectory: container.workingDir ?? '',
    environment,
    mounts:
      parts.terminationMessageFile === undefined
        ? parts.mounts
        : [...parts.mounts, { containerPath: path, hostPath: parts.terminationMessageFile, readOnly: false, propagation: 'private' }],
    devices: [],
    labels: { ...podLabels(pod), [LABEL_CONTAINER]: container.name },
    annotations: {
      [ANNOTATION_HASH]: hashOf(container),
      [ANNOTATION_RESTARTS]: String(attempt),
      [ANNOTATION_MESSAGE_PATH]: path,
      [ANNOTATION_MESSAGE_POLICY]: container.terminationMessagePolicy ?? 'File',
      ...(grace !== undefined && { [ANNOTATION_GRACE]: String(grace) }),
    },
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: resourcesOf(pod, container, parts.memoryBytes),
    security: securityOf(parts),
    ...(container.lifecycle?.stopSignal && { stopSignal: container.lifecycle.stopSignal }),
  }
}

function resourcesOf(pod: Pod, container: Container, memoryBytes: number): LinuxResources {
  const { requests, limits } = container.resources
  const quota = cpuQuota(milliAmount(limits?.['cpu']))
  const memory = wholeAmount(limits?.['memory'])
  return {
    cpuShares: cpuShares(milliAmount(requests?.['cpu'] ?? limits?.['cpu'])),
    ...(quota && { cpuQuota: quota.quota, cpuPeriod: quota.period }),
    ...(memory > 0 && { memoryLimitBytes: memory }),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryBytes),
  }
}

// What a container does not need of the kernel's files, hidden or fixed unless it is privileged or says procMount: Unmasked.
const MASKED =
  '/proc/asound /proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap'.split(
    ' ',
  )
const FIXED = '/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger'.split(' ')

function securityOf({ pod, container, image, seccompDirectory, targetId }: ContainerParts): ContainerSecurity {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const uid = own.runAsUser ?? shared.runAsUser
  const gid = own.runAsGroup ?? shared.runAsGroup
  const unmasked = own.procMount === 'Unmasked' || own.privileged === true
  const user =
    uid !== undefined
      ? { runAsUser: uid }
      : image.uid !== undefined
        ? { runAsUser: image.uid }
        : image.userName
          ? { runAsUserName: image.userName }
          : {}
  return {
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    privileged: own.privileged === true,
    namespaces: namespacesOf(pod, targetId),
    ...user,
    // the CRI refuses a group without a user
    ...(gid !== undefined && (Object.keys(user).length > 0 ? { runAsGroup: gid } : { runAsUser: 0, runAsGroup: gid })),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    supplementalGroups: groupsOf(pod),
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : MASKED,
    readOnlyPaths: unmasked ? [] : FIXED,
    seccomp: own.privileged === true ? { type: 'Unconfined' } : profileOf(own.seccompProfile ?? shared.seccompProfile, seccompDirectory),
  }
}

function verifyNonRoot(pod: Pod, container: Container, image: Image): void {
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot
  if (nonRoot !== true) return
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  const uid = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser
  if (uid !== undefined) {
    if (uid === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`)
    return
  }
  if (image.uid === 0 || (image.uid === undefined && !image.userName))
    throw new Error(`container has runAsNonRoot and image will run as root ${where}`)
  if (image.userName)
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.userName}), cannot verify user is non-root ${where}`,
    )
}
