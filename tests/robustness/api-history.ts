/**
 * What clients asked of the API and saw, and whether one server that does one thing after the other could have given that. Revisions
 * say in which order; it is checked that real time agrees, that every read is of a moment within it, that each write met the version
 * it named, and that watches gave every change once and in order.
 */

import { deepEqual, ok } from 'node:assert/strict'

/** A version of an object; `value` tells which write made it, null that it was deleted. */
export interface Version {
  readonly revision: number
  readonly value: string | null
}

interface Timed {
  readonly client: number
  /** On the one clock of the test. */
  readonly start: number
  readonly end: number
}

export type Operation = Timed &
  (
    | {
        readonly type: 'write'
        readonly name: string
        readonly verb: 'create' | 'update' | 'patch' | 'delete'
        /** Marks the write; null for a deletion. */
        readonly value: string | null
        /** The version that must be there; undefined: any. */
        readonly expected: number | undefined
        /** `lost`: no answer came, it may have happened. A deletion does not say at which revision it happened: 0. */
        readonly outcome: 'done' | 'conflict' | 'exists' | 'absent' | 'lost'
        readonly revision: number
      }
    /** `fresh`: must be as new as anything acknowledged before; else it may be of the past. */
    | { readonly type: 'get'; readonly name: string; readonly fresh: boolean; readonly found: Version | undefined }
    | {
        readonly type: 'list'
        readonly fresh: boolean
        readonly revision: number
        readonly items: Readonly<Record<string, Version>>
      }
  )

export type Write = Extract<Operation, { type: 'write' }>

export interface Seen {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly name: string
  readonly revision: number
  /** Of a deletion: the last there was. */
  readonly value: string
}

/** What a watcher was given, over however many connections, from the state at `from` on. */
export interface Watched {
  readonly what: string
  readonly from: number
  /** Which objects it sees; all of them if undefined. */
  readonly selects?: (value: string) => boolean
  readonly events: readonly Seen[]
}

export interface History {
  readonly operations: readonly Operation[]
  /** The first has seen all from the beginning, when there was nothing, and all there is. */
  readonly watched: readonly [Watched, ...Watched[]]
}

/** Throws for what no correct server gives. */
export function checkHistory({ operations, watched }: History): void {
  const log = new ChangeLog(watched[0].events)
  const writes = operations.filter((o) => o.type === 'write')
  const dated = dateWrites(writes, log)
  for (const each of watched) checkWatched(each, log)
  checkRealTime(operations, dated, log)
  for (const write of writes) checkExpectation(write, log, dated)
}

type Change = { readonly name: string } & Version

/** All that happened, in order. */
class ChangeLog {
  readonly changes: readonly Change[]
  readonly #byName = new Map<string, Change[]>()

  constructor(events: readonly Seen[]) {
    this.changes = events.flatMap((e) =>
      e.type === 'BOOKMARK' ? [] : [{ name: e.name, revision: e.revision, value: e.type === 'DELETED' ? null : e.value }],
    )
    for (const change of this.changes) {
      const of = this.#byName.get(change.name)
      if (of) of.push(change)
      else this.#byName.set(change.name, [change])
    }
  }

  of(name: string): readonly Change[] {
    return this.#byName.get(name) ?? []
  }

  /** The version there was at `revision`; undefined for none. */
  at(name: string, revision: number): Change | undefined {
    const change = this.of(name).findLast((c) => c.revision <= revision)
    return change?.value === null ? undefined : change
  }

  stateAt(revision: number): Record<string, Version> {
    const state: Record<string, Version> = {}
    for (const name of this.#byName.keys()) {
      const there = this.at(name, revision)
      if (there) state[name] = { revision: there.revision, value: there.value }
    }
    return state
  }
}

/** Each write that happened, with its revision: those acknowledged all did, those refused did not. */
function dateWrites(writes: readonly Write[], log: ChangeLog): ReadonlyMap<Write, number> {
  const made = new Map(log.changes.filter((c) => c.value !== null).map((c) => [c.value, c]))
  ok(made.size === log.changes.filter((c) => c.value !== null).length, 'a value was written twice')
  const dated = new Map<Write, number>()
  const deletions: Write[] = []
  for (const write of writes) {
    if (write.verb === 'delete') {
      if (write.outcome === 'done' || write.outcome === 'lost') deletions.push(write)
      continue
    }
    const change = made.get(write.value)
    if (write.outcome === 'done') {
      ok(change, `lost: ${said(write)}`)
      ok(
        change.revision === write.revision && change.name === write.name,
        `acknowledged otherwise than it is: ${said(write)}, ${said(change)}`,
      )
    } else ok(!change || write.outcome === 'lost', `refused and yet there: ${said(write)}`)
    if (change) dated.set(write, change.revision)
    made.delete(write.value)
  }
  deepEqual([...made.values()], [], 'changes that nobody asked for')
  dateDeletions(deletions, log, dated)
  return dated
}

/** A deletion does not say at which revision it happened, but of which version: each version is deleted once. */
function dateDeletions(deletions: readonly Write[], log: ChangeLog, dated: Map<Write, number>): void {
  const left = new Set(log.changes.filter((c) => c.value === null))
  for (const write of deletions.toSorted((a, b) => Number(a.outcome === 'lost') - Number(b.outcome === 'lost'))) {
    ok(write.expected !== undefined, 'deletions name the version')
    const made = [...left].find((c) => c.name === write.name && log.at(c.name, c.revision - 1)?.revision === write.expected)
    if (made) {
      left.delete(made)
      dated.set(write, made.revision)
    } else ok(write.outcome === 'lost', `lost, or done twice: ${said(write)}`)
  }
  deepEqual([...left], [], 'deletions that nobody asked for')
}

