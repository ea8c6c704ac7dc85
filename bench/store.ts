/** Durable writes of the SQLite store at 1, 16 and 64 clients, against the device's own fdatasync, and its reads. */

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import type { Store } from '#store/store.ts'

const VALUE_BYTES = 1024
const SECONDS = Number(process.argv[2] ?? 2)
const directory = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'k8ts-bench-'))

function percentile(sorted: readonly number[], of: number): string {
  return `${(sorted[Math.floor(sorted.length * of)]! * 1000).toFixed(0)} us`
}

function report(name: string, times: number[], seconds: number): void {
  times.sort((a, b) => a - b)
  console.log(
    `${name.padEnd(44)} ${(times.length / seconds).toFixed(0).padStart(8)}/s   p50 ${percentile(times, 0.5).padStart(9)}   p99 ${percentile(times, 0.99).padStart(9)}`,
  )
}

function fdatasyncs(): void {
  const file = openSync(join(directory, 'raw'), 'w')
  const times: number[] = []
  const start = performance.now()
  const bytes = Buffer.alloc(VALUE_BYTES, 1)
  while (performance.now() - start < SECONDS * 500) {
    const from = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - from)
  }
  closeSync(file)
  report('write and fdatasync of 1 KB', times, SECONDS / 2)
}

let keys = 0
async function creates(name: string, store: Store, clients: number): Promise<void> {
  const times: number[] = []
  const start = performance.now()
  const client = async () => {
    while (performance.now() - start < SECONDS * 1000) {
      const from = performance.now()
      const key = `/registry/configmaps/default/config-${keys++}`
      await store.commit({ expect: [{ key, modRevision: 0 }], writes: [{ type: 'put', key, value: Buffer.alloc(VALUE_BYTES, 1) }] })
      times.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  report(`${name}: creates of 1 KB, ${clients} clients`, times, SECONDS)
}

async function reads(name: string, store: Store): Promise<void> {
  const times: number[] = []
  const start = performance.now()
  for (let i = 0; performance.now() - start < 500; i++) {
    const from = performance.now()
    await store.get(`/registry/configmaps/default/config-${(i * 7919) % keys}`)
    times.push(performance.now() - from)
  }
  report(`${name}: get`, times, 0.5)
  const from = performance.now()
  const { entries } = await store.range('/registry/configmaps/', { limit: 10_000 })
  console.log(`${name}: range of ${entries.length} of ${keys} keys: ${(performance.now() - from).toFixed(0)} ms`)
}

try {
  fdatasyncs()
  {
    await using store = await openSqliteStore({ directory: join(directory, 'sqlite'), clock: systemClock, log: silentLog })
    for (const clients of [1, 16, 64]) await creates('sqlite', store, clients)
    await reads('sqlite', store)
  }
  {
    const from = performance.now()
    await using store = await openSqliteStore({ directory: join(directory, 'sqlite'), clock: systemClock, log: silentLog })
    console.log(`sqlite: opened with ${keys} keys in ${(performance.now() - from).toFixed(0)} ms, at revision ${await store.revision()}`)
  }
  {
    keys = 0
    await using store = openMemoryStore({ clock: systemClock })
    await creates('memory', store, 64)
    await reads('memory', store)
  }
  fdatasyncs()
} finally {
  rmSync(directory, { recursive: true })
}
