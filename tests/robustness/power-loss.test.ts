/** The power goes at any moment: what had been acknowledged is on the disk, whole and in order, whatever else got there. */

import { equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '#base/random.ts'
import { acknowledgedIn, checkFound, openFound, statesOf, type Found } from './disk-history.ts'
import { needsShim, readDiskLog, shimEnvironment, type DiskRecord } from './disk-shim.ts'
import { CUTS, PowerCuts } from './power-cut.ts'

const SEED = Number(process.env['K8TS_TEST_SEED'] ?? 1)
const LONG = process.env['K8TS_LONG'] === '1'
const LIVES = LONG ? 40 : 3
const IMAGES = LONG ? 500 : 80 // of each life
const COMMITS = 150
const LARGE = 60 // values of 120 KB: more than the free pages a store keeps
const EMPTY: Found = { revision: 1, compacted: 1, state: new Map() }

test(
  `nothing acknowledged is lost when the power goes (seed ${SEED})`,
  { skip: needsShim, timeout: LONG ? 7_200_000 : 120_000 },
  async () => {
    const base = mkdtempSync(join(tmpdir(), 'k8ts-power-'))
    try {
      const random = seededRandom(SEED)
      let directory = join(base, 'life-0')
      mkdirSync(directory)
      let before = EMPTY
      for (let life = 0; life < LIVES; life++) {
        const cuts = new PowerCuts(directory)
        const records = await live(directory, join(base, 'log'), SEED * 1000 + life, life % 3 === 1)
        const states = statesOf(records, before)
        ok(states.newest > before.revision + COMMITS / 2)
        const moments = chooseMoments(records, random)
        // the next life begins with what some power cut left of this one
        const heir = Math.floor(random.next() * moments.length)
        let next: { directory: string; found: Found } | undefined
        let acknowledged = before.revision
        let at = 0
        for (const [i, moment] of moments.entries()) {
          for (; at < moment; at++) {
            cuts.take(records[at]!)
            acknowledged = Math.max(acknowledged, acknowledgedIn(records[at]!))
          }
          const cut = CUTS[i % CUTS.length]!
          const image = join(base, 'image')
          cuts.image(image, cut, random)
          const kept = join(base, `life-${life + 1}`)
          if (i === heir) cpSync(image, kept, { recursive: true })
          try {
            const found = openFound(image)
            checkFound(found, states, acknowledged)
            if (i === heir) next = { directory: kept, found }
          } catch (error) {
            throw new Error(`life ${life}, power cut after ${moment} of ${records.length} requests to the disk, with ${cut} written`, {
              cause: error,
            })
          }
          rmSync(image, { recursive: true })
        }
        ok(next)
        rmSync(directory, { recursive: true })
        rmSync(join(base, 'log'))
        directory = next.directory
        before = next.found
      }
    } finally {
      rmSync(base, { recursive: true })
    }
  },
)

async function live(directory: string, log: string, seed: number, isLarge: boolean): Promise<readonly DiskRecord[]> {
  const words = [join(import.meta.dirname, 'disk-writer.ts'), directory, `${seed}`, `${COMMITS}`, ...(isLarge ? [`${LARGE}`] : [])]
  const writer = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], env: shimEnvironment({ root: directory, log }) })
  const [code] = (await once(writer, 'exit')) as [number | null]
  equal(code, 0)
  return readDiskLog(log)
}

/** Half of them anywhere, half beside what orders writes: syncs, truncations, names. In order. */
function chooseMoments(records: readonly DiskRecord[], random: { next(): number }): readonly number[] {
  const orderly = records.flatMap((r, i) => (r.type === 'write' || r.type === 'said' ? [] : [i, i + 1]))
  return Array.from({ length: IMAGES }, (_, i) =>
    i % 2 === 0 ? Math.floor(random.next() * (records.length + 1)) : orderly[Math.floor(random.next() * orderly.length)]!,
  ).toSorted((a, b) => a - b)
}