/** Whatever was known when an operation began is older than what it did or saw. */
function checkRealTime(operations: readonly Operation[], dated: ReadonlyMap<Write, number>, log: ChangeLog): void {
  const begun = new Map([...dated].map(([write, revision]) => [revision, write.start]))
  // what is known at some time: the newest revision anybody had been told of
  const told = operations.flatMap((o) => {
    const revision =
      o.type === 'write'
        ? o.outcome === 'done'
          ? dated.get(o)!
          : 0
        : o.type === 'list'
          ? changeBy(log, o.revision)
          : (o.found?.revision ?? 0)
    return revision > 0 ? [{ at: o.end, revision }] : []
  })
  told.sort((a, b) => a.at - b.at)
  const order = operations.toSorted((a, b) => a.start - b.start)
  let known = 0
  let next = 0
  for (const o of order) {
    for (; next < told.length && told[next]!.at < o.start; next++) known = Math.max(known, told[next]!.revision)
    const notBefore = (revision: number, what: string) => {
      const start = begun.get(revision)
      ok(start === undefined || start <= o.end, `${what} of the future: ${said(o)}`)
    }
    if (o.type === 'write') {
      const revision = dated.get(o)
      // a write in doubt may have been done late, but not before it was asked for
      if (revision !== undefined && o.verb !== 'delete') ok(revision > known, `older than ${known}, which was known before: ${said(o)}`)
      if (o.outcome === 'exists') ok(couldBe(log, o.name, known, true, begun, o.end), `nothing existed: ${said(o)}`)
      if (o.outcome === 'absent') ok(couldBe(log, o.name, known, false, begun, o.end), `it was there: ${said(o)}`)
    } else if (o.type === 'get') {
      if (o.found) {
        const { revision, value } = o.found
        ok(
          log.of(o.name).some((c) => c.revision === revision && c.value === value),
          `never was: ${said(o)}`,
        )
        notBefore(revision, 'read')
        const overwritten = log.of(o.name).find((c) => c.revision > revision)
        if (o.fresh && overwritten) ok(overwritten.revision > known, `stale, ${known} was known: ${said(o)}, ${said(overwritten)}`)
      } else if (o.fresh) ok(couldBe(log, o.name, known, false, begun, o.end), `it was there: ${said(o)}`)
    } else {
      deepEqual(o.items, log.stateAt(o.revision), `the state at ${o.revision}`)
      if (o.fresh) ok(changeBy(log, o.revision) >= known, `stale list at ${o.revision}, ${known} was known`)
      for (const { revision } of Object.values(o.items)) notBefore(revision, 'listed')
    }
  }
}

/** The newest change up to `revision`, which may be one of other objects. */
function changeBy(log: ChangeLog, revision: number): number {
  return log.changes.findLast((c) => c.revision <= revision)?.revision ?? 0
}

/** Whether the object could be seen there (or absent) at some moment after `known` and before `end`. */
function couldBe(log: ChangeLog, name: string, known: number, there: boolean, begun: ReadonlyMap<number, number>, end: number): boolean {
  if ((log.at(name, known) !== undefined) === there) return true
  return log.of(name).some((c) => c.revision > known && (c.value !== null) === there && (begun.get(c.revision) ?? 0) <= end)
}

/** A write that named a version found it; one that was refused for it did not, or had lost to another begun before its end. */
function checkExpectation(write: Write, log: ChangeLog, dated: ReadonlyMap<Write, number>): void {
  const revision = dated.get(write)
  if (revision !== undefined) {
    const before = log.at(write.name, revision - 1)
    if (write.expected !== undefined)
      ok(before?.revision === write.expected, `overwrote ${before && said(before)}: ${said(write)} at ${revision}`)
    ok((before === undefined) === (write.verb === 'create'), `met ${before && said(before)}: ${said(write)}`)
  }
  if (write.outcome !== 'conflict' || write.expected === undefined) return
  const other = log.of(write.name).find((c) => c.revision > write.expected!)
  ok(other, `refused though nothing came between: ${said(write)}`)
  for (const [of, at] of dated) if (at === other.revision) ok(of.start <= write.end, `refused for what came later: ${said(write)}`)
}

function checkWatched({ what, from, selects = () => true, events }: Watched, log: ChangeLog): void {
  let last = from
  for (const e of events) {
    // a bookmark may tell the revision of the event before it
    ok(e.type === 'BOOKMARK' ? e.revision >= last : e.revision > last, `${what}: ${e.revision} after ${last}`)
    last = e.revision
  }
  const expected = log.changes.flatMap((c): Seen[] => {
    if (c.revision <= from) return []
    const before = log.at(c.name, c.revision - 1)
    const was = before !== undefined && selects(before.value!)
    const is = c.value !== null && selects(c.value)
    if (!was && !is) return []
    const type = !was ? 'ADDED' : !is ? 'DELETED' : 'MODIFIED'
    return [{ type, name: c.name, revision: c.revision, value: is ? c.value! : before!.value! }]
  })
  const given = events.filter((e) => e.type !== 'BOOKMARK')
  deepEqual(given, expected, what)
}

function said(what: object): string {
  return JSON.stringify(what)
}
