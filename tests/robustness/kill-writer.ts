/** A process that writes until it is killed: says each acknowledged write on standard output. */

import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { KEYS, LEASES } from './kill-plan.ts'

const [directory, seed] = process.argv.slice(2) as [string, string]
const random = seededRandom(Number(seed))
const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog, historyRevisionsMax: 300, volatilePrefixes: [LEASES] })
process.stdout.write(`opened ${await store.revision()}\n`)

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

await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write))
