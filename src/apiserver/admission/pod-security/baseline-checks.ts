/** The checks of the baseline level: what no pod needs that is not trusted with its node. */

import { containersOf, namedContainers, plural, quoted, settersText, sorted, type Check, type CheckPod, type PodLike } from './check.ts'
import type { Container, LifecycleHandler, Probe, SELinuxOptions } from '#api/core/v1/container.ts'

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const APP_ARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/'
const CONFINED: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost'])
const CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports']
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

/** Sorted by id. */
export const BASELINE_CHECKS: readonly Check[] = [
  { id: 'appArmorProfile', versions: [[0, appArmorProfile]] },
  { id: 'capabilities_baseline', versions: [[0, capabilities]] },
  { id: 'hostNamespaces', versions: [[0, hostNamespaces]] },
  { id: 'hostPathVolumes', versions: [[0, hostPathVolumes]] },
  { id: 'hostPorts', versions: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', versions: [[34, hostsOfProbes]] },
  { id: 'privileged', versions: [[0, privileged]] },
  {
    id: 'procMount',
    versions: [
      [0, procMount],
      [35, (pod) => (ownUsers(pod) ? undefined : procMount(pod))],
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      [0, seLinuxOptions(SELINUX_TYPES)],
      [31, seLinuxOptions([...SELINUX_TYPES, 'container_engine_t'])],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      [0, seccompAnnotations],
      [19, seccompProfile],
    ],
  },
  {
    id: 'sysctls',
    versions: [
      [0, sysctls(SYSCTLS)],
      [27, sysctls(SYSCTLS_27)],
      [29, sysctls(SYSCTLS_29)],
      [32, sysctls(SYSCTLS_32)],
    ],
  },
  { id: 'windowsHostProcess', versions: [[0, windowsHostProcess]] },
]

/** Root in a user namespace of its own is nobody outside of it. */
export function ownUsers({ spec }: PodLike): boolean {
  return spec.hostUsers === false
}

function appArmorProfile(pod: PodLike) {
  const bad = (type: string | undefined) => type !== undefined && !CONFINED.has(type)
  const ofPod = pod.spec.securityContext?.appArmorProfile?.type
  const containers = containersOf(pod).filter((c) => bad(c.securityContext?.appArmorProfile?.type))
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APP_ARMOR_CONTAINER) && !/^($|runtime\/default$|localhost\/)/.test(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .toSorted()
  const values = [
    ...sorted([...(bad(ofPod) ? [ofPod!] : []), ...containers.map((c) => c.securityContext!.appArmorProfile!.type)]),
    ...annotations,
  ]
  if (values.length === 0) return undefined
  const setters = settersText(bad(ofPod), containers)
  const who = [setters, annotations.length > 0 ? plural('annotation', 'annotations', annotations.length) : ''].filter((s) => s !== '')
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  }
}

function capabilities(pod: PodLike) {
  const odd = (c: Container) => (c.securityContext?.capabilities?.add ?? []).filter((name) => !CAPABILITIES.has(name))
  const containers = containersOf(pod).filter((c) => odd(c).length > 0)
  if (containers.length === 0) return undefined
  const names = quoted(sorted(containers.flatMap(odd)))
  return {
    reason: 'non-default capabilities',
    detail: `${namedContainers(containers)} must not include ${names} in securityContext.capabilities.add`,
  }
}

function hostNamespaces({ spec }: PodLike) {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true)
  return shared.length === 0 ? undefined : { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') }
}

