/** A process whose syncs come to take a second each, while many write: says how many commits it was told of and in how many milliseconds. */

import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { setFault } from './disk-control.ts'

const CLIENTS = 32
const ROUNDS = 2

await using store = await openSqliteStore({ directory: process.argv[2]!, clock: systemClock, log: silentLog })
setFault('delay:1000:0:0')
const start = performance.now()
let told = 0
await Promise.all(
  Array.from({ length: CLIENTS }, async (_, client) => {
    for (let round = 0; round < ROUNDS; round++) {
      const value = Buffer.from(`${round}`)
      const { ok } = await store.commit({ expect: [], writes: [{ type: 'put', key: `/k/${client}`, value }] })
      if (ok) told++
    }
  }),
)
const ms = performance.now() - start
setFault('delay:0:0:0')
process.stdout.write(JSON.stringify({ told, ms }))
