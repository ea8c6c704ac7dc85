/** The kernel's groups for pods: one per quality-of-service class, one per pod, on cgroup v1 and v2. */

import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'
import type { LinuxResources } from '#runtime/runtime.ts'
import { milliAmount, wholeAmount } from './amounts.ts'
import { podRequests, qosOf } from './quality-of-service.ts'

export interface Cgroups {
  /** Makes the groups of all pods and of the classes, and limits all pods together to what the node has for them. */
  limitNode(room: NodeRoom): void
  /** Gives the burstable class the processor time that its pods among `pods` ask for. */
  share(pods: readonly Pod[]): void
  /** The path the runtime is told; its own groups lie below. */
  parentOf(pod: Pod): string
  /** Makes the pod's group with its limits. */
  create(pod: Pod): void
  remove(pod: Pod): void
  /** Removes groups of pods that are not in `uids`. */
  removeOthers(uids: ReadonlySet<string>): void
}

/** What the node has for pods: its capacity without what is kept for the system. Room below eviction thresholds counts, so that eviction comes first. */
export interface NodeRoom {
  readonly milliCpu: number
  readonly memoryBytes: number
  /** Processes. */
  readonly pids?: number
  /** Bytes by resource name (`hugepages-2Mi`). */
  readonly hugepages: Readonly<Record<string, number>>
}

/** The group all pods lie in, below the node's own. */
export const PODS_GROUP = 'kubepods'

const SHARES_MIN = 2
const SHARES_MAX = 262_144
const SHARES_PER_CPU = 1024
const PERIOD_US = 100_000
const HUGEPAGES_UNBOUNDED = 2n ** 62n // version 1 has no word for it
const QUOTA_MIN_US = 1_000 // the kernel refuses less

export function cpuShares(milli: number): number {
  if (milli === 0) return SHARES_MIN
  return Math.min(SHARES_MAX, Math.max(SHARES_MIN, Math.floor((milli * SHARES_PER_CPU) / 1000)))
}

/** Microseconds of each period; undefined without a limit. */
export function cpuQuota(milli: number): { readonly quota: number; readonly period: number } | undefined {
  return milli === 0 ? undefined : { quota: Math.max(QUOTA_MIN_US, Math.floor((milli * PERIOD_US) / 1000)), period: PERIOD_US }
}

/** cgroup v2's weight for v1's shares, by the formula runtimes use. */
export function cpuWeight(shares: number): number {
  return Math.floor(1 + ((shares - SHARES_MIN) * 9999) / (SHARES_MAX - SHARES_MIN))
}

/** Shares of the burstable class: what its pods ask for together. */
export function burstableShares(pods: readonly Pod[]): number {
  const milli = pods
    .filter((pod) => qosOf(pod) === 'Burstable')
    .reduce((sum, pod) => sum + Math.ceil(Math.round((podRequests(pod)['cpu'] ?? 0) * 1e9) / 1e6), 0)
  return cpuShares(milli)
}

/** What the pod as a whole may use: limits only when every container has one. */
export function podLimits(pod: Pod): LinuxResources {
  const requests = podRequests(pod)
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')]
  const limit = (name: string, read: (q: string | undefined) => number) => {
    const whole = pod.spec.resources?.limits?.[name]
    if (whole !== undefined) return read(whole)
    if (containers.some((c) => c.resources.limits?.[name] === undefined)) return undefined
    const steps = (pod.spec.initContainers ?? []).map((c) => read(c.resources.limits?.[name]))
    return (
      Math.max(
        containers.reduce((sum, c) => sum + read(c.resources.limits?.[name]), 0),
        ...steps,
      ) + read(pod.spec.overhead?.[name])
    )
  }
  const cpu = limit('cpu', milliAmount)
  const quota = cpu === undefined ? undefined : cpuQuota(cpu)
  const memory = limit('memory', wholeAmount)
  return {
    cpuShares: cpuShares(Math.ceil((requests['cpu'] ?? 0) * 1000)),
    ...(quota && { cpuQuota: quota.quota, cpuPeriod: quota.period }),
    ...(memory !== undefined && { memoryLimitBytes: memory }),
  }
}

export interface CgroupOptions {
  /** Where the group file systems are mounted. */
  readonly mountPoint?: string
  /** A group all others lie below: `/` or the group of this node among several on a machine. */
  readonly root?: string
}

