/** A disk that refuses: every write in turn finds it full or broken, a sync fails once, a sync takes a second. */

import { equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { seededRandom } from '#base/random.ts'
import { checkFoundInDoubt, commitsIn, openFound, statesOf } from './disk-history.ts'
import { needsShim, readDiskLog, shimEnvironment, type DiskRecord } from './disk-shim.ts'
import { PowerCuts } from './power-cut.ts'

const SEED = Number(process.env['K8TS_TEST_SEED'] ?? 1)
const LONG = process.env['K8TS_LONG'] === '1'
const SYNCS = LONG ? 200 : 16
const COMMITS = 60
const file = (name: string) => join(import.meta.dirname, name)

test('whichever write finds the disk full or broken, nothing acknowledged is lost', { skip: needsShim, timeout: 120_000 }, async () => {
  const base = mkdtempSync(join(tmpdir(), 'k8ts-faults-'))
  try {
    const { code, out, err } = await runProgram(
      process.execPath,
      [file('disk-faults.ts'), base],
      shimEnvironment({ root: base, log: '/dev/null' }),
    )
    equal(err, '')
    equal(code, 0)
    const { faults, told } = JSON.parse(out) as { faults: number; told: number }
    ok(faults > 100 && told > 50, out)
  } finally {
    rmSync(base, { recursive: true })
  }
})

test(
  `after one failed sync nothing more is acknowledged, and what had been is on the disk (seed ${SEED})`,
  { skip: needsShim, timeout: LONG ? 3_600_000 : 120_000 },
  async () => {
    const base = mkdtempSync(join(tmpdir(), 'k8ts-faults-'))
    const random = seededRandom(SEED)
    const stopped: number[] = []
    try {
      for (let i = 0; i < SYNCS; i++) {
        const n = 1 + Math.floor(random.next() * COMMITS)
        const directory = join(base, `${i}`)
        mkdirSync(directory)
        const cuts = new PowerCuts(directory)
        const records = await write(directory, join(base, `log-${i}`), `sync:${n}:5:1`)
        const words = records.flatMap((r) => (r.type === 'said' ? r.text.trim().split('\n') : [])).map((line) => line.split(' ')[0]!)
        const failed = words.indexOf('failed')
        if (failed >= 0) stopped.push(n)
        equal(failed >= 0 && words.slice(failed).includes('done'), false, `a write was acknowledged after sync ${n} had failed`)
        const states = statesOf(records, { revision: 1, compacted: 1, state: new Map() })
        for (const record of records) cuts.take(record)
        for (const cut of ['nothing', 'pages', 'sectors'] as const) {
          const image = join(base, `image-${i}-${cut}`)
          cuts.image(image, cut, random)
          checkFoundInDoubt(
            openFound(image),
            states,
            records.flatMap((r) => commitsIn(r, 'asked')),
          )
        }
      }
      ok(stopped.length > SYNCS / 3, `of ${SYNCS} failed syncs ${stopped.length} were told`)
    } finally {
      rmSync(base, { recursive: true })
    }
  },
)

test('syncs that take a second are waited for by all writers together', { skip: needsShim, timeout: 60_000 }, async () => {
  const base = mkdtempSync(join(tmpdir(), 'k8ts-faults-'))
  try {
    const { out, err } = await runProgram(process.execPath, [file('slow-sync.ts'), base], shimEnvironment({ root: base }))
    equal(err, '')
    const { told, ms } = JSON.parse(out) as { told: number; ms: number }
    equal(told, 64)
    // two rounds; one more sync for a batch that began with the first of them
    ok(ms > 2000 && ms < 5000, `${ms} ms`)
  } finally {
    rmSync(base, { recursive: true })
  }
})

async function write(root: string, log: string, fault: string): Promise<readonly DiskRecord[]> {
  const env = shimEnvironment({ root, log, fault })
  const writer = spawn(process.execPath, [file('disk-writer.ts'), root, `${SEED}`, `${COMMITS}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
  const [code] = (await once(writer, 'exit')) as [number | null]
  equal(code, 0)
  return readDiskLog(log)
}
