/** What the machine is: its size, names and versions. */

import { existsSync, readFileSync, readdirSync, statfsSync } from 'node:fs'
import { availableParallelism, hostname, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Instant } from '#base/clock.ts'

export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  /** How many processes the kernel allows. */
  readonly pids?: number
  /** Bytes set aside in huge pages, by resource name (`hugepages-2Mi`), for every size there is. */
  readonly hugepages?: Readonly<Record<string, number>>
  /** When the machine was started. */
  readonly startedAt: Instant
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
    pids: Math.min(...['pid_max', 'threads-max'].map((name) => Number(text(`/proc/sys/kernel/${name}`)) || PIDS_UNKNOWN)),
    hugepages: readHugepages(),
    startedAt: Number(/^btime (\d+)/m.exec(text('/proc/stat'))?.[1] ?? 0) * 1000,
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

const PIDS_UNKNOWN = 2 ** 15 // the kernel's own default
const HUGEPAGES_DIRECTORY = '/sys/kernel/mm/hugepages'

function readHugepages(): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {}
  for (const entry of existsSync(HUGEPAGES_DIRECTORY) ? readdirSync(HUGEPAGES_DIRECTORY) : []) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(entry)?.[1])
    if (!kilobytes) continue
    const count = Number(readFileSync(join(HUGEPAGES_DIRECTORY, entry, 'nr_hugepages'), 'utf8'))
    sizes[`hugepages-${binaryQuantity(kilobytes * 1024)}`] = count * kilobytes * 1024
  }
  return sizes
}

/** Bytes in the largest binary unit that keeps them whole. */
export function binaryQuantity(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti']
  let unit = 0
  while (bytes > 0 && bytes % 1024 === 0 && unit < units.length - 1) {
    bytes /= 1024
    unit++
  }
  return `${bytes}${units[unit]}`
}

/** A made-up machine for nodes that exist in memory only. */
export function simulatedMachine(name: string, size: { readonly cpus?: number; readonly memoryBytes?: number } = {}): Machine {
  return {
    cpus: size.cpus ?? 8,
    memoryBytes: size.memoryBytes ?? 32 * 2 ** 30,
    diskBytes: 100 * 2 ** 30,
    startedAt: 0,
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
