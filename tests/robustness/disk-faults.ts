/**
 * A process whose disk fails at one write after the other: for each, a small workload on a fresh directory, then the disk is well again
 * and what lies there is checked. Says in the end how many faults there were; anything wrong ends it with an error.
 */

import { ok } from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Engine } from '#store/sqlite/engine.ts'
import { Packer } from '#store/sqlite/protocol.ts'
import { openDatabase } from '#store/sqlite/schema.ts'
import { StoreUnavailable } from '#store/store.ts'
import { setFault } from './disk-control.ts'
import { checkFoundInDoubt, openFound, States, valueMark, type Commit } from './disk-history.ts'

const base = process.argv[2]!
const COMMITS = 14
const COMMITS_AFTER = 3
const CHECKPOINT_PAGES = 8 // so that the database file is written, too
const FAULTS = [
  { name: 'ENOSPC', errno: 28, times: 2, reason: 'no-space' },
  { name: 'EIO', errno: 5, times: 1, reason: 'input-output' },
] as const

const counts = { faults: 0, told: 0 }
for (const { name, errno, times, reason } of FAULTS)
  for (let n = 1, happened = true; happened; n++) {
    const directory = join(base, `${name}-${n}`)
    mkdirSync(directory)
    setFault(`write:${n}:${errno}:${times}`)
    const life: Life = { states: new States(), inDoubt: [], refused: 0 }
    try {
      const mend = () => (happened = setFault('none'))
      live(directory, reason, life, mend)
      checkFoundInDoubt(openFound(directory), life.states, life.inDoubt)
    } catch (error) {
      throw new Error(`${name} at write ${n}`, { cause: error })
    }
    if (happened) counts.faults++
    if (life.refused > 0) counts.told++
    rmSync(directory, { recursive: true })
  }
process.stdout.write(`${JSON.stringify(counts)}\n`)

interface Life {
  readonly states: States
  readonly inDoubt: Commit[]
  refused: number
}

function live(directory: string, reason: string, life: Life, mend: () => void): void {
  const attempt = (work: () => void): boolean => {
    try {
      work()
      return true
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      ok(error.reason === reason, `${error.reason}, not ${reason}: ${error.message}`)
      life.refused++
      return false
    }
  }
  let opened: Engine | undefined
  attempt(() => (opened = new Engine(openDatabase(directory, { checkpointPages: CHECKPOINT_PAGES }), [])))
  if (opened === undefined) return mend()
  const engine = opened
  let isStopped = false
  const commit = (i: number): boolean => {
    const value = Buffer.from(`${i}:${'x'.repeat((i * 977) % 6000)}`)
    const packer = new Packer()
    const keys = [`/k/${i % 5}`, '/k/all']
    const writes = keys.map((key) => [key, packer.value(value), undefined] as const)
    const asked = keys.map((key) => [key, valueMark(value)] as const)
    const went = attempt(() => {
      const reply = engine.commitAll([{ expect: [], writes }], packer.bytes(), 1000 * i)
      ok(reply.type === 'results')
      ok(!isStopped, 'a write was acknowledged after the disk had failed')
      life.states.add({ revision: reply.results[0]!.revision, writes: asked })
    })
    if (!went) {
      life.inDoubt.push({ revision: 0, writes: asked })
      isStopped = reason === 'input-output'
      ok(engine.range('/', undefined, undefined, 0, true).type === 'entries', 'reads go on')
    }
    return went
  }
  for (let i = 0; i < COMMITS; i++) {
    commit(i)
    if (i === COMMITS / 2) attempt(() => void engine.compact(engine.revision))
    if (i > COMMITS / 2) attempt(() => void engine.sweep())
  }
  mend()
  let went = false
  for (let i = COMMITS; i < COMMITS + COMMITS_AFTER; i++) went = commit(i)
  if (reason === 'no-space') ok(went, 'no write goes through although there is room again')
  engine.close()
}
