/** What was asked of a store and what it answered, and whether what is found on the disk afterwards may follow from that. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { Engine } from '#store/sqlite/engine.ts'
import { Unpacker, type PackedEntry } from '#store/sqlite/protocol.ts'
import { openDatabase } from '#store/sqlite/schema.ts'
import type { Write } from '#store/store.ts'
import type { DiskRecord } from './disk-shim.ts'

export interface Commit {
  readonly revision: number
  /** `null`: deleted. */
  readonly writes: readonly (readonly [key: string, value: string | null])[]
}

/** Values stand in histories by their head and length. */
export function valueMark(value: Uint8Array): string {
  return `${Buffer.from(value.subarray(0, 24)).toString()}:${value.length}`
}

export function lineOf(word: 'asked' | 'done', revision: number, writes: readonly Write[]): string {
  return `${word} ${JSON.stringify({ revision, writes: writes.map((w) => [w.key, w.type === 'put' ? valueMark(w.value) : null]) } satisfies Commit)}`
}

export interface Found {
  readonly revision: number
  readonly compacted: number
  readonly state: ReadonlyMap<string, string>
}

/** Opens what lies in `directory` as a restarted server would and reads all of it. */
export function openFound(directory: string): Found {
  const database = openDatabase(directory)
  const engine = new Engine(database, [])
  try {
    const { integrity_check: integrity } = database.db.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
    equal(integrity, 'ok')
    const range = engine.range('/', undefined, undefined, 0, true)
    ok(range.type === 'entries')
    const values = new Unpacker(range.bytes)
    const state = new Map(range.entries.map((e: PackedEntry) => [e[0], `${e[2]} ${valueMark(values.value(e[5]))}`]))
    return { revision: engine.revision, compacted: engine.compacted, state }
  } finally {
    engine.close()
  }
}

/** The states a history goes through, by revision; commits must be given in order. */
export class States {
  readonly #commits: Commit[] = []
  readonly #start: ReadonlyMap<string, string>

  constructor(start: ReadonlyMap<string, string> = new Map()) {
    this.#start = start
  }

  add(commit: Commit): void {
    ok(commit.revision >= this.newest, `revision ${commit.revision} came after ${this.newest}`)
    this.#commits.push(commit)
  }

  get newest(): number {
    return this.#commits.at(-1)?.revision ?? 0
  }

  at(revision: number): ReadonlyMap<string, string> {
    const state = new Map(this.#start)
    for (const { revision: of, writes } of this.#commits) {
      if (of > revision) break
      for (const [key, value] of writes) {
        if (value === null) state.delete(key)
        else state.set(key, `${of} ${value}`)
      }
    }
    return state
  }
}

/** The states of a writer that was told of all its commits. One that changed nothing has the revision of the one before. */
export function statesOf(records: readonly DiskRecord[], before: Found): States {
  const states = new States(before.state)
  for (const commit of records.flatMap((r) => commitsIn(r)).toSorted((a, b) => a.revision - b.revision)) states.add(commit)
  return states
}

/** The newest revision acknowledged in a record; 0 for none. */
export function acknowledgedIn(record: DiskRecord): number {
  return Math.max(0, ...commitsIn(record).map((c) => c.revision))
}

export function commitsIn(record: DiskRecord, word: 'asked' | 'done' = 'done'): readonly Commit[] {
  if (record.type !== 'said') return []
  const head = `${word} `
  return record.text.split('\n').flatMap((line) => (line.startsWith(head) ? [JSON.parse(line.slice(head.length)) as Commit] : []))
}

/** `found` must be the state at its revision, and that none before `acknowledged`. */
export function checkFound(found: Found, states: States, acknowledged: number): void {
  ok(found.revision >= acknowledged, `revision ${acknowledged} was acknowledged, ${found.revision} is the newest found`)
  ok(found.compacted <= found.revision, `compacted at ${found.compacted}, beyond ${found.revision}`)
  deepEqual(sorted(found.state), sorted(states.at(found.revision)))
}

/** The same where some commits were refused: each of them, and no other, may have happened after all. */
export function checkFoundInDoubt(found: Found, states: States, inDoubt: readonly Commit[]): void {
  ok(found.revision >= states.newest, `revision ${states.newest} was acknowledged, ${found.revision} is the newest found`)
  const acknowledged = states.at(states.newest)
  for (const key of new Set([...acknowledged.keys(), ...found.state.keys()])) {
    if (found.state.get(key) === acknowledged.get(key)) continue
    const [revision, mark] = (found.state.get(key) ?? '').split(/ (.*)/s)
    const writes = inDoubt.flatMap((c) => c.writes.filter((w) => w[0] === key))
    const isGone = revision === '' && writes.some((w) => w[1] === null)
    const isThere = Number(revision) > 0 && writes.some((w) => w[1] === mark)
    ok(isGone || isThere, `${key} is ${found.state.get(key)}, and was acknowledged as ${acknowledged.get(key)}`)
  }
}

function sorted(state: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...state].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
