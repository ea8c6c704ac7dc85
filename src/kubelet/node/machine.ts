/** What the machine is: its size, names and versions. */

import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, hostname, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly hostname: string
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly operatingSystem: string
  readonly architecture: string
}

/** The real one; `directory` says whose disk counts. */
export function readMachine(directory: string): Machine {
  const text = (path: string) => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return ''
    }
  }
  const disk = statfsSync(directory)
  const machineId = text('/etc/machine-id')
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    hostname: hostname(),
    machineId,
    systemUuid: text('/sys/class/dmi/id/product_uuid') || machineId,
    bootId: text('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?/m.exec(text('/etc/os-release'))?.[1] ?? process.platform,
    operatingSystem: process.platform,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  }
}

/** A made-up machine for nodes that exist in memory only. */
export function simulatedMachine(name: string, size: { readonly cpus?: number; readonly memoryBytes?: number } = {}): Machine {
  return {
    cpus: size.cpus ?? 8,
    memoryBytes: size.memoryBytes ?? 32 * 2 ** 30,
    diskBytes: 100 * 2 ** 30,
    hostname: name,
    machineId: name,
    systemUuid: name,
    bootId: name,
    kernelVersion: 'simulated',
    osImage: 'simulated',
    operatingSystem: 'linux',
    architecture: 'amd64',
  }
}

/** How much memory could be handed out now. */
export function availableMemoryBytes(): number {
  const kilobytes = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(kilobytes ?? 0) * 1024
}
