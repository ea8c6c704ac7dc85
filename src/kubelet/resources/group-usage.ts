/** What a group of processes uses, as the kernel counts it, on cgroup v1 and v2. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface GroupUsage {
  readonly cpuNanoseconds: number
  readonly userNanoseconds: number
  readonly systemNanoseconds: number
  readonly periods: number
  readonly throttledPeriods: number
  readonly throttledNanoseconds: number
  readonly usageBytes: number
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly cacheBytes: number
  readonly swapBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  /** Absent without a limit. */
  readonly limitBytes?: number
  readonly cpuShares?: number
  readonly cpuQuota?: number
  readonly cpuPeriod?: number
  readonly processes: number
}

export interface InterfaceUsage {
  readonly name: string
  readonly rxBytes: number
  readonly rxPackets: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly txBytes: number
  readonly txPackets: number
  readonly txErrors: number
  readonly txDropped: number
}

export interface UsageReader {
  /** Undefined when there is no such group. */
  group(path: string): GroupUsage | undefined
  /** The network of the processes of a group or of one below it; of this process without a path. */
  network(path?: string): readonly InterfaceUsage[]
}

const UNLIMITED = 2 ** 62 // version 1 says so with a number somewhat above

export function usageReader({ mountPoint = '/sys/fs/cgroup', proc = '/proc' } = {}): UsageReader {
  const unified = existsSync(join(mountPoint, 'cgroup.controllers'))
  const file = (controller: string, path: string, name: string) => read(join(mountPoint, unified ? '' : controller, path, name))
  const number = (controller: string, path: string, name: string) => Number(file(controller, path, name)) || 0
  const table = (controller: string, path: string, name: string) =>
    new Map(lines(file(controller, path, name)).map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
  const bounded = (text: string) => (text === '' || text === 'max' || Number(text) >= UNLIMITED ? undefined : Number(text))

  function unifiedGroup(path: string): GroupUsage {
    const cpu = table('', path, 'cpu.stat')
    const memory = table('', path, 'memory.stat')
    const current = file('', path, 'memory.current')
    const usageBytes = current === '' ? machineMemory(proc) : Number(current) // the topmost group has no such file
    const [quota, period] = file('', path, 'cpu.max').split(' ')
    const limitBytes = bounded(file('', path, 'memory.max'))
    return {
      cpuNanoseconds: (cpu.get('usage_usec') ?? 0) * 1000,
      userNanoseconds: (cpu.get('user_usec') ?? 0) * 1000,
      systemNanoseconds: (cpu.get('system_usec') ?? 0) * 1000,
      periods: cpu.get('nr_periods') ?? 0,
      throttledPeriods: cpu.get('nr_throttled') ?? 0,
      throttledNanoseconds: (cpu.get('throttled_usec') ?? 0) * 1000,
      usageBytes,
      workingSetBytes: Math.max(0, usageBytes - (memory.get('inactive_file') ?? 0)),
      rssBytes: memory.get('anon') ?? 0,
      cacheBytes: memory.get('file') ?? 0,
      swapBytes: number('', path, 'memory.swap.current'),
      pageFaults: memory.get('pgfault') ?? 0,
      majorPageFaults: memory.get('pgmajfault') ?? 0,
      ...(limitBytes !== undefined && { limitBytes }),
      ...(quota !== undefined && quota !== 'max' && quota !== '' && { cpuQuota: Number(quota), cpuPeriod: Number(period) }),
      processes: number('', path, 'pids.current'),
    }
  }

  function dividedGroup(path: string): GroupUsage {
    const cpu = table('cpu', path, 'cpu.stat')
    const memory = table('memory', path, 'memory.stat')
    const usageBytes = number('memory', path, 'memory.usage_in_bytes')
    const limitBytes = bounded(file('memory', path, 'memory.limit_in_bytes'))
    const quota = number('cpu', path, 'cpu.cfs_quota_us')
    const shares = number('cpu', path, 'cpu.shares')
    return {
      cpuNanoseconds: number('cpuacct', path, 'cpuacct.usage'),
      userNanoseconds: number('cpuacct', path, 'cpuacct.usage_user'),
      systemNanoseconds: number('cpuacct', path, 'cpuacct.usage_sys'),
      periods: cpu.get('nr_periods') ?? 0,
      throttledPeriods: cpu.get('nr_throttled') ?? 0,
      throttledNanoseconds: cpu.get('throttled_time') ?? 0,
      usageBytes,
      workingSetBytes: Math.max(0, usageBytes - (memory.get('total_inactive_file') ?? 0)),
      rssBytes: memory.get('total_rss') ?? 0,
      cacheBytes: memory.get('total_cache') ?? 0,
      swapBytes: memory.get('total_swap') ?? 0,
      pageFaults: memory.get('total_pgfault') ?? 0,
      majorPageFaults: memory.get('total_pgmajfault') ?? 0,
      ...(limitBytes !== undefined && { limitBytes }),
      ...(shares > 0 && { cpuShares: shares }),
      ...(quota > 0 && { cpuQuota: quota, cpuPeriod: number('cpu', path, 'cpu.cfs_period_us') }),
      processes: number('pids', path, 'pids.current'),
    }
  }

  /** Any process of the group or of one below it. */
  function processOf(directory: string): string | undefined {
    const own = lines(read(join(directory, 'cgroup.procs')))[0]
    if (own !== undefined) return own
    for (const child of directories(directory)) {
      const found = processOf(join(directory, child))
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    group(path) {
      if (!existsSync(join(mountPoint, unified ? '' : 'memory', path))) return undefined
      return unified ? unifiedGroup(path) : dividedGroup(path)
    },
    network(path) {
      const pid = path === undefined ? 'self' : processOf(join(mountPoint, unified ? '' : 'memory', path))
      return pid === undefined ? [] : parseInterfaces(read(join(proc, pid, 'net/dev')))
    },
  }
}

const IGNORED = /^(lo|veth|docker|nerdctl)/ // as upstream's reader leaves out

/** The kernel's table of interfaces, `/proc/net/dev`. */
export function parseInterfaces(text: string): readonly InterfaceUsage[] {
  return lines(text).flatMap((line) => {
    const [, name, numbers] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined || IGNORED.test(name)) return []
    const n = numbers!.trim().split(/\s+/).map(Number)
    const at = (index: number) => n[index] ?? 0
    return [
      {
        name,
        rxBytes: at(0),
        rxPackets: at(1),
        rxErrors: at(2),
        rxDropped: at(3),
        txBytes: at(8),
        txPackets: at(9),
        txErrors: at(10),
        txDropped: at(11),
      },
    ]
  })
}

function machineMemory(proc: string): number {
  const kilobytes = (name: string, text: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  const text = read(join(proc, 'meminfo'))
  return (kilobytes('MemTotal', text) - kilobytes('MemFree', text)) * 1024
}

/** Groups come and go while they are read: what is gone used nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function lines(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n')
}

function directories(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []))
  } catch {
    return []
  }
}