export function cgroups({ mountPoint = '/sys/fs/cgroup', root = '/' }: CgroupOptions = {}): Cgroups {
  const unified = existsSync(join(mountPoint, 'cgroup.controllers'))
  const base = join(root, PODS_GROUP)
  const classOf = (pod: Pod) => {
    const qos = qosOf(pod)
    return qos === 'Guaranteed' ? base : join(base, qos.toLowerCase())
  }
  const classes = ['burstable', 'besteffort'].map((qos) => join(base, qos))
  let shared: number | undefined
  const parentOf = (pod: Pod) => join(classOf(pod), `pod${pod.metadata.uid}`)
  const controllers = () => (unified ? [''] : ['cpu', 'memory', 'pids', 'hugetlb'].filter((c) => existsSync(join(mountPoint, c))))
  const put = (directory: string, file: string, value: string | number | bigint) => {
    if (existsSync(join(directory, file))) writeFileSync(join(directory, file), String(value))
  }
  const directoryOf = (controller: string, path: string) => join(mountPoint, unified ? '' : controller, path)
  const make = (path: string) => {
    if (unified) return makeUnified(path)
    for (const controller of controllers()) mkdirSync(directoryOf(controller, path), { recursive: true })
  }
  const putShares = (path: string, shares: number) => {
    const directory = directoryOf('cpu', path)
    if (unified) put(directory, 'cpu.weight', cpuWeight(shares))
    else put(directory, 'cpu.shares', shares)
  }
  const putMemory = (path: string, bytes: number) =>
    put(directoryOf('memory', path), unified ? 'memory.max' : 'memory.limit_in_bytes', bytes)
  /** Limits every size of huge pages the kernel counts; `bytes` is asked by resource name. */
  const putHugepages = (path: string, bytes: (name: string) => number | 'max') => {
    const directory = directoryOf('hugetlb', path)
    for (const { file, resource } of hugepageFiles(directory, unified)) put(directory, file, unlimited(bytes(resource)))
  }
  const unlimited = (bytes: number | 'max') => (bytes === 'max' && !unified ? HUGEPAGES_UNBOUNDED : bytes)

  function makeUnified(path: string): void {
    let at = mountPoint
    for (const part of path.split('/').filter((p) => p !== '')) {
      enableControllers(at)
      at = join(at, part)
      mkdirSync(at, { recursive: true })
    }
    enableControllers(at)
  }

  return {
    parentOf,
    limitNode({ milliCpu, memoryBytes, pids, hugepages }) {
      make(base)
      putShares(base, cpuShares(milliCpu))
      putHugepages(base, (name) => hugepages[name] ?? 0)
      if (pids !== undefined) put(directoryOf('pids', base), 'pids.max', pids)
      for (const path of classes) {
        make(path)
        putHugepages(path, () => 'max')
      }
      putShares(join(base, 'besteffort'), SHARES_MIN)
      // last: it is refused while pods of an earlier life use more
      putMemory(base, memoryBytes)
    },
    share(pods) {
      const shares = burstableShares(pods)
      if (shares === shared) return
      putShares(join(base, 'burstable'), shares)
      shared = shares
    },
    create(pod) {
      const path = parentOf(pod)
      const { cpuShares: shares = SHARES_MIN, cpuQuota: quota, cpuPeriod: period = PERIOD_US, memoryLimitBytes } = podLimits(pod)
      make(path)
      putShares(path, shares)
      const cpu = directoryOf('cpu', path)
      if (quota !== undefined && unified) put(cpu, 'cpu.max', `${quota} ${period}`)
      else if (quota !== undefined) {
        put(cpu, 'cpu.cfs_period_us', period)
        put(cpu, 'cpu.cfs_quota_us', quota)
      }
      if (memoryLimitBytes !== undefined) putMemory(path, memoryLimitBytes)
      const requests = podRequests(pod)
      putHugepages(path, (name) => requests[name] ?? 0)
    },
    remove(pod) {
      const path = parentOf(pod)
      for (const controller of allControllers(mountPoint, unified)) removeTree(join(mountPoint, controller, path))
    },
    removeOthers(uids) {
      for (const controller of allControllers(mountPoint, unified)) {
        for (const qos of ['', 'burstable', 'besteffort']) {
          const directory = join(mountPoint, controller, base, qos)
          for (const entry of entries(directory))
            if (entry.startsWith('pod') && !uids.has(entry.slice(3))) removeTree(join(directory, entry))
        }
      }
    },
  }
}

/** For pods that are no processes. */
export const noCgroups: Cgroups = { limitNode() {}, share() {}, parentOf: () => '', create() {}, remove() {}, removeOthers() {} }

/** The limits of huge pages a group has, used and reserved ones alike: `hugetlb.2MB.max` limits the resource `hugepages-2Mi`. */
function hugepageFiles(directory: string, unified: boolean): readonly { readonly file: string; readonly resource: string }[] {
  const named = unified ? /^hugetlb\.(\d+[KMG])B\.(rsvd\.)?max$/ : /^hugetlb\.(\d+[KMG])B\.(rsvd\.)?limit_in_bytes$/
  return (existsSync(directory) ? readdirSync(directory) : []).flatMap((file) => {
    const size = named.exec(file)?.[1]
    return size === undefined ? [] : [{ file, resource: `hugepages-${size}i` }]
  })
}

/** The runtime makes the pod's group under every hierarchy, so all of them are cleared. */
function allControllers(mountPoint: string, unified: boolean): readonly string[] {
  return unified ? [''] : entries(mountPoint)
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
  } catch {
    return []
  }
}

/** Groups are removed from the leaves up; one that still holds a process stays, and goes the next time. */
function removeTree(directory: string): void {
  for (const child of entries(directory)) removeTree(join(directory, child))
  try {
    rmdirSync(directory)
  } catch {
    // gone already, or a last process is still leaving
  }
}

function enableControllers(directory: string): void {
  try {
    const there = readFileSync(join(directory, 'cgroup.controllers'), 'utf8').trim().split(/\s+/)
    for (const c of there)
      if (['cpu', 'memory', 'pids', 'cpuset', 'io', 'hugetlb'].includes(c))
        writeFileSync(join(directory, 'cgroup.subtree_control'), `+${c}`)
  } catch {
    // a group with processes of its own hands nothing down; the limits then stay at the containers
  }
}
