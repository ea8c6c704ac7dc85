/** Durable creates in the SQLite store at 1 to 256 clients, beside etcd on the same disk and the device's own fdatasync; its reads. */

import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import type { Store } from '#store/store.ts'
import { needsEtcd, startEtcd } from '../tests/conformance/etcd-under-test.ts'
import { median, ms, percentile, perSecond, table, type Figure, type Measured } from './figures.ts'

const VALUE_BYTES = 1024
const CREATE_MS = 2000
const READ_MS = 500
const CLIENTS = [1, 16, 64, 256]

export async function benchStore(): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
  try {
    const disk = fdatasyncs(directory)
    const rows: string[][] = []
    const alone: number[] = []
    let read: readonly string[]
    {
      await using store = await openSqliteStore({ directory: join(directory, 'sqlite'), clock: systemClock, log: silentLog })
      const times = await createsOf(store)
      alone.push(...times[0]!)
      rows.push(row('SQLite', times))
      read = await readsOf(store, times.flat().length)
    }
    if (!needsEtcd) {
      await using etcd = await startEtcd()
      await using store = await openEtcdStore({ endpoints: etcd.endpoints, clock: systemClock, log: silentLog })
      const version = /etcd Version: (\S+)/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8' }))?.[1] ?? ''
      rows.push(row(`etcd ${version}`, await createsOf(store)))
    }
    {
      await using store = openMemoryStore({ clock: systemClock })
      rows.push(row('memory', await createsOf(store)))
    }
    const disks = [...disk, ...fdatasyncs(directory)]
    const figure: Figure = {
      what: 'the store by itself, one client, durable create of 1 KB',
      measured: `${ms(median(alone))} against ${ms(median(disks))} for fdatasync of 1 KB`,
      budget: 'within 2x of fdatasync',
      met: median(alone) <= 2 * median(disks),
    }
    return { figures: [figure], section: sectionOf(rows, read) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Milliseconds each. */
function fdatasyncs(directory: string): readonly number[] {
  const file = openSync(join(directory, 'raw'), 'w')
  const times: number[] = []
  const bytes = Buffer.alloc(VALUE_BYTES, 1)
  for (const start = performance.now(); performance.now() - start < CREATE_MS / 2;) {
    const from = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - from)
  }
  closeSync(file)
  return times
}

async function createsOf(store: Store): Promise<readonly (readonly number[])[]> {
  const all: number[][] = []
  let keys = 0
  for (const clients of CLIENTS) {
    const times: number[] = []
    const start = performance.now()
    const client = async () => {
      while (performance.now() - start < CREATE_MS) {
        const from = performance.now()
        const key = nameOf(keys++)
        await store.commit({ expect: [{ key, modRevision: 0 }], writes: [{ type: 'put', key, value: Buffer.alloc(VALUE_BYTES, 1) }] })
        times.push(performance.now() - from)
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    all.push(times)
  }
  return all
}

async function readsOf(store: Store, keys: number): Promise<readonly string[]> {
  const times: number[] = []
  const start = performance.now()
  for (let i = 0; performance.now() - start < READ_MS; i++) {
    const from = performance.now()
    await store.get(nameOf((i * 7919) % keys))
    times.push(performance.now() - from)
  }
  const from = performance.now()
  const { entries } = await store.range('/registry/configmaps/', { limit: 10_000 })
  return [
    `get ${ms(median(times))}, p99 ${ms(percentile(times, 0.99))}`,
    `range of ${entries.length} of ${keys} keys ${ms(performance.now() - from)}`,
  ]
}

const nameOf = (i: number) => `/registry/configmaps/default/config-${i}`

function row(name: string, all: readonly (readonly number[])[]): string[] {
  return [name, ...all.map((times) => `${perSecond((times.length / CREATE_MS) * 1000)}, p99 ${ms(percentile(times, 0.99))}`)]
}

function sectionOf(rows: readonly (readonly string[])[], read: readonly string[]): string {
  return `## Durable creates in the store

\`bench/store.ts\`: creates of 1 KB in the store by itself, all on one disk. etcd runs as one member with its own settings and is driven by
our driver, which shares the cores with it; memory is durable for nobody and shows what the rest costs.

${table(['store', ...CLIENTS.map((n) => `${n} client${n === 1 ? '' : 's'}`)], rows)}

SQLite reads: ${read.join('; ')}.
`
}