function hostPathVolumes({ spec }: PodLike) {
  const names = (spec.volumes ?? []).filter((v) => v.hostPath !== undefined).map((v) => v.name)
  if (names.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` }
}

function hostPorts(pod: PodLike) {
  const ports = (c: Container) => (c.ports ?? []).map((p) => p.hostPort ?? 0).filter((port) => port !== 0)
  const containers = containersOf(pod).filter((c) => ports(c).length > 0)
  if (containers.length === 0) return undefined
  const used = sorted(containers.flatMap(ports).map(String))
  const uses = plural('uses', 'use', containers.length)
  return {
    reason: 'hostPort',
    detail: `${namedContainers(containers)} ${uses} ${plural('hostPort', 'hostPorts', used.length)} ${used.join(', ')}`,
  }
}

function hostsOfProbes(pod: PodLike) {
  const hostsOf = (handler: Probe | LifecycleHandler | undefined) => [handler?.httpGet?.host ?? '', handler?.tcpSocket?.host ?? '']
  const hosts = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(hostsOf).filter((host) => host !== '')
  const containers = containersOf(pod).filter((c) => hosts(c).length > 0)
  if (containers.length === 0) return undefined
  const used = sorted(containers.flatMap(hosts))
  const names = sorted(containers.map((c) => c.name))
  const who = `${plural('container', 'containers', names.length)} ${quoted(names)} ${plural('uses', 'use', names.length)}`
  return {
    reason: 'probe or lifecycle host',
    detail: `${who} ${plural('probe or lifecycle host', 'probe or lifecycle hosts', used.length)} ${quoted(used)}`,
  }
}

function privileged(pod: PodLike) {
  const containers = containersOf(pod).filter((c) => c.securityContext?.privileged === true)
  if (containers.length === 0) return undefined
  return { reason: 'privileged', detail: `${namedContainers(containers)} must not set securityContext.privileged=true` }
}

export function procMount(pod: PodLike) {
  const containers = containersOf(pod).filter((c) => (c.securityContext?.procMount ?? 'Default') !== 'Default')
  if (containers.length === 0) return undefined
  const values = quoted(sorted(containers.map((c) => c.securityContext!.procMount!)))
  return { reason: 'procMount', detail: `${namedContainers(containers)} must not set securityContext.procMount to ${values}` }
}

function seLinuxOptions(types: readonly string[]): CheckPod {
  const bad = (options: SELinuxOptions | undefined) =>
    options !== undefined && (!types.includes(options.type ?? '') || (options.user ?? '') !== '' || (options.role ?? '') !== '')
  return (pod) => {
    const ofPod = pod.spec.securityContext?.seLinuxOptions
    const containers = containersOf(pod).filter((c) => bad(c.securityContext?.seLinuxOptions))
    if (!bad(ofPod) && containers.length === 0) return undefined
    const all = [...(bad(ofPod) ? [ofPod!] : []), ...containers.map((c) => c.securityContext!.seLinuxOptions!)]
    const badTypes = sorted(all.map((o) => o.type ?? '').filter((type) => !types.includes(type)))
    const what = [
      ...(badTypes.length > 0 ? [`${plural('type', 'types', badTypes.length)} ${quoted(badTypes)}`] : []),
      ...(all.some((o) => o.user) ? ['user may not be set'] : []),
      ...(all.some((o) => o.role) ? ['role may not be set'] : []),
    ]
    const who = settersText(bad(ofPod), containers)
    return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` }
  }
}

function seccompAnnotations(pod: PodLike) {
  const annotations = pod.metadata?.annotations ?? {}
  const keys = [SECCOMP_POD, ...containersOf(pod).map((c) => `${SECCOMP_CONTAINER}${c.name}`)]
  const bad = sorted(
    keys
      .filter((key) => annotations[key] !== undefined && !/^(runtime\/default$|docker\/default$|localhost\/)/.test(annotations[key]))
      .map((key) => `${key}=${JSON.stringify(annotations[key])}`),
  )
  if (bad.length === 0) return undefined
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', bad.length)} ${bad.join(', ')}` }
}

export function seccompProfile(pod: PodLike) {
  const bad = (type: string | undefined) => type !== undefined && !CONFINED.has(type)
  const ofPod = pod.spec.securityContext?.seccompProfile?.type
  const containers = containersOf(pod).filter((c) => bad(c.securityContext?.seccompProfile?.type))
  const setters = settersText(bad(ofPod), containers)
  if (setters === '') return undefined
  const values = sorted([...(bad(ofPod) ? [ofPod!] : []), ...containers.map((c) => c.securityContext!.seccompProfile!.type)])
  return { reason: 'seccompProfile', detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(values)}` }
}

function sysctls(allowed: readonly string[]): CheckPod {
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map((s) => s.name).filter((name) => !allowed.includes(name))
    return names.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: names.join(', ') }
  }
}

function windowsHostProcess(pod: PodLike) {
  const containers = containersOf(pod).filter((c) => c.securityContext?.windowsOptions?.hostProcess === true)
  const setters = settersText(pod.spec.securityContext?.windowsOptions?.hostProcess === true, containers)
  if (setters === '') return undefined
  return { reason: 'hostProcess', detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true` }
}
