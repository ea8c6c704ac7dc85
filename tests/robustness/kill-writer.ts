/** A process that writes until it is killed, by others or by itself at a failpoint: says each acknowledged write on standard output. */

import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import type { Failpoint } from '#store/sqlite/failpoints.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { StoreUnavailable } from '#store/store.ts'
import { KEYS, LEASES } from './kill-plan.ts'

const [directory, seed, point, time] = process.argv.slice(2) as [string, string, Failpoint?, string?]
const random = seededRandom(Number(seed))
const store = await openSqliteStore({
  directory,
  clock: systemClock,
  log: silentLog,
  historyRevisionsMax: 300,
  volatilePrefixes: [LEASES],
  faults: { checkpointPages: 100, ...(point && { killAt: { point, time: Number(time) } }) },
})
process.stdout.write(`opened ${await store.revision()}\n`)

const LARGE_VALUES = 60
const LARGE_BYTES = 120_000
let written = 0
async function write(client: number): Promise<void> {
  for (;;) {
    const key = `${random.next() < 0.2 ? LEASES : KEYS}${client}-${Math.floor(random.next() * 10)}`
    const value = `${seed}:${client}:${written++}:${'x'.repeat(Math.floor(random.next() * 3000))}`
    const gone = random.next() < 0.2
    // a pair that must appear together or not at all
    const pair = `${KEYS}pair-${client}`
    const writes = gone
      ? [{ type: 'delete', key } as const]
      : [
          { type: 'put', key, value: Buffer.from(value) } as const,
          { type: 'put', key: `${pair}-a`, value: Buffer.from(value) } as const,
          { type: 'put', key: `${pair}-b`, value: Buffer.from(value) } as const,
        ]
    const result = await store.commit({ expect: [], writes })
    if (result.ok) process.stdout.write(`${JSON.stringify({ revision: result.revision, client, key, value: gone ? null : value })}\n`)
  }
}

/** Leads to the failpoints that writing alone does not come by. */
async function leadTo(where: Failpoint): Promise<void> {
  if (where.endsWith('vacuum')) {
    // more pages come free than a store keeps
    const keys = Array.from({ length: LARGE_VALUES }, (_, i) => `/large/${i}`)
    for (const key of keys) await store.commit({ expect: [], writes: [{ type: 'put', key, value: Buffer.alloc(LARGE_BYTES, 'y') }] })
    await store.commit({ expect: [], writes: keys.map((key) => ({ type: 'delete', key })) })
    await store.compact(await store.revision())
  }
  while (where.endsWith('snapshot')) for await (const _ of store.snapshot());
  if (where.endsWith('checkpoint')) {
    await store.revision()
    await store[Symbol.asyncDispose]()
  }
}

const writing = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write)).catch((error: unknown) => {
  if (!(error instanceof StoreUnavailable && error.reason === 'closed')) throw error
})
if (point) await leadTo(point)
await writing
setInterval(() => {}, 1000) // the end comes from the store's thread
