/** A process that goes through the store's whole life on a directory, and says each commit it was told of on standard output. */

import { writeSync } from 'node:fs'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { StoreUnavailable, type Write } from '#store/store.ts'
import { lineOf } from './disk-history.ts'

const [directory, seed, commits, large] = process.argv.slice(2) as [string, string, string, string]
const random = seededRandom(Number(seed))
const CLIENTS = 4
const KEYS = 12
const LARGE_BYTES = 120_000

const say = (line: string) => writeSync(1, `${line}\n`)
const store = await openSqliteStore({
  directory,
  clock: new VirtualClock(),
  log: silentLog,
  historyRevisionsMax: 60,
  faults: { checkpointPages: 40 },
}).catch((error: unknown) => {
  said(error)
  process.exit()
})

let left = Number(commits)
let written = 0
async function write(client: number): Promise<void> {
  while (left-- > 0) {
    const key = `/k/${client}-${Math.floor(random.next() * KEYS)}`
    const value = `${seed}:${client}:${written++}:${'x'.repeat(Math.floor(random.next() ** 2 * 6000))}`
    const writes: Write[] =
      random.next() < 0.25
        ? [{ type: 'delete', key }]
        : [
            { type: 'put', key, value: Buffer.from(value) },
            { type: 'put', key: `/k/pair-${client}`, value: Buffer.from(value) },
          ]
    await commit(writes)
  }
}

async function commit(writes: readonly Write[]): Promise<void> {
  say(lineOf('asked', 0, writes))
  try {
    const { revision } = await store.commit({ expect: [], writes })
    say(lineOf('done', revision, writes))
  } catch (error) {
    said(error)
  }
}

/** A disk may fail by intent; anything else ends the process. */
function said(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error
  say(`failed ${error.reason}`)
}

async function live(): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => write(client)))
  if (large !== undefined) {
    // enough pages come free that some are given back to the file system
    const keys = Array.from({ length: Number(large) }, (_, i) => `/large/${i}`)
    for (const key of keys) await commit([{ type: 'put', key, value: Buffer.alloc(LARGE_BYTES, 'y') }])
    await commit(keys.map((key) => ({ type: 'delete', key })))
    await store.compact(await store.revision())
  }
  let snapshotBytes = 0
  for await (const chunk of store.snapshot()) snapshotBytes += chunk.length
  say(`snapshot ${snapshotBytes}`)
  left = Math.ceil(Number(commits) / 10)
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => write(client)))
}

await live().catch(said)
await Promise.resolve(store[Symbol.asyncDispose]()).catch(said)
